"""Databricks' SQL as DuckDB's: sqlglot translates, and what it leaves is made up for here, on its tree."""

import re

import sqlglot
import values
from errors import Refused, syntax, unbound
from on_duckdb.types import query_of
from sqlglot import exp

# Types of parameters that DuckDB calls otherwise.
TYPES = {"BINARY": "BLOB", "STRING": "TEXT", "TIMESTAMP": "TIMESTAMPTZ", "TIMESTAMP_NTZ": "TIMESTAMP"}

# Functions that are casts.
CASTS = {
    "bigint": "BIGINT",
    "binary": "BLOB",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "double": "DOUBLE",
    "float": "FLOAT",
    "int": "INT",
    "smallint": "SMALLINT",
    "string": "TEXT",
    "timestamp": "TIMESTAMPTZ",
    "tinyint": "TINYINT",
}
TEXTS = {exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR}
WHOLE = {exp.DataType.Type.TINYINT, exp.DataType.Type.SMALLINT, exp.DataType.Type.INT, exp.DataType.Type.BIGINT}
# What is an INT, and a BIGINT in DuckDB.
INTS = tuple(
    getattr(exp, name)
    for name in (
        "ArraySize Length StrPosition DateDiff Year Month Day DayOfMonth DayOfWeek DayOfYear WeekOfYear Quarter Hour Minute Second Extract "
        "RowNumber Rank DenseRank Ntile Levenshtein BitwiseCount UnixDate"
    ).split()
    if hasattr(exp, name)
)

# What statements begin with.
STATEMENTS = {"ALTER", "CREATE", "DELETE", "DROP", "EXPLAIN", "FROM", "INSERT", "MERGE", "SELECT", "TRUNCATE", "UPDATE", "VALUES", "WITH"}


def parse(text):
    """The tree of the one statement of a text."""
    first = re.match(r"\s*(\w+)", text)
    if first and first[1].upper() not in STATEMENTS:
        raise syntax(text, first.start(1), f"'{first[1]}'")
    trees = [tree for tree in sqlglot.parse(text, read="databricks") if tree is not None]
    if len(trees) != 1:
        raise sqlglot.ParseError("one statement is wanted", [second_of(text)] if trees else None)
    tree = trees[0]
    if not isinstance(tree, exp.Values):
        return tree
    # VALUES alone is a query like others, of columns with numbers.
    names = [f"col{at + 1}" for at in range(len(tree.expressions[0].expressions))]
    tree.set("alias", exp.TableAlias(this=exp.to_identifier("t"), columns=[exp.to_identifier(name) for name in names]))
    return exp.select("*").from_(tree)


def second_of(text):
    """Where a second statement begins."""
    tokens = sqlglot.tokenize(text, read="databricks")
    ends = [at for at, token in enumerate(tokens) if token.token_type.name == "SEMICOLON"]
    token = tokens[min(ends[0] + 1, len(tokens) - 1)] if ends else tokens[-1]
    return {"line": token.line, "col": token.col, "highlight": token.text}


def translated(order, session):
    """A statement as a tree to be written for DuckDB, and the values of its parameters by name."""
    tree = parse(order["statement"])
    given = {one["name"]: one for one in order["parameters"]}
    for node in list(tree.find_all(exp.Anonymous)):
        if node.name.lower() == "identifier":
            node.replace(named(node, given, order))
    used = {}
    for node in list(tree.find_all(exp.Placeholder, exp.Parameter)):
        name = node.name
        if name not in given:
            raise unbound(name or "?", order)
        used[name] = given[name].get("value")
        node.replace(exp.cast(exp.Placeholder(this=name), type_of(given[name])))
    if isinstance(tree, exp.Query):
        label(tree)
    # What a node is made of goes before the node.
    for node in reversed(list(tree.dfs())):
        other = rewritten(node, session)
        if other is not node:
            node.replace(other)
    for table in tree.find_all(exp.Table):
        ranged(table)
    qualify(tree, session)
    return tree, used


