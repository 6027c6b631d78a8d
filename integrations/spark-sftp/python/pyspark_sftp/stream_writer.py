"""
Writes of streams: each batch is there once, also when it is replayed after a crash.

A batch is known by its query, whose id stays the same over restarts, and its number. The server keeps the number of the last one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import datasource
from pyspark.sql.datasource import DataSourceStreamWriter, WriterCommitMessage
from pyspark.sql.types import StructType

from pyspark_sftp.schema import arrow_schema
from pyspark_sftp.settings import Settings
from pyspark_sftp.writer import Written, files_of, write_attempt

if TYPE_CHECKING:
    from pyarrow import RecordBatch

# Rows come as batches since Spark 4.1.
_Base = getattr(datasource, "DataSourceStreamArrowWriter", DataSourceStreamWriter)
# StreamExecution.QUERY_ID_KEY and MicroBatchExecution.BATCH_ID_KEY of Spark.
_QUERY, _BATCH = "sql.streaming.queryId", "streaming.sql.batchId"


@dataclass
class WrittenBatch(Written):
    """The files of an attempt, and whose batch they are of."""

    query: str


class SFTPStreamWriter(_Base):  # type: ignore[misc, valid-type]
    """Writes a stream. `overwrite` says that each batch replaces what is there: output mode complete."""

    def __init__(self, options: Mapping[str, str], schema: StructType, overwrite: bool) -> None:
        from pyspark_sftp import _core

        if _Base is DataSourceStreamWriter:
            raise RuntimeError("streams are written with Spark 4.1 or newer: this one hands over rows one by one")
        self.settings = Settings(options).on_driver()
        if self.settings.get("if_exists"):
            raise ValueError("if_exists is of no use to a stream: it goes on with what is there")
        if self.settings.flag("single_file") and not overwrite:
            raise ValueError("single_file is one file, and a stream adds to it: use output mode complete, or leave single_file out")
        self.schema = schema
        self.overwrite = overwrite
        self.job = uuid.uuid4().hex
        _core.prepare(self.settings.core(), self.job, overwrite, arrow_schema(schema))

    def write(self, iterator: Iterator[RecordBatch]) -> WriterCommitMessage:
        """Write one partition of a batch, in an executor."""
        from pyspark import TaskContext

        task = TaskContext.get()
        query, batch = (task.getLocalProperty(name) if task else None for name in (_QUERY, _BATCH))
        if not query or batch is None:
            raise RuntimeError(f"Spark does not say which batch this is ({_QUERY}, {_BATCH})")
        written = write_attempt(self.settings, _job(query, int(batch)), self.overwrite, self.schema, iterator)
        return WrittenBatch(written.files, query)

    def commit(self, messages: list[WriterCommitMessage | None], batchId: int) -> None:  # noqa: N803 Spark's
        """Make a batch seen, unless it is."""
        from pyspark_sftp import _core

        if query := _query(messages):
            batch = None if self.overwrite else (query, batchId)
            _core.commit(self.settings.core(), _job(query, batchId), self.overwrite, files_of(messages), batch)

    def abort(self, messages: list[WriterCommitMessage | None], batchId: int) -> None:  # noqa: N803 Spark's
        """Remove the files of all attempts of a batch."""
        from pyspark_sftp import _core

        query = _query(messages)
        _core.abort(self.settings.core(), _job(query, batchId) if query else self.job, self.overwrite)


def _query(messages: list[WriterCommitMessage | None]) -> str | None:
    return next((message.query for message in messages if isinstance(message, WrittenBatch)), None)


def _job(query: str, batch: int) -> str:
    return f"{query}-{batch}"
