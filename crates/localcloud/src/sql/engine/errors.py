"""Errors in the words of Databricks: condition, message, SQLSTATE.
<https://docs.databricks.com/aws/en/error-messages/error-classes>"""

import re

import duckdb
from sqlglot.errors import ParseError, TokenError


class Refused(Exception):
    """A statement that fails, with the code that the Statement Execution API gives beside."""

    def __init__(self, condition, message, sql_state, code="BAD_REQUEST", at=""):
        super().__init__(f"[{condition}] {message} SQLSTATE: {sql_state}{at}")
        self.code = code
        self.sql_state = sql_state


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


def syntax(text, offset, near):
    """A syntax error at a place of the statement."""
    line, pos = position(text, offset)
    lines = text.split("\n")
    shown = "\n".join(lines[:line] + ["-" * pos + "^^^"] + lines[line:])
    what = f"Syntax error at or near {near}." if near else "Syntax error, unexpected end of statement."
    condition = "PARSE_SYNTAX_ERROR"
    return Refused(condition, what, "42601", at=f" (line {line}, pos {pos})\n\n== SQL ==\n{shown}")


def unparsed(error, text):
    """What sqlglot says of a statement that it cannot read."""
    first = (getattr(error, "errors", None) or [{}])[0]
    line, col, near = first.get("line"), first.get("col"), first.get("highlight") or ""
    if line is None:
        return syntax(text, len(text), "end of input")
    lines = text.split("\n")
    # It counts to the end of what it stumbles over.
    end = sum(len(one) + 1 for one in lines[: line - 1]) + col
    offset = max(0, end - len(near))
    if not text[offset:].strip(" ;\n"):
        return syntax(text, len(text.rstrip(" ;\n")), "end of input")
    return syntax(text, offset, f"'{near}'")


def place(order, name):
    """Where a name stands in the statement: `; line 1 pos 14`."""
    text = order["statement"]
    found = re.search(rf"(?<![\w`]){re.escape(name)}\b", text, re.IGNORECASE) or re.search(re.escape(name), text, re.IGNORECASE)
    if not found:
        return ""
    line, pos = position(text, found.start())
    return f"; line {line} pos {pos}"


NAMES = {
    "INT8": "TINYINT",
    "INT16": "SMALLINT",
    "INT32": "INT",
    "INT64": "BIGINT",
    "INT128": "BIGINT",
    "VARCHAR": "STRING",
    "BOOL": "BOOLEAN",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
}
WORDS = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "long", "INT128": "long"}


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
    return Refused("UNBOUND_SQL_PARAMETER", message, "42P02", at=place(order, name))


def malformed(value, of, to):
    message = (
        f"The value '{value}' of the type \"{of}\" cannot be cast to \"{to}\" because it is malformed. Correct the value as per the "
        "syntax, or change its target type. Use `try_cast` to tolerate malformed input and return NULL instead."
    )
    return Refused("CAST_INVALID_INPUT", message, "22018")


def refused(error, order):
    """Any error as Databricks has it."""
    text = order["statement"]
    words = str(error)
    if isinstance(error, (ParseError, TokenError)):
        return unparsed(error, text)
    if not isinstance(error, duckdb.Error):
        return Refused("INTERNAL_ERROR", f"The local cloud's engine: {type(error).__name__}: {words}", "XX000", "INTERNAL_ERROR")
    for pattern, answer in PATTERNS:
        found = re.search(pattern, words, re.DOTALL)
        if found:
            return answer(found, order)
    first = words.split("\n")[0]
    if isinstance(error, duckdb.ParserException):
        near = re.search(r'at or near "(.*?)"', words)
        at = place(order, near.group(1)) if near else ""
        offset = text.lower().find(near.group(1).lower()) if near and at else len(text)
        return syntax(text, max(0, offset), f"'{near.group(1)}'" if near else "end of input")
    if isinstance(error, duckdb.InternalException | duckdb.IOException | duckdb.OutOfMemoryException):
        return Refused("INTERNAL_ERROR", first, "XX000", "INTERNAL_ERROR")
    if isinstance(error, duckdb.ConversionException):
        return Refused("CAST_INVALID_INPUT", first, "22018")
    if isinstance(error, duckdb.OutOfRangeException):
        return overflow("", order)
    return Refused("INVALID_SQL", first, "42000")


def overflow(kind, _):
    word = f"{WORDS.get(kind, 'integer')} overflow"
    message = (
        f"{word}. Use 'try_add' to tolerate overflow and return NULL instead. If necessary set \"ansi_mode\" to \"false\" to bypass "
        "this error."
    )
    return Refused("ARITHMETIC_OVERFLOW", message, "22003")


def out_of_range(found, _):
    of, value, to = found.groups()
    message = (
        f'The value {value} of the type "{NAMES.get(of, of)}" cannot be cast to "{NAMES.get(to, to)}" due to an overflow. Use '
        "`try_cast` to tolerate overflow and return NULL instead."
    )
    return Refused("CAST_OVERFLOW", message, "22003")