def type_of(parameter):
    """The type that a parameter is cast to."""
    kind = values.parameter(parameter)
    kind = "INTERVAL" if kind.startswith("INTERVAL") else TYPES.get(kind, kind)
    return exp.DataType.build(kind, dialect="duckdb")


def named(node, given, order):
    """What `identifier(…)` stands for: a table where a table stands, and else a column."""
    argument = node.expressions[0] if node.expressions else None
    if isinstance(argument, (exp.Placeholder, exp.Parameter)):
        if argument.name not in given:
            raise unbound(argument.name, order)
        text = given[argument.name].get("value") or ""
    else:
        text = argument.name if argument is not None else ""
    parts = [part.strip("`") for part in text.split(".")]
    if isinstance(node.parent, exp.Table):
        table = node.parent
        names = [exp.to_identifier(part) for part in parts]
        table.set("db", names[-2] if len(names) > 1 else None)
        table.set("catalog", names[-3] if len(names) > 2 else None)
        return names[-1]
    return exp.column(*[exp.to_identifier(part) for part in reversed(parts)])


def label(tree):
    """Names the columns of a result as Databricks does, after what they are made of."""
    select = tree
    while isinstance(select, exp.SetOperation | exp.Subquery):
        select = select.this
    if not isinstance(select, exp.Select):
        return
    for at, one in enumerate(select.expressions):
        if isinstance(one, exp.Alias | exp.Column | exp.Star | exp.Explode | exp.Posexplode | exp.Inline) or one.find(exp.Star) is one:
            if isinstance(one, exp.Explode) and not isinstance(one, exp.Posexplode):
                one.replace(exp.alias_(one.copy(), "col"))
            continue
        if isinstance(one, exp.Stack | exp.Aliases):
            continue
        one.replace(exp.alias_(one.copy(), words(one), quoted=True))


def words(node):
    """An expression as the name of its column."""
    if isinstance(node, exp.Literal):
        return node.name
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return "count(1)"
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Placeholder):
        return node.this.name
    if isinstance(node, exp.Paren):
        return words(node.this)
    node = node.transform(bare)
    said = node.sql("databricks", normalize_functions="lower").replace(" DIV ", " div ")
    return f"({said})" if is_operation(node) else said


def is_operation(node):
    others = (exp.Dot, exp.Func, exp.PropertyEQ)
    return isinstance(node, exp.Binary | exp.Not | exp.Between) and not isinstance(node, others)


def bare(node):
    """A part of an expression as names of columns have it: texts without quotes, and operations in parentheses."""
    if isinstance(node, exp.Literal) and node.is_string:
        return exp.Var(this=node.name)
    if isinstance(node, exp.Boolean):
        return exp.Var(this=str(node.this).lower())
    is_within = is_operation(node) and node.parent is not None and not isinstance(node.parent, exp.Paren)
    return exp.paren(node.copy(), copy=False) if is_within else node


def text(value):
    return exp.Literal.string(value)


