"""
Writes of DataFrames.

Spark makes the writer in a planning process, calls `write` in the executors' and `commit` or `abort` in another one of the
driver: what they share is pickled with the writer. An attempt that is killed hears nothing; a commit removes what it left.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql.datasource import DataSourceArrowWriter, WriterCommitMessage
from pyspark.sql.types import StructType

from pyspark_sftp.schema import arrow_schema
from pyspark_sftp.settings import Settings

if TYPE_CHECKING:
    from pyarrow import RecordBatch


@dataclass
class Written(WriterCommitMessage):
    """The files of an attempt, as texts that the core reads."""

    files: list[str]


def write_attempt(settings: Settings, job: str, overwrite: bool, schema: StructType, batches: Iterator[RecordBatch]) -> Written:
    """Write a partition into its attempt's folder."""
    from pyspark import TaskContext

    from pyspark_sftp import _core

    task = TaskContext.get()
    if task is None:
        raise RuntimeError("write is called by Spark's tasks alone")
    first = next(batches, None)
    columns = arrow_schema(schema) if first is None else first.schema
    attempt = _core.Attempt(settings.core(), job, overwrite, (task.partitionId(), task.taskAttemptId()), columns)
    try:
        if first is not None:
            attempt.write(first)
        for batch in batches:
            attempt.write(batch)
        return Written(attempt.finish())
    except BaseException:
        attempt.abandon()
        raise


class SFTPWriter(DataSourceArrowWriter):
    """Writes a DataFrame. `schema` has its columns; `overwrite` says whether what is at the path is replaced."""

    def __init__(self, options: Mapping[str, str], schema: StructType, overwrite: bool) -> None:
        from pyspark_sftp import _core

        self.settings = Settings(options).on_driver()
        self.schema = schema
        self.overwrite = overwrite
        self.job = uuid.uuid4().hex
        self.is_wanted = _core.prepare(self.settings.core(), self.job, overwrite, arrow_schema(schema))

    def write(self, iterator: Iterator[RecordBatch]) -> WriterCommitMessage:
        """Write one partition, in an executor."""
        if not self.is_wanted:
            return Written([])
        return write_attempt(self.settings, self.job, self.overwrite, self.schema, iterator)

    def commit(self, messages: list[WriterCommitMessage | None]) -> None:
        """Make the files of all partitions seen, or none of them."""
        from pyspark_sftp import _core

        if self.is_wanted:
            _core.commit(self.settings.core(), self.job, self.overwrite, files_of(messages))

    def abort(self, messages: list[WriterCommitMessage | None]) -> None:  # noqa: ARG002 the server knows better
        """Remove the files of all attempts."""
        from pyspark_sftp import _core

        if self.is_wanted:
            _core.abort(self.settings.core(), self.job, self.overwrite)


def files_of(messages: list[WriterCommitMessage | None]) -> list[str]:
    """All files, in the order of the partitions."""
    return [file for message in messages if isinstance(message, Written) for file in message.files]
