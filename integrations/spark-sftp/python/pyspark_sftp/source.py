"""The data source `sftp`."""

from __future__ import annotations

from collections.abc import MutableMapping

from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    DataSourceStreamWriter,
    DataSourceWriter,
)
from pyspark.sql.types import StructType

from pyspark_sftp.reader import FilteringReader, SFTPReader, infer
from pyspark_sftp.settings import Settings
from pyspark_sftp.stream_reader import SFTPStreamReader
from pyspark_sftp.stream_writer import SFTPStreamWriter
from pyspark_sftp.writer import SFTPWriter


class SFTPDataSource(DataSource):
    """Files on an SFTP server. The README lists the options."""

    def __init__(self, options: MutableMapping[str, str]) -> None:
        # Spark keeps its own copy under `options`; nothing else prints it.
        super().__init__(options)
        self.settings = Settings(options)

    @classmethod
    def name(cls) -> str:
        """The word in `format("sftp")`."""
        return "sftp"

    def schema(self) -> StructType:
        """The columns of the files, where none are given."""
        return infer(self.settings.on_driver())

    def reader(self, schema: StructType) -> DataSourceReader:
        """For `spark.read`."""
        pushes = self.settings.flag("push_filters")
        return (FilteringReader if pushes else SFTPReader)(self.settings, schema)

    def writer(self, schema: StructType, overwrite: bool) -> DataSourceWriter:
        """For `df.write`."""
        return SFTPWriter(self.settings, schema, overwrite)

    def streamReader(self, schema: StructType) -> DataSourceStreamReader:
        """For `spark.readStream`."""
        return SFTPStreamReader(self.settings, schema)

    def streamWriter(self, schema: StructType, overwrite: bool) -> DataSourceStreamWriter:
        """For `df.writeStream`."""
        return SFTPStreamWriter(self.settings, schema, overwrite)
