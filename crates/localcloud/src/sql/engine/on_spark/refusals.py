"""What Spark says of a statement that it does not take. The words are Databricks' own, but for where things are."""

import re

from errors import Refused, before, internal, parsed_until, position
from py4j.protocol import Py4JJavaError
from pyspark.errors import ParseException, PySparkException
from pyspark.errors.exceptions.captured import CapturedException


def refused(error, order, schemas):
    """Any error as Databricks has it. `schemas` has the catalog and the schema of each database of Spark."""
    error = cause(error)
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    if not condition:
        return internal(error)
    state = error.getSqlState() or "XX000"
    message = before(error.getMessage() or "", f" SQLSTATE: {state}").removeprefix(f"[{condition}] ")
    message = message.replace('"spark.sql.ansi.enabled"', '"ansi_mode"')
    message = re.sub(r"`spark_catalog`\.`(\w+)`|`(\w+)`", lambda found: name(found, schemas), message)
    moved = order.get("moved")
    back = moved.back if moved is not None else lambda offset: offset
    return Refused(condition, message, state, at=place(error, order["statement"], moved.text if moved is not None else "", back))


def cause(error):
    """What Spark refused, where PySpark tells the way of that alone."""
    below = error.java_exception if isinstance(error, Py4JJavaError) else None
    while below is not None:
        known = CapturedException(origin=below)
        if known.getCondition():
            return known
        below = below.getCause()
    return error


def name(found, schemas):
    """A database of Spark in its own words."""
    of = schemas.get(found[1] or found[2])
    return ".".join(f"`{part}`" for part in of) if of else found[0]


def place(error, written, text, back):
    """Where the error stands in what was written."""
    if isinstance(error, ParseException):
        found = re.search(r"\(line (\d+), pos (\d+)\)", str(error))
        if not found:
            return ""
        line, pos = map(int, found.groups())
        offset = sum(len(one) + 1 for one in text.split("\n")[: line - 1]) + pos
        return parsed_until(written, min(back(offset), len(written)))
    contexts = [one for one in error.getQueryContext() if one.startIndex() >= 0]
    if not contexts:
        return ""
    line, pos = position(written, back(contexts[0].startIndex()))
    return f"; line {line} pos {pos}"
