"""What of a statement Spark is given otherwise than it was written: names of tables, which have a catalog, and a few words more. Spark's parser
says where they stand; the rest is not touched."""

import re
from bisect import bisect_right

import values
from errors import unbound
from on_spark import types

PART = re.compile(r"`((?:[^`]|``)*)`|([^`.\s]+)")
# Functions that tell who and where one is, which Spark does not know.
TOLD = {
    "current_catalog": lambda session: session.catalog,
    "current_database": lambda session: session.schema,
    "current_metastore": lambda session: session.catalog,
    "current_schema": lambda session: session.schema,
    "current_user": lambda session: session.user,
    "current_version": lambda _: "localcloud",
    "session_user": lambda session: session.user,
    "user": lambda session: session.user,
    "version": lambda _: "localcloud",
}


def parts_of(text):
    """The parts of a name."""
    return [found[1].replace("``", "`") if found[1] is not None else found[2] for found in PART.finditer(text)]


def quoted(*parts):
    """A name as Spark reads it."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


class Statement:
    """A statement as Spark is given it, with its parameters."""

    def __init__(self, spark, session, databases):
        self.spark, self.session, self.databases = spark, session, databases
        self.written = session.order["statement"]
        self.given = {one["name"]: one for one in session.order["parameters"]}
        self.parameters = {}
        self.edits = {}
        # CREATE OR REPLACE TABLE: what is made, and what it is to replace. Spark has that for other tables alone.
        self.replaced = None
        self.tree, self.parser = self.parsed()
        # A statement that is none is Spark's to refuse.
        if self.parser.getNumberOfSyntaxErrors() == 0:
            self.rewrite()
        self.join()

    def parsed(self):
        jvm = self.spark._jvm
        antlr, of_spark = jvm.org.antlr.v4.runtime, jvm.org.apache.spark.sql.catalyst.parser
        lexer = of_spark.SqlBaseLexer(of_spark.UpperCaseCharStream(antlr.CharStreams.fromString(self.written)))
        lexer.removeErrorListeners()
        parser = of_spark.SqlBaseParser(antlr.CommonTokenStream(lexer))
        parser.removeErrorListeners()
        return parser.singleStatement(), parser

    def all(self, rule):
        """Every place of a rule of Spark's grammar: what stands there, its kind, and from where to where."""
        found = self.spark._jvm.org.antlr.v4.runtime.tree.xpath.XPath.findAll(self.tree, f"//{rule}", self.parser)
        for node in found:
            if node.getStop() is not None:
                yield node, node.getClass().getSimpleName(), *span(node)

    def rewrite(self):
        common = {parts_of(self.written[start:end].split("(")[0])[0].lower() for _, _, start, end in self.all("namedQuery")}
        tables = {}
        headers = [(start, end) for _, _, start, end in self.all("replaceTableHeader")]
        for _, _, start, end in self.all("identifierReference"):
            text = self.written[start:end]
            if headers and headers[0][0] <= start < headers[0][1]:
                self.replace_table(headers[0], parts_of(text))
                continue
            named = re.match(r"identifier\s*\((.*)\)$", text, re.IGNORECASE | re.DOTALL)
            parts = self.identified(named[1].strip()) if named else parts_of(text)
            if parts is None or (len(parts) == 1 and parts[0].lower() in common):
                continue
            name = self.table(parts)
            if name is not None:
                self.edits[start, end] = name
                tables[tuple(part.lower() for part in parts)] = name
            elif named:
                self.edits[start, end] = quoted(*parts)
        for node, kind, start, end in self.all("primaryExpression"):
            self.expression(tables, node, kind, start, end)
        for node, _, start, end in self.all("namedParameterMarker"):
            if not any(at <= start < until for at, until in self.edits):
                self.parameter(node, start, end)
        for _, _, start, end in self.all("tableProvider"):
            if self.written[start:end].lower().split() == ["using", "delta"]:
                self.edits[start, end] = "USING parquet"

    def replace_table(self, header, parts):
        catalog, schema = self.session.place(parts[-3] if len(parts) > 2 else None, parts[-2] if len(parts) > 1 else None)
        database = self.databases[self.session.key(catalog), schema]
        self.replaced = [quoted(database, name) for name in (f"localcloud_new_{parts[-1]}", parts[-1])]
        self.edits[header] = f"CREATE TABLE {self.replaced[0]}"

    def table(self, parts):
        """What a name of a table stands for, unless Spark finds it by itself."""
        catalog, schema = self.session.place(parts[-3] if len(parts) > 2 else None, parts[-2] if len(parts) > 1 else None)
        if schema == "information_schema":
            columns, rows = self.session.information(catalog, parts[-1])
            types.view(self.spark, parts[-1], columns, rows)
            return quoted(parts[-1])
        return quoted(self.databases[self.session.key(catalog), schema], parts[-1]) if len(parts) > 1 else None

    def identified(self, text):
        """The parts of what `identifier(…)` names; nothing where that is made up by the statement."""
        if text.startswith(":"):
            name = text[1:].strip()
            if name not in self.given:
                raise unbound(name, self.session.order)
            return parts_of(self.given[name].get("value") or "")
        literal = re.fullmatch(r"'([^']*)'|\"([^\"]*)\"", text)
        return parts_of(literal[1] or literal[2] or "") if literal else None

    def expression(self, tables, node, kind, start, end):
        text = self.written[start:end]
        if kind == "DereferenceContext" and node.getParent().getClass().getSimpleName() != "DereferenceContext":
            # A column with the name of its table, as that was written.
            parts = parts_of(text)
            for length in (3, 2):
                name = tables.get(tuple(part.lower() for part in parts[:length]))
                if name is not None and len(parts) > length:
                    self.edits[start, end] = f"{name}.{quoted(*parts[length:])}"
                    return
        called = re.fullmatch(r"(\w+)\s*\(\s*\)", text) if kind == "FunctionCallContext" else None
        word = called[1] if called else text if kind == "CurrentLikeContext" else ""
        if word.lower() in TOLD:
            told = TOLD[word.lower()](self.session).replace("\\", "\\\\").replace("'", "\\'")
            self.replace(node, start, end, f"'{told}'", word.lower() + "()")

    def parameter(self, node, start, end):
        name = self.written[start + 1 : end].strip("`")
        if name in self.given:
            self.parameters[name] = self.given[name].get("value")
            self.replace(node, start, end, f"CAST(:{name} AS {values.parameter(self.given[name])})", name)

    def replace(self, node, start, end, text, name):
        """Exchanges an expression; where it is a column of the result, that keeps its name."""
        while (node := node.getParent()) is not None and span(node) == (start, end):
            if node.getClass().getSimpleName() == "NamedExpressionContext":
                text += f" AS {quoted(name)}"
                break
        self.edits[start, end] = text

    def join(self):
        """Makes the text, and notes what stands where in it."""
        self.text, self.places, at = "", [(0, 0, True)], 0
        for (start, end), new in sorted(self.edits.items()):
            self.text += self.written[at:start]
            self.places.append((len(self.text), start, False))
            self.text += new
            self.places.append((len(self.text), end, True))
            at = end
        self.text += self.written[at:]

    def back(self, offset):
        """Where in what was written a place of the text is."""
        begins, start, is_as_written = self.places[bisect_right(self.places, offset, key=lambda one: one[0]) - 1]
        return start + (offset - begins if is_as_written else 0)


def span(node):
    return node.getStart().getStartIndex(), node.getStop().getStopIndex() + 1
