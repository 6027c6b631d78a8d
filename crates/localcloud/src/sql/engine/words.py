"""The words of statements about the catalog, one after the other."""

import fnmatch
import re

import sqlglot
from errors import syntax


class Words:
    """The words of a statement, from the first on."""

    def __init__(self, text):
        self.text = text
        # sqlglot takes what follows some first words, SHOW for example, as one text: they are hidden from it.
        first = re.match(r"\s*(\w+)", text)
        hidden = text[: first.start(1)] + "x" * len(first[1]) + text[first.end() :] if first else text
        self.all = [one for one in sqlglot.tokenize(hidden, read="databricks") if one.token_type.name != "SEMICOLON"]
        self.first = first[1].upper() if first else ""
        self.at = 0

    def peek(self):
        return self.upper(self.at)

    def upper(self, at):
        if at >= len(self.all):
            return ""
        return self.first if at == 0 and self.first else self.all[at].text.upper()

    def take(self, *words):
        """Whether these words come next; they are taken."""
        for ahead, word in enumerate(words):
            if self.upper(self.at + ahead) != word:
                return False
        self.at += len(words)
        return True

    def one(self):
        if self.at >= len(self.all):
            raise syntax(self.text, len(self.text.rstrip()), "end of input")
        token = self.all[self.at]
        self.at += 1
        return token.text

    def name(self):
        """A name of one or more parts."""
        parts = [self.one()]
        while self.take("."):
            parts.append(self.one())
        return [part.lower() for part in parts]

    def rest(self):
        self.at = len(self.all)

    def end(self):
        """Refuses what is left."""
        if self.at < len(self.all):
            token = self.all[self.at]
            raise syntax(self.text, token.start, f"'{token.text}'")


def pattern(words):
    """Whether names are like what the statement says: `LIKE 'a*|b'`, or without the word."""
    words.take("LIKE")
    if not words.peek():
        return lambda name: True
    wanted = words.one().lower().split("|")
    return lambda name: any(fnmatch.fnmatchcase(name.lower(), one.replace("%", "*")) for one in wanted)
