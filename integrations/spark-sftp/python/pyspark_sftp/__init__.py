"""
SFTP as a data source of Spark.

Spark imports every module whose name begins with `pyspark_` and takes its `DefaultSource`
(pyspark/sql/worker/lookup_data_sources.py), so that `format("sftp")` works where this package is installed.
"""

from pyspark_sftp.source import SFTPDataSource
from pyspark_sftp.tester import SFTPConnectionTester
from pyspark_sftp.writer import SFTPWriter

__all__ = ["DefaultSource", "SFTPConnectionTester", "SFTPDataSource", "SFTPWriter"]


class DefaultSource(SFTPDataSource):
    """The name by which Spark finds it."""
