"""Values that all rows of a file have: those in the names of its folders, and `_metadata`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    BooleanType,
    ByteType,
    DateType,
    IntegerType,
    LongType,
    ShortType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from pyspark_sftp import folders
from pyspark_sftp.schema import arrow_schema
from pyspark_sftp.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

METADATA = "_metadata"
METADATA_TYPE = StructType(
    [
        StructField("file_path", StringType()),
        StructField("file_name", StringType()),
        StructField("file_size", LongType()),
        StructField("file_block_start", LongType()),
        StructField("file_block_length", LongType()),
        StructField("file_modification_time", TimestampType()),
    ]
)
# Texts with a collation are not among these, nor numbers with a fraction, and the clock of a folder's time is the session's.
_COMPARED_ALIKE = [ByteType(), ShortType(), IntegerType(), LongType(), BooleanType(), DateType(), StringType()]

File = tuple[str, int, int]


def of_folders(settings: Settings, root: str, path: str) -> dict[str, str | None]:
    """Texts in the names of a file's folders, by their names in lower case."""
    if has_no_columns(settings):
        return {}
    return {name.lower(): value for name, value in folders.values_of(root, path).items()}


def has_no_columns(settings: Settings) -> bool:
    """Whether folders are folders and nothing else."""
    return settings.flag("recursivefilelookup")


def metadata(file: File) -> dict[str, object]:
    """What `_metadata` says of all parts of a file."""
    path, size, modified = file
    return {
        "file_path": path,
        "file_name": PurePosixPath(path).name,
        "file_size": size,
        "file_modification_time": datetime.fromtimestamp(modified, UTC),
    }


def scalar(field: pa.Field, name: str, of: Mapping[str, str | None]) -> pa.Scalar:
    """The value of a column of folders."""
    import pyarrow as pa

    return pa.scalar(of.get(name.lower()), pa.string()).cast(field.type)


def known(settings: Settings, schema: StructType, root: str, file: File) -> dict[tuple[str, ...], object]:
    """The values of all rows of a file, by their columns, as far as they compare here as in Spark."""
    import pyarrow as pa

    found: dict[tuple[str, ...], object] = {}
    values = of_folders(settings, root, file[0])
    for field in schema.fields:
        if field.name == METADATA and field.dataType == METADATA_TYPE:
            found |= {(METADATA, name): value for name, value in metadata(file).items()}
        elif field.name.lower() in values and field.dataType in _COMPARED_ALIKE:
            # One that is no value of the type is left to whoever reads the file.
            with suppress(pa.ArrowInvalid):
                column = arrow_schema(StructType([field])).field(0)
                found[(field.name.lower(),)] = scalar(column, field.name, values).as_py()
    return found