def rewritten(node, session):
    """What is to be in place of a node."""
    if isinstance(node, exp.Anonymous):
        name, of = node.name.lower(), node.expressions
        if name == "raise_error" and of:
            return exp.Anonymous(this="error", expressions=[exp.DPipe(this=text("localcloud:raised:"), expression=of[0])])
        if name in ("current_catalog", "current_metastore"):
            return text(session.catalog)
        if name in ("current_user", "session_user", "user"):
            return text(session.user)
        if name in CASTS and len(of) == 1:
            return rewritten(exp.cast(of[0], CASTS[name]), session)
        if name in ("isnull", "isnotnull") and of:
            null = exp.Is(this=of[0], expression=exp.null())
            return exp.paren(null if name == "isnull" else exp.not_(null))
        if name in ("current_version", "version"):
            return text("localcloud")
        if name in ("date_part", "datepart"):
            return once(node, "INT")
    if isinstance(node, exp.Sign):
        return once(node, "DOUBLE")
    if isinstance(node, exp.Quantile):
        # `percentile` lies between two values where it must.
        return once(exp.Anonymous(this="quantile_cont", expressions=[node.this, node.args["quantile"]]), "DOUBLE")
    if isinstance(node, exp.SubstringIndex):
        return exp.Anonymous(this="localcloud_until", expressions=[node.this, node.args["delimiter"], node.args["count"]])
    if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.BINARY and isinstance(node.this, exp.Literal) and node.this.is_string:
        # Its bytes; DuckDB would read escapes.
        return exp.Anonymous(this="encode", expressions=[node.this])
    if isinstance(node, exp.Typeof):
        return exp.Anonymous(this="localcloud_type", expressions=[exp.Anonymous(this="typeof", expressions=[node.this])])
    if isinstance(node, exp.SafeAdd | exp.SafeSubtract | exp.SafeMultiply):
        plain = {exp.SafeAdd: exp.Add, exp.SafeSubtract: exp.Sub, exp.SafeMultiply: exp.Mul}[type(node)]
        return exp.Anonymous(this="try", expressions=[plain(this=node.this, expression=node.expression)])
    if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast) and node.to.this in WHOLE and not node.this.args.get("localcloud"):
        return whole(node)
    if isinstance(node, exp.Ceil | exp.Floor) and not node.args.get("decimals"):
        return once(node, "BIGINT")
    if isinstance(node, exp.DayOfWeek):
        # Sunday is 1, and DuckDB's 0.
        return once(exp.paren(exp.Add(this=node.copy(), expression=exp.Literal.number(1))), "INT")
    if isinstance(node, INTS) and not isinstance(node.parent, exp.Window | exp.WithinGroup):
        return once(node, "INT")
    if isinstance(node, exp.Window) and isinstance(node.this, INTS):
        return once(node, "INT")
    if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.TIMESTAMP:
        # What sqlglot makes of `to_timestamp`: a TIMESTAMP of Databricks has a zone.
        return type(node)(this=node.this, to=exp.DataType.build("TIMESTAMPTZ"))
    if isinstance(node, exp.StrToTime):
        return once(node, "TIMESTAMPTZ")
    if isinstance(node, exp.Inline):
        return sqlglot.parse_one(f"UNNEST({node.this.sql('duckdb')}, recursive := true)", read="duckdb")
    if isinstance(node, exp.CurrentTimezone):
        return text("Etc/UTC")
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc) and node.unit.name.upper() in ("MM", "MON", "YY", "YYYY"):
        node.set("unit", exp.Var(this="MONTH" if node.unit.name.upper().startswith("M") else "YEAR"))
        return once(node, "DATE")
    if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast) and node.to.this in TEXTS:
        plain = isinstance(node.this, exp.Placeholder) or isinstance(node.this, exp.Literal) and (node.this.is_string or node.this.is_int) or node.this.args.get("localcloud")
        return node if plain else exp.Anonymous(this="localcloud_text", expressions=[node.this])
    if isinstance(node, exp.Stack):
        return stacked([node.this, *node.expressions])
    if isinstance(node, exp.StrToUnix) and isinstance(node.this, exp.CurrentTimestamp | exp.Cast):
        return exp.cast(exp.Anonymous(this="epoch", expressions=[node.this]), "BIGINT")
    if isinstance(node, exp.CurrentCatalog):
        return text(session.catalog)
    if isinstance(node, exp.CurrentSchema | exp.CurrentDatabase):
        return text(session.schema)
    if isinstance(node, exp.CurrentUser | exp.SessionUser):
        return text(session.user)
    if isinstance(node, exp.IntDiv):
        # `div` is a BIGINT, whatever it divides.
        return exp.cast(node, "BIGINT") if not isinstance(node.parent, exp.Cast) else node
    if isinstance(node, exp.DateAdd | exp.DateSub | exp.TsOrDsAdd) and day_of(node):
        return exp.cast(node, "DATE") if not isinstance(node.parent, exp.Cast) else node
    if isinstance(node, exp.JSONExtract) and node.args.get("variant_extract"):
        return exp.JSONExtractScalar(this=node.this, expression=node.expression)
    if isinstance(node, exp.Add | exp.Sub) and isinstance(node.expression, exp.Interval) and is_date(node.this):
        return once(node, "DATE") if day_of(node.expression) else node
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Mod):
        return numeric(node)
    return node


