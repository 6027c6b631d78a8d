"""Errors in the words of Databricks: condition, message, SQLSTATE.
<https://docs.databricks.com/aws/en/error-messages/error-classes>"""

import re


class Refused(Exception):
    """A statement that fails, with the code that the Statement Execution API gives beside."""

    def __init__(self, condition, message, sql_state, code="BAD_REQUEST", at=""):
        super().__init__(f"[{condition}] {message} SQLSTATE: {sql_state}{at}")
        self.code = code
        self.sql_state = sql_state


class Canceled(Exception):
    """A statement that was canceled."""


class Failed(Exception):
    """A statement that fails by a limit of the API, and by no condition of SQL."""

    code = "RESOURCE_EXHAUSTED"
    sql_state = None


def quoted(name):
    """A name of one or more parts, as messages write it."""
    return ".".join(f"`{part}`" for part in name.strip('"').replace('"."', ".").split("."))


def position(text, offset):
    """The line of a place, from 1 on, and where in it, from 0 on."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1)


def parsed_until(text, offset):
    """Where a statement stops to be one, as syntax errors end: the place, and the statement with a mark."""
    line, pos = position(text, offset)
    lines = text.split("\n")
    shown = "\n".join(lines[:line] + ["-" * pos + "^^^"] + lines[line:])
    return f" (line {line}, pos {pos})\n\n== SQL ==\n{shown}"


def syntax(text, offset, near):
    """A syntax error at a place of the statement."""
    what = f"Syntax error at or near {near}." if near else "Syntax error, unexpected end of statement."
    return Refused("PARSE_SYNTAX_ERROR", what, "42601", at=parsed_until(text, offset))


def before(text, end):
    """What of a text stands before the last of some words."""
    return text.rpartition(end)[0] or text


def place(order, name):
    """Where a name stands in the statement: `; line 1 pos 14`."""
    text = order["statement"]
    found = re.search(rf"(?<![\w`]){re.escape(name)}\b", text, re.IGNORECASE) or re.search(re.escape(name), text, re.IGNORECASE)
    if not found:
        return ""
    line, pos = position(text, found.start())
    return f"; line {line} pos {pos}"


def missing_table(name, order):
    return Refused(
        "TABLE_OR_VIEW_NOT_FOUND",
        f"The table or view {quoted(name)} cannot be found. Verify the spelling and correctness of the schema and catalog.\n"
        "If you did not qualify the name with a schema, verify the current_schema() output, or qualify the name with the correct "
        "schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.",
        "42P01",
        at=place(order, name.split(".")[-1]),
    )


def missing_schema(name):
    words = "Verify the spelling and correctness of the schema and catalog."
    message = f"The schema {quoted(name)} cannot be found. {words}"
    return Refused("SCHEMA_NOT_FOUND", message, "42704")


def missing_catalog(name):
    message = f"Catalog '{name}' was not found. Please verify that the catalog exists."
    return Refused("NO_SUCH_CATALOG_EXCEPTION", message, "42704")


def unbound(name, order):
    message = (
        f"Found the unbound parameter: {name}. Please, fix `args` and provide a mapping of the parameter to either a SQL literal or "
        "collection constructor functions such as `map()`, `array()`, `struct()`."
    )
    return Refused("UNBOUND_SQL_PARAMETER", message, "42P02", at=place(order, f":{name}"))


def internal(error):
    """A fault of the engine's own."""
    words = f"The local cloud's engine: {type(error).__name__}: {error}"
    return Refused("INTERNAL_ERROR", words, "XX000", "INTERNAL_ERROR")
