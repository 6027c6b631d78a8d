"""Types and values as the Statement Execution API tells them."""

# What the API calls a type of DuckDB: in its own word, and in SQL.
SCALARS = {
    "boolean": ("BOOLEAN", "BOOLEAN"),
    "tinyint": ("BYTE", "TINYINT"),
    "smallint": ("SHORT", "SMALLINT"),
    "integer": ("INT", "INT"),
    "bigint": ("LONG", "BIGINT"),
    "hugeint": ("LONG", "BIGINT"),
    "utinyint": ("SHORT", "SMALLINT"),
    "usmallint": ("INT", "INT"),
    "uinteger": ("LONG", "BIGINT"),
    "ubigint": ("LONG", "BIGINT"),
    "float": ("FLOAT", "FLOAT"),
    "double": ("DOUBLE", "DOUBLE"),
    "blob": ("BINARY", "BINARY"),
    "date": ("DATE", "DATE"),
    "timestamp": ("TIMESTAMP", "TIMESTAMP_NTZ"),
    "timestamp_s": ("TIMESTAMP", "TIMESTAMP_NTZ"),
    "timestamp_ms": ("TIMESTAMP", "TIMESTAMP_NTZ"),
    "timestamp_ns": ("TIMESTAMP", "TIMESTAMP_NTZ"),
    "timestamp with time zone": ("TIMESTAMP", "TIMESTAMP"),
    "interval": ("INTERVAL", "INTERVAL"),
}
# What is not of Databricks, and what it is made of there.
NARROWED = {"hugeint": "BIGINT", "utinyint": "SMALLINT", "usmallint": "INTEGER", "uinteger": "BIGINT", "ubigint": "BIGINT"}

def text_of(kind):
    """A type as SQL writes it: `ARRAY<INT>`."""
    if kind.id in ("list", "array"):
        return f"ARRAY<{text_of(kind.children[0][1])}>"
    if kind.id == "map":
        return "MAP<" + ", ".join(text_of(of) for _, of in kind.children) + ">"
    if kind.id == "struct":
        return "STRUCT<" + ", ".join(f"{name}: {text_of(of)}" for name, of in kind.children) + ">"
    if kind.id == "decimal":
        precision, scale = (of for _, of in kind.children)
        return f"DECIMAL({precision},{scale})"
    return SCALARS.get(kind.id, ("STRING", "STRING"))[1]


def column(name, position, kind):
    """A column of a result."""
    told = {"name": name, "type_text": text_of(kind), "type_name": name_of(kind), "position": position}
    if kind.id == "decimal":
        precision, scale = (of for _, of in kind.children)
        told.update(type_precision=precision, type_scale=scale)
    return told


def name_of(kind):
    """A type in the API's word."""
    nested = {"list": "ARRAY", "array": "ARRAY", "map": "MAP", "struct": "STRUCT", "decimal": "DECIMAL"}
    return nested.get(kind.id) or SCALARS.get(kind.id, ("STRING", "STRING"))[0]


def plain(name, kind):
    """A column in a type that Databricks has."""
    return f"CAST({name} AS {NARROWED[kind.id]})" if kind.id in NARROWED else name


def written(name, kind):
    """A column as the text that JSON_ARRAY and CSV have of it: an expression."""
    if kind.id in ("list", "array", "map", "struct"):
        return f"CAST(to_json({name}) AS VARCHAR)"
    if kind.id in ("float", "double"):
        return f"localcloud_double({name}, CAST(abs({name}) AS VARCHAR))"
    if kind.id == "timestamp with time zone":
        return f"localcloud_time({name}) || 'Z'"
    if kind.id.startswith("timestamp"):
        return f"localcloud_time({name})"
    if kind.id == "blob":
        return f"to_base64({name})"
    return f"CAST({plain(name, kind)} AS VARCHAR)"
