"""DuckDB's types and values as the Statement Execution API tells them."""

import results
import values
from sqlglot import exp

# Rows of a batch.
BATCH = 8192

# What SQL calls a type of DuckDB.
SCALARS = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INT",
    "bigint": "BIGINT",
    "hugeint": "BIGINT",
    "utinyint": "SMALLINT",
    "usmallint": "INT",
    "uinteger": "BIGINT",
    "ubigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "blob": "BINARY",
    "date": "DATE",
    "timestamp": "TIMESTAMP_NTZ",
    "timestamp_s": "TIMESTAMP_NTZ",
    "timestamp_ms": "TIMESTAMP_NTZ",
    "timestamp_ns": "TIMESTAMP_NTZ",
    "timestamp with time zone": "TIMESTAMP",
    "interval": "INTERVAL",
    "null": "VOID",
}
# What is not of Databricks, and what it is made of there.
NARROWED = {"hugeint": "BIGINT", "utinyint": "SMALLINT", "usmallint": "INTEGER", "uinteger": "BIGINT", "ubigint": "BIGINT"}


def kind_of(of):
    """A type of DuckDB as the API has it."""
    if of.id in ("list", "array"):
        return values.array(kind_of(of.children[0][1]))
    if of.id == "map":
        return values.map_of(*[kind_of(one) for _, one in of.children])
    if of.id == "struct":
        return values.struct([(name, kind_of(one)) for name, one in of.children])
    if of.id == "decimal":
        return values.decimal(*[one for _, one in of.children])
    return values.scalar(SCALARS.get(of.id, "STRING"))


def plain(name, of):
    """A column in a type that Databricks has."""
    return f"CAST({name} AS {NARROWED[of.id]})" if of.id in NARROWED else name


def written(name, of):
    """A column as the text that JSON_ARRAY and CSV have of it: an expression."""
    if kind_of(of).is_nested:
        return f"CAST(to_json({name}) AS VARCHAR)"
    if of.id in ("float", "double"):
        return f"localcloud_double({name}, CAST(abs({name}) AS VARCHAR))"
    if of.id == "timestamp with time zone":
        return f"localcloud_time({name}) || 'Z'"
    if of.id.startswith("timestamp"):
        return f"localcloud_time({name})"
    if of.id == "blob":
        return f"to_base64({name})"
    return f"CAST({plain(name, of)} AS VARCHAR)"


def write(run, query, parameters):
    """Runs a query and writes its result, as DuckDB makes its rows, so that nobody holds it."""
    cursor, limit = run.connection.cursor, results.wanted(run.order)
    shape = cursor.sql(query, params=parameters or None)
    types = list(shape.types)
    names = [f"c{at}" for at in range(len(types))]

    def shown(form):
        if form == "ARROW_STREAM":
            row = ", ".join(f"{plain(name, of)} AS {name}" for name, of in zip(names, types))
        elif form == "JSON_ARRAY":
            row = f"CAST(to_json([{', '.join(map(written, names, types))}]) AS VARCHAR) || ','"
        else:
            fields = [f"localcloud_field({one})" for one in map(written, names, types)]
            row = " || ',' || ".join(fields) + " || chr(13) || chr(10)"
        rows = f"SELECT {row} FROM ({query}) AS localcloud_result({', '.join(names)})"
        rows += "" if limit is None else f" LIMIT {limit}"
        reader = cursor.sql(rows, params=parameters or None).to_arrow_reader(BATCH)
        return reader.schema, reader

    return results.write(run, list(zip(shape.columns, map(kind_of, types))), shown)


def query_of(names, rows):
    """Rows of Python's values as a query."""
    columns = results.typed(names)
    cell = lambda value: "NULL" if value is None else exp.Literal.string(str(value)).sql("duckdb")
    lines = ", ".join("(" + ", ".join(map(cell, row)) + ")" for row in rows or [[None] * len(columns)])
    kind = lambda text: "VARCHAR" if text == "STRING" else text
    casts = ", ".join(f"CAST(c{at} AS {kind(of)}) AS {name}" for at, (name, of) in enumerate(columns))
    query = f"SELECT {casts} FROM (VALUES {lines}) AS t({', '.join(f'c{at}' for at in range(len(columns)))})"
    return query if rows else query + " WHERE false"