def once(node, kind):
    """The node cast to a type, which it is not yet."""
    if isinstance(node.parent, exp.Cast):
        return node
    cast = exp.cast(node.copy(), kind)
    cast.this.set("localcloud", True)
    return cast


def whole(node):
    """A cast to a whole number, which cuts off what stands behind a point."""
    if isinstance(node.this, exp.Literal | exp.Placeholder | exp.IntDiv) and not (node.this.is_number and "." in node.this.name):
        return node
    cut = exp.Anonymous(this="localcloud_whole", expressions=[node.this.copy()])
    cut.set("localcloud", True)
    return exp.Cast(this=cut, to=node.to)


def day_of(node):
    unit = node.args.get("unit")
    return unit is None or unit.name.upper() in ("DAY", "WEEK", "MONTH", "YEAR")


def is_date(node):
    return isinstance(node, exp.CurrentDate) or isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DATE


def numeric(node):
    """Arithmetic with texts that are numbers: they are cast to the type of the other side."""
    for side, other in (("this", "expression"), ("expression", "this")):
        one, beside = node.args[side], node.args[other]
        if isinstance(one, exp.Literal) and one.is_string and isinstance(beside, exp.Literal | exp.Column | exp.Paren):
            whole = isinstance(beside, exp.Literal) and not beside.is_string and "." not in beside.name
            if isinstance(beside, exp.Literal) and not beside.is_string:
                node.set(side, exp.cast(one, "BIGINT" if whole else "DOUBLE"))
    return node


def ranged(table):
    """Names the column of the table function `range`, and those of VALUES that have no names."""
    if isinstance(table.this, exp.GenerateSeries) or isinstance(table.this, exp.Anonymous) and table.this.name.lower() == "range":
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier("range"))
        if not alias.args.get("columns"):
            alias.set("columns", [exp.to_identifier("id")])
        table.set("alias", alias)


def stacked(of):
    """`stack(n, a, b, …)` as rows of columns `col0`, `col1`, …"""
    rows = int(of[0].name)
    width = -(-(len(of) - 1) // rows)
    lines = []
    for row in range(rows):
        cells = of[1 + row * width : 1 + (row + 1) * width]
        cells += [exp.null()] * (width - len(cells))
        lines.append("{" + ", ".join(f"'col{at}': {cell.sql('duckdb')}" for at, cell in enumerate(cells)) + "}")
    return sqlglot.parse_one(f"UNNEST([{', '.join(lines)}], recursive := true)", read="duckdb")


def qualify(tree, session):
    """Gives every table its schema and the database of its catalog."""
    if isinstance(tree, exp.Create | exp.Drop) and tree.kind in ("FUNCTION", "SCHEMA", "DATABASE"):
        return
    common = {one.alias.lower() for one in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier) or not table.name:
            continue
        if not table.db and table.name.lower() in common:
            continue
        catalog, schema = session.place(table.catalog or None, table.db or None)
        if schema == "information_schema":
            alias = table.alias or table.name
            view = query_of(*session.information(catalog, table.name))
            table.replace(exp.alias_(sqlglot.parse_one(view, read="duckdb").subquery(), alias, table=True))
            continue
        key = session.key(catalog)
        alias = table.args.get("alias")
        table.set("db", exp.to_identifier(schema, quoted=True))
        table.set("catalog", exp.to_identifier(key, quoted=True))
        if alias is None and isinstance(table.parent, exp.From | exp.Join) and isinstance(tree, exp.Query):
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
    for column in tree.find_all(exp.Column):
        # A column's table is named without its schema.
        if column.args.get("db"):
            column.set("db", None)
            column.set("catalog", None)