def column(found, order):
    name = found.group(1)
    near = re.findall(r'"([^"]+)"', found.group(2))
    hint = f" Did you mean one of the following? [{', '.join(quoted(one) for one in near)}]." if near else ""
    condition = "UNRESOLVED_COLUMN.WITH_SUGGESTION" if near else "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"
    message = f"A column, variable, or function parameter with name {quoted(name)} cannot be resolved.{hint}"
    return Refused(condition, message, "42703", at=place(order, name.split(".")[-1]))


def divided(_, order):
    message = (
        "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If necessary set \"ansi_mode\" to "
        '"false" to bypass this error.'
    )
    found = re.search(r"/|%|\bdiv\b", order["statement"], re.IGNORECASE)
    line, pos = position(order["statement"], found.start()) if found else (1, 0)
    return Refused("DIVIDE_BY_ZERO", message, "22012", at=f"; line {line} pos {pos}")


def routine(found, order):
    name = found.group(1)
    message = f"Cannot resolve routine {quoted(name)} on search path [`system`.`builtin`, `system`.`session`]."
    return Refused("UNRESOLVED_ROUTINE", message, "42883", at=place(order, name))


def ungrouped(found, _):
    message = (
        f'The non-aggregating expression "{found[1]}" is based on columns which are not participating in the GROUP BY clause.\nAdd the '
        "columns or the expression to the GROUP BY, aggregate the expression, or use \"any_value(" + found[1] + ")\" if you do not care "
        "which of the values within a group is returned."
    )
    return Refused("MISSING_AGGREGATION", message, "42803")


def arity(found, _):
    has, given = int(found[2]), int(found[3])
    kind = "TOO_MANY_DATA_COLUMNS" if given > has else "NOT_ENOUGH_DATA_COLUMNS"
    message = f"Cannot write to {quoted(found[1])}, the reason is that there are {given} data columns for {has} table columns."
    return Refused(f"INSERT_COLUMN_ARITY_MISMATCH.{kind}", message, "21S01")


def exists(found, _):
    message = (
        f"Cannot create table or view {quoted(found.group(1))} because it already exists.\nChoose a different name, drop or replace the "
        "existing object, or add the IF NOT EXISTS clause to tolerate pre-existing objects."
    )
    return Refused("TABLE_OR_VIEW_ALREADY_EXISTS", message, "42P07")


def missing_column_of(found, order):
    message = f"A column, variable, or function parameter with name {quoted(found[1])} cannot be resolved."
    return Refused("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", message, "42703", at=place(order, found[1]))


def out_of_range_of(value, to):
    precision, scale = re.findall(r"\d+", to)[:2]
    message = (
        f"The {value} value cannot be represented as Decimal({precision}, {scale}). If necessary set \"ansi_mode\" to \"false\" to "
        "bypass this error, and return NULL instead."
    )
    return Refused("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", message, "22003")


# What DuckDB says, and what it means.
PATTERNS = [
    (r"Division by zero", divided),
    (r"localcloud:raised:(.*)", lambda found, _: Refused("USER_RAISED_EXCEPTION", found.group(1).split("\n\nLINE ")[0], "P0001")),
    (r"Could not convert string '(.*)' to ([A-Z0-9 ]+)", lambda found, _: malformed(found[1], "STRING", NAMES.get(found[2], found[2]))),
    (r"Could not cast value (\S+) to (DECIMAL\S+)", lambda found, _: out_of_range_of(found[1], found[2])),
    (r"(?:invalid|Invalid) (timestamp|date|time)[^:]*: \"(.*?)\"", lambda found, _: malformed(found[2], "STRING", found[1].upper())),
    (r"(timestamp|date) field value out of range: \"(.*?)\"", lambda found, _: malformed(found[2], "STRING", found[1].upper())),
    (r"Type (\w+) with value (\S+) can't be cast because the value is out of range for the destination type (\w+)", out_of_range),
    (r"Overflow in \w+ of (\w+)", lambda found, order: overflow(found[1], order)),
    (r"(?:Table|View) with name (\S+) does not exist", lambda found, order: missing_table(found[1].rstrip("!"), order)),
    (r"(?:Table|View) with name \"?([^\"\s]+)\"? already exists", exists),
    (r"(?:Referenced|Values list \S+ does not have a) column (?:named )?\"([^\"]+)\"(.*)", column),
    (r"(?:Table )\"\S+\" does not have a column named \"([^\"]+)\"(.*)", column),
    (r'column "([^"]+)" must appear in the GROUP BY', ungrouped),
    (r'table "?([^"\s]+)"? has (\d+) columns but (\d+) values were supplied', arity),
    (r"Function with name (\S+) does not exist", routine),
    (r"Schema with name (\S+) does not exist", lambda found, _: missing_schema(found[1].rstrip("!"))),
    (r"Referenced table \"([^\"]+)\" not found", missing_column_of),
]
