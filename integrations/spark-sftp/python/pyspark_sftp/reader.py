"""
Reads into DataFrames.

The driver lists the files and divides them; each task reads its parts over a connection of its own, batch by batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pyspark.sql.datasource import DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from pyspark_sftp import constants, folders
from pyspark_sftp.constants import METADATA, METADATA_TYPE, File
from pyspark_sftp.filters import excludes, for_core
from pyspark_sftp.schema import arrow_schema, spark_schema
from pyspark_sftp.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

# Spark's own figure: spark.sql.files.openCostInBytes.
_OPEN_COST = 4 << 20


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


def find(settings: Settings) -> list[File]:
    """The files, in the order of their paths."""
    from pyspark_sftp import _core

    return [(str(path), size, modified) for path, size, modified in _core.scan(settings.core())]


def infer(settings: Settings) -> StructType:
    """The columns of the first file that has rows, and of the folders."""
    from pyspark_sftp import _core

    files = find(settings)
    full = [file for file in files if file[1] > 0]
    if not full:
        raise ValueError(f"there is no file at {settings.get('path')} to find columns by: give .schema(…)")
    schema = spark_schema(_core.infer(settings.core(), full))
    if not constants.has_no_columns(settings):
        known = {field.name.lower() for field in schema.fields}
        for field in folders.columns_of(str(_core.root(settings.core())), [file[0] for file in files]).fields:
            if field.name.lower() not in known:
                schema.add(field)
    if settings.flag("include_metadata"):
        schema.add(METADATA, METADATA_TYPE)
    return schema


def divide(settings: Settings, files: Sequence[File]) -> list[Parts]:
    """Files as parts of at most `maxPartitionBytes`; small ones together, as Spark does it."""
    from pyspark_sftp import _core

    core = settings.core()
    most = _core.part_size(core)
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
    root = str(_core.root(core))
    return [Parts(root, task) for task in tasks]


def rows(settings: Settings, schema: StructType, task: Parts, wanted_by: Sequence[Any] = ()) -> Iterator[pa.RecordBatch]:
    """
    The rows of a task. Columns of folders and `_metadata` are added to those of the files.

    Rows that filters exclude may be among them.
    """
    import pyarrow as pa

    from pyspark_sftp import _core

    wanted = arrow_schema(schema)
    named = [constants.of_folders(settings, task.root, part.file[0]) for part in task.parts]
    added = [name for name in wanted.names if name == METADATA or any(name.lower() in one for one in named)]
    columns = pa.schema([field for field in wanted if field.name not in added])
    parts = [(part.file, part.start, part.end) for part in task.parts]
    source = _core.Rows(settings.core(), parts, columns, for_core(wanted_by, columns))
    while (found := source.next()) is not None:
        number, batch = found
        more = {name: _constant(wanted.field(name), name, named[number], task.parts[number]) for name in added}
        arrays = [
            pa.repeat(more[name], batch.num_rows) if name in more else batch.column(columns.get_field_index(name))
            for name in wanted.names
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=wanted) if added else batch


def _constant(field: pa.Field, name: str, folder_values: Mapping[str, str | None], part: Part) -> pa.Scalar:
    import pyarrow as pa

    if name != METADATA:
        return constants.scalar(field, name, folder_values)
    value = {**constants.metadata(part.file), "file_block_start": part.start, "file_block_length": part.end - part.start}
    return pa.scalar({child.name: value.get(child.name) for child in field.type}, field.type)


class SFTPReader(DataSourceReader):
    """Reads files. `schema` has the columns that are wanted."""

    def __init__(self, options: Mapping[str, str], schema: StructType) -> None:
        self.settings = Settings(options).on_driver()
        self.schema = schema
        self.filters: list[Any] = []

    def partitions(self) -> Sequence[InputPartition]:
        """List and divide the files, on the driver."""
        return divide(self.settings, self._files()) or [Parts("", [])]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:  # type: ignore[override]
        """Read one task's parts, in an executor."""
        if not isinstance(partition, Parts):
            raise TypeError("not a partition of this source")
        return rows(self.settings, self.schema, partition, self.filters)

    def _files(self) -> list[File]:
        return find(self.settings)


class FilteringReader(SFTPReader):
    """
    Reads files, but not those that filters exclude, and of parquet not such row groups.

    Asked for by an option: Spark 4.3 reads a DataFrame by the filters of its latest query (PythonDataSourceV2 keeps one plan), and
    it refuses a reader with `pushFilters` where that is switched off.
    """

    found: list[File] | None = None

    def pushFilters(self, filters: list[Any]) -> Iterable[Any]:
        """Takes note of filters. All go back, so that Spark looks at the rows that come."""
        from pyspark_sftp import _core

        root = str(_core.root(self.settings.core()))
        self.filters = filters
        self.found = [
            file for file in find(self.settings) if not excludes(filters, constants.known(self.settings, self.schema, root, file))
        ]
        return filters

    def _files(self) -> list[File]:
        return super()._files() if self.found is None else self.found

    def __getstate__(self) -> dict[str, Any]:
        """Tasks have their own parts."""
        return {**self.__dict__, "found": None}
