"""What DuckDB and sqlglot say of a statement that they do not take, in the words of Databricks."""

import re

import duckdb
from errors import Refused, internal, missing_schema, missing_table, place, position, quoted, syntax
from sqlglot.errors import ParseError, TokenError

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
    # What is missing at the end it misses at the last word that it has.
    is_last = not text[offset + len(near) :].strip(" ;\n") and "Unexpected token" not in first.get("description", "")
    if is_last or not text[offset:].strip(" ;\n"):
        return syntax(text, len(text.rstrip(" ;\n")), "end of input")
    return syntax(text, offset, f"'{near}'")


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
        return internal(error)
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
    at = "; line {} pos {}".format(*position(order["statement"], found.start())) if found else ""
    return Refused("DIVIDE_BY_ZERO", message, "22012", at=at)


def routine(found, order):
    name = found.group(1)
    message = f"Cannot resolve routine {quoted(name)} on search path [`system`.`builtin`, `system`.`session`]."
    return Refused("UNRESOLVED_ROUTINE", message, "42883", at=place(order, name))


def ungrouped(found, order):
    if not re.search(r"\bgroup\s+by\b", order["statement"], re.IGNORECASE):
        message = "The query does not include a GROUP BY clause. Add GROUP BY or turn it into the window functions using OVER clauses."
        return Refused("MISSING_GROUP_BY", message, "42803")
    message = (
        f'The non-aggregating expression "{found[1]}" is based on columns which are not participating in the GROUP BY clause.\nAdd the '
        "columns or the expression to the GROUP BY, aggregate the expression, or use \"any_value(" + found[1] + ")\" if you do not care "
        "which of the values within a group is returned."
    )
    return Refused("MISSING_AGGREGATION", message, "42803")


def ambiguous(found, order):
    could = ", ".join(quoted(one) for one in re.findall(r"'([^']+)'", found[2]))
    message = f"Reference {quoted(found[1])} is ambiguous, could be: [{could}]."
    return Refused("AMBIGUOUS_REFERENCE", message, "42704", at=place(order, found[1]))


def nested(*_):
    message = (
        "It is not allowed to use an aggregate function in the argument of another aggregate function. Please use the inner aggregate "
        "function in a sub-query."
    )
    return Refused("NESTED_AGGREGATE_FUNCTION", message, "42607")


def columns_of_set(*_):
    message = "Set operations can only be performed on inputs with the same number of columns."
    return Refused("NUM_COLUMNS_MISMATCH", message, "42826")


def many(*_):
    message = "More than one row returned by a subquery used as an expression."
    return Refused("SCALAR_SUBQUERY_TOO_MANY_ROWS", message, "21000")


def unfilled(found, _):
    message = f"NOT NULL constraint violated for column: {found[1].split('.')[-1]}."
    return Refused("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", message, "23502")


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
    (r"Assertion failed", lambda *_: Refused("USER_RAISED_EXCEPTION", "What is asserted is not true!", "P0001")),
    (r"Ambiguous reference to column name \"([^\"]+)\" \(use: (.*?)\)", ambiguous),
    (r"aggregate function calls cannot be nested", nested),
    (r"Set operations can only apply to expressions with the same number", columns_of_set),
    (r"More than one row returned by a subquery", many),
    (r"NOT NULL constraint failed: (\S+)", unfilled),
    (r'Casting value "(\S+)" to type (DECIMAL\S+) failed', lambda found, _: out_of_range_of(found[1], found[2])),
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
