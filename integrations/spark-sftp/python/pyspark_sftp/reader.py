"""
Reads into DataFrames.

The driver lists the files and divides them; each task reads its parts over a connection of its own, batch by batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pyspark.sql.datasource import DataSourceReader, InputPartition
from pyspark.sql.types import LongType, StringType, StructField, StructType, TimestampType

from pyspark_sftp import folders
from pyspark_sftp.schema import arrow_schema, spark_schema
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
# Spark's own figures: spark.sql.files.maxPartitionBytes and openCostInBytes.
_MOST_BYTES = 128 << 20
_OPEN_COST = 4 << 20
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30}

File = tuple[str, int, int]


@dataclass(frozen=True)
class Part:
    """From one byte of a file to another."""

    file: File
    start: int
    end: int


class Parts(InputPartition):
    """What one task reads. `root` is where folders with `name=value` begin."""

    def __init__(self, root: str, parts: Sequence[Part]) -> None:
        super().__init__(None)
        self.root = root
        self.parts = list(parts)


def find(settings: Settings) -> tuple[str, list[File]]:
    """The root and the files, in the order of their paths."""
    from pyspark_sftp import _core

    root, files = _core.scan(settings.core())
    return str(root), [(str(path), size, modified) for path, size, modified in files]


def infer(settings: Settings) -> StructType:
    """The columns of the first file that has rows, and of the folders."""
    from pyspark_sftp import _core

    root, files = find(settings)
    full = [file for file in files if file[1] > 0]
    if not full:
        raise ValueError(f"there is no file at {settings.get('path')} to find columns by: give .schema(…)")
    schema = spark_schema(_core.infer(settings.core(), full))
    if not _all_folders(settings):
        known = {field.name.lower() for field in schema.fields}
        for field in folders.columns_of(root, [file[0] for file in files]).fields:
            if field.name.lower() not in known:
                schema.add(field)
    if settings.get("include_metadata", "false").lower() == "true":
        schema.add(METADATA, METADATA_TYPE)
    return schema


def divide(settings: Settings, root: str, files: Sequence[File]) -> list[Parts]:
    """Files as parts of at most `maxPartitionBytes`; small ones together, as Spark does it."""
    from pyspark_sftp import _core

    most = _size(settings.get("maxpartitionbytes"))
    core = settings.core()
    parts: list[Part] = []
    for file in files:
        path, size, _ = file
        if size > most and _core.can_split(core, PurePosixPath(path).name):
            parts += [Part(file, start, min(start + most, size)) for start in range(0, size, most)]
        else:
            parts.append(Part(file, 0, size))
    tasks: list[list[Part]] = []
    room = 0
    for part in parts:
        cost = part.end - part.start + _OPEN_COST
        if not tasks or cost > room:
            tasks.append([])
            room = max(most, cost)
        tasks[-1].append(part)
        room -= cost
    return [Parts(root, task) for task in tasks]


def rows(settings: Settings, schema: StructType, task: Parts) -> Iterator[pa.RecordBatch]:
    """The rows of a task. Columns of folders and `_metadata` are added to those of the files."""
    import pyarrow as pa

    from pyspark_sftp import _core

    wanted = arrow_schema(schema)
    named = [{} if _all_folders(settings) else _lower(folders.values_of(task.root, part.file[0])) for part in task.parts]
    added = [name for name in wanted.names if name == METADATA or any(name.lower() in one for one in named)]
    columns = pa.schema([field for field in wanted if field.name not in added])
    source = _core.Rows(settings.core(), [(part.file, part.start, part.end) for part in task.parts], columns)
    while (found := source.next()) is not None:
        number, batch = found
        more = {name: _constant(wanted.field(name), name, named[number], task.parts[number]) for name in added}
        arrays = [
            pa.repeat(more[name], batch.num_rows) if name in more else batch.column(columns.get_field_index(name))
            for name in wanted.names
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=wanted) if added else batch


def _lower(values: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name.lower(): value for name, value in values.items()}


def _constant(field: pa.Field, name: str, folder_values: Mapping[str, str | None], part: Part) -> pa.Scalar:
    import pyarrow as pa

    if name != METADATA:
        return pa.scalar(folder_values.get(name.lower()), pa.string()).cast(field.type)
    path, size, modified = part.file
    value = {
        "file_path": path,
        "file_name": PurePosixPath(path).name,
        "file_size": size,
        "file_block_start": part.start,
        "file_block_length": part.end - part.start,
        "file_modification_time": modified * 1_000_000,
    }
    return pa.scalar({child.name: value.get(child.name) for child in field.type}, field.type)


def _all_folders(settings: Settings) -> bool:
    return settings.get("recursivefilelookup", "false").lower() == "true"


def _size(text: str | None) -> int:
    if not text:
        return _MOST_BYTES
    lower = text.strip().lower()
    digits = lower.rstrip("kmgb")
    unit = _UNITS.get(lower[len(digits) :])
    if not digits.isdecimal() or unit is None or int(digits) == 0:
        raise ValueError(f"the option maxPartitionBytes = {text!r} is no number of bytes (1048576, 64m, 1g)")
    return int(digits) * unit


class SFTPReader(DataSourceReader):
    """Reads files. `schema` has the columns that are wanted."""

    def __init__(self, options: Mapping[str, str], schema: StructType) -> None:
        self.settings = Settings(options).on_driver()
        self.schema = schema

    def partitions(self) -> Sequence[InputPartition]:
        """List and divide the files, on the driver."""
        return divide(self.settings, *find(self.settings)) or [Parts("", [])]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:  # type: ignore[override]
        """Read one task's parts, in an executor."""
        if not isinstance(partition, Parts):
            raise TypeError("not a partition of this source")
        return rows(self.settings, self.schema, partition)
