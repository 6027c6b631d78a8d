"""The same under the name that notebooks of databricks-sftp-data-source import."""

from pyspark_sftp import SFTPConnectionTester, SFTPDataSource, SFTPWriter

__all__ = ["SFTPConnectionTester", "SFTPDataSource", "SFTPWriter"]
