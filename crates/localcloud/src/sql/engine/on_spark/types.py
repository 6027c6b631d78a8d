"""Spark's types and values as the Statement Execution API tells them."""

import re

import results
import values
from pyspark.sql import types as of_spark

# Times to the second, and what follows: milliseconds, or, where they have them, microseconds.
SECONDS = "date_format({0}, \"yyyy-MM-dd'T'HH:mm:ss.\")"
BELOW = "date_format({0}, if(unix_micros(CAST({0} AS TIMESTAMP)) % 1000 = 0, 'SSS', 'SSSSSS'))"


def kind_of(of):
    """A type of Spark as the API has it."""
    if isinstance(of, of_spark.ArrayType):
        return values.array(kind_of(of.elementType))
    if isinstance(of, of_spark.MapType):
        return values.map_of(kind_of(of.keyType), kind_of(of.valueType))
    if isinstance(of, of_spark.StructType):
        return values.struct([(one.name, kind_of(one.dataType)) for one in of.fields])
    if isinstance(of, of_spark.DecimalType):
        return values.decimal(of.precision, of.scale)
    # A text is told without its length.
    return values.scalar("STRING" if isinstance(of, of_spark.StringType) else re.sub(r"^(VAR)?CHAR\(.*", "STRING", of.simpleString().upper()))


def written(name, kind):
    """A column as the text that JSON_ARRAY and CSV have of it: an expression."""
    if kind.is_nested or kind.name == "VARIANT":
        return f"to_json({name}, map('ignoreNullFields', 'false'))"
    if kind.name == "TIMESTAMP":
        zone = ", 'Z'" if kind.text == "TIMESTAMP" else ""
        return f"concat({SECONDS.format(name)}, {BELOW.format(name)}{zone})"
    if kind.name == "BINARY":
        return f"base64({name})"
    return f"CAST({name} AS STRING)"


def field(text):
    """A field of CSV: quoted where it must be (RFC 4180), and `null` for NULL."""
    quoted = f"""concat('"', replace({text}, '"', '""'), '"')"""
    return f"""CASE WHEN {text} IS NULL THEN 'null' WHEN {text} RLIKE '[",\\r\\n]' THEN {quoted} ELSE {text} END"""


def plain(name, kind):
    """A column as Arrow has it."""
    return f"CAST({name} AS STRING) AS {name}" if kind.name in ("INTERVAL", "VARIANT") else name


def write(run, frame):
    """Writes a result. Spark answers it whole: it is held in memory meanwhile."""
    columns = [(of.name, kind_of(of.dataType)) for of in frame.schema.fields]
    named = [(f"c{at}", kind) for at, (_, kind) in enumerate(columns)]
    frame = frame.toDF(*[name for name, _ in named])
    limit = results.wanted(run.order)
    frame = frame if limit is None else frame.limit(limit)

    def shown(form):
        texts = [written(*one) for one in named]
        if form == "ARROW_STREAM":
            rows = [plain(*one) for one in named]
        elif form == "JSON_ARRAY":
            rows = [f"concat(to_json(array({', '.join(texts)})), ',') AS row"]
        else:
            rows = [f"concat(concat_ws(',', {', '.join(map(field, texts))}), '\\r\\n') AS row"]
        table = frame.selectExpr(*rows).toArrow()
        return table.schema, table.to_batches()

    return results.write(run, columns, shown)


def view(spark, name, columns, rows):
    """Makes a view of rows of Python's values, for this statement."""
    schema = ", ".join(f"{column} {kind}" for column, kind in results.typed(columns))
    spark.createDataFrame(rows, schema).createOrReplaceTempView(name)
