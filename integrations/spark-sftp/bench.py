"""
What `df.write` costs beside Paramiko, in one Spark and to one sshd: `bench.py [MEGABYTES]`, in the environment of test.sh with a wheel of
`maturin build --release`.

The peer is the way of databricks-sftp-data-source: rows come one by one, a partition becomes a pandas DataFrame, its CSV a buffer, and
that is put with Paramiko. Printed are seconds, MB/s of CSV at the server, and the most memory of a Python worker.
"""

import io
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tests"))
from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceWriter, WriterCommitMessage
from servers import Sshd

os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
ROW = 100


class ParamikoWriter(DataSourceWriter):
    def __init__(self, options):
        self.options = dict(options)

    def write(self, iterator):
        import pandas as pd
        import paramiko
        from pyspark import TaskContext

        rows = [row.asDict() for row in iterator]
        buffer = io.BytesIO()
        pd.DataFrame(rows).to_csv(buffer, index=False)
        buffer.seek(0)
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        key = paramiko.Ed25519Key.from_private_key(io.StringIO(self.options["private_key_content"]))
        client.connect(self.options["host"], int(self.options["port"]), self.options["username"], pkey=key, look_for_keys=False)
        with client, client.open_sftp() as sftp:
            sftp.putfo(buffer, f"{self.options['path']}/part_{TaskContext.get().partitionId():05}.csv")
        return WriterCommitMessage()


class ParamikoSource(DataSource):
    @classmethod
    def name(cls):
        return "paramiko"

    def writer(self, schema, overwrite):
        return ParamikoWriter(self.options)


class Memory(threading.Thread):
    """The most memory that a process of this session's Python workers has had."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most = 0
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.wait(0.1):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if b"pyspark.daemon" in (process / "cmdline").read_bytes():
                        pages = int((process / "statm").read_text().split()[1])
                        self.most = max(self.most, pages * os.sysconf("SC_PAGE_SIZE"))
                except OSError:
                    continue


def measured(spark, frame, name, options, folder):
    spark.createDataFrame([(1,)], "n INT").coalesce(1).write.format("noop").mode("overwrite").save()
    memory = Memory()
    memory.start()
    start = time.monotonic()
    frame.write.format(name).options(**options).option("path", str(folder)).mode("append").save()
    seconds = time.monotonic() - start
    memory.is_over.set()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(
        f"{name:9} {seconds:7.1f} s {size / seconds / 1e6:7.1f} MB/s  worker {memory.most / 1e6:6.0f} MB  ({size / 1e6:.0f} MB)",
        flush=True,
    )
    return seconds


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        sshd = Sshd(work / "sshd")
        spark = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .getOrCreate()
        )
        spark.sparkContext.setLogLevel("ERROR")
        spark.dataSource.register(ParamikoSource)
        count = megabytes * 10**6 // ROW
        text = "repeat(chr(97 + CAST(id % 26 AS INT)), 56)"
        frame = spark.range(0, count, 1, 8).selectExpr("id", "id * 3 AS three", f"{text} AS text", "id / 7 AS ratio")
        times = {}
        try:
            for name in ("sftp", "paramiko"):
                (work / name).mkdir()
                times[name] = measured(spark, frame, name, sshd.options, work / name)
            print(f"paramiko / sftp: {times['paramiko'] / times['sftp']:.1f}")
        finally:
            spark.stop()
            sshd.end()


if __name__ == "__main__":
    main()
