"""Columns, as Spark and as Arrow say them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from pyspark.sql.types import StructType

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_schema(schema: StructType) -> pa.Schema:
    """The same for Arrow. Points in time are in UTC, which Spark 4.3 wants to be told."""
    from pyspark.sql.pandas.types import to_arrow_schema

    told: dict[str, Any] = {"timezone": "UTC"} if "timezone" in inspect.signature(to_arrow_schema).parameters else {}
    return to_arrow_schema(schema, **told)


def spark_schema(schema: pa.Schema) -> StructType:
    """The same for Spark. Columns that were found may be null."""
    from pyspark.sql.pandas.types import from_arrow_schema

    found = from_arrow_schema(schema)
    for field in found.fields:
        field.nullable = True
    return found
