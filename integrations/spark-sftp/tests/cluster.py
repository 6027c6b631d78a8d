"""
A write of many rows on a real cluster, killed in the middle: `tests/cluster.py [ROWS]`, in the environment of test.sh. Not in CI.

A standalone master, and workers on 127.0.0.2 and 127.0.0.3, since a copy of a slow task is put on another host only. While rows are
written, a task is speculated, executors are killed, and the driver is killed; a reader looks all the time. It must see the old rows or
the new ones, whole, row for row.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from servers import Sshd
from standalone import Cluster

PYTHON = sys.executable
PARTS = 8

DRIVER = """
import json, sys, time
from pyspark.sql import SparkSession, functions as f
given = json.load(open(sys.argv[1]))
spark = (SparkSession.builder.master(given["master"])
    .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").config("spark.ui.enabled", "false")
    .config("spark.executor.memory", "1g").config("spark.executor.cores", "1").config("spark.task.maxFailures", "8")
    .config("spark.speculation", "true").config("spark.speculation.interval", "200ms").config("spark.speculation.multiplier", "1.1")
    .config("spark.speculation.quantile", "0.5").config("spark.speculation.minTaskRuntime", "500ms")
    .config("spark.eventLog.enabled", "true").config("spark.eventLog.compress", "false")
    .config("spark.eventLog.dir", "file://" + given["events"]).getOrCreate())
spark.sparkContext.setLogLevel("ERROR")

@f.udf("long")
def slow(n, part):
    # One task stands still in its middle, on whichever host: only a copy of it goes on.
    from pyspark import TaskContext
    import time
    if given["slow"] and part == 1 and TaskContext.get().attemptNumber() == 0 and n == given["first"] + given["rows"] * 3 // given["parts"] // 2:
        time.sleep(600)
    return n

frame = spark.range(given["first"], given["first"] + given["rows"], 1, given["parts"])
frame = frame.select(slow("id", f.spark_partition_id()).alias("id"), f.concat(f.lit("row "), "id").alias("text"))
print("writing", flush=True)
frame.write.format("sftp").options(**given["options"]).option("path", given["path"]).mode(given["mode"]).save()
if given["slow"]:
    # The copy that is not needed is killed behind the job's back.
    time.sleep(10)
print("written", flush=True)
spark.stop()
"""


class Reader(threading.Thread):
    """Reads all rows again and again, as somebody who knows nothing of the writer."""

    def __init__(self, path: Path):
        super().__init__(daemon=True)
        self.path, self.is_over, self.seen, self.changes = path, threading.Event(), [], 0

    def run(self):
        while not self.is_over.wait(0.05):
            found = rows_of(self.path)
            if found is None:
                self.changes += 1
            else:
                self.seen.append(found)

    def end(self, *allowed):
        self.is_over.set()
        self.join()
        wrong = [found for found in self.seen if found not in allowed]
        assert wrong == [], wrong
        return (
            f"{len(self.seen)} looks saw {' or '.join(map(str, sorted(set(self.seen))))}, and {self.changes} no folder that stayed"
        )


def rows_of(path: Path):
    """The first row's number and how many follow it, or what is wrong; None where the folder changed while it was read."""
    try:
        folder = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    tables = []
    try:
        for name in os.listdir(folder):
            if not name.startswith(("_", ".")):
                with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=folder), "rb") as file:
                    tables.append(pa.csv.read_csv(file))
        if os.stat(path).st_ino != os.fstat(folder).st_ino:
            return None
    except OSError:
        return None
    finally:
        os.close(folder)
    table = pa.concat_tables(tables)
    numbers, texts = table["id"].cast(pa.int64()), table["text"].cast(pa.string())
    if not pc.all(pc.equal(texts, pc.binary_join_element_wise("row", numbers.cast(pa.string()), " "))).as_py():
        return "texts of other rows"
    ordered = np.sort(numbers.to_numpy())
    first = int(ordered[0]) if len(ordered) else 0
    return (first, len(ordered)) if np.array_equal(ordered, np.arange(first, first + len(ordered))) else "rows twice or not at all"


def tasks_in(events: Path):
    """How many copies of tasks were begun, and how many tasks were killed since a copy was ready."""
    lines = [json.loads(line) for log in events.rglob("events_*") for line in log.read_text().splitlines()]
    begun = sum(1 for one in lines if one["Event"] == "SparkListenerTaskStart" and one["Task Info"]["Speculative"])
    reasons = [one["Task End Reason"] for one in lines if one["Event"] == "SparkListenerTaskEnd"]
    killed = sum(1 for reason in reasons if reason["Reason"] == "TaskKilled")
    return begun, killed


class Bench:
    """A cluster, a server, and drivers that write."""

    def __init__(self, work: Path, rows: int):
        self.work, self.rows, self.path = work, rows, work / "in"
        self.sshd, self.cluster = Sshd(work / "sshd"), Cluster(work)

    def write(self, first, slow=False):
        """Starts a driver that replaces what is there by rows from a number on."""
        self.events = self.work / f"events-{time.monotonic_ns()}"
        self.events.mkdir()
        given = self.events.with_suffix(".json")
        given.touch(mode=0o600)
        given.write_text(json.dumps({
            "master": self.cluster.master, "options": {**self.sshd.options, "sweep_after": "0s", "dead_after": "5s"},
            "path": str(self.path), "first": first, "rows": self.rows, "parts": PARTS, "mode": "overwrite", "slow": slow,
            "events": str(self.events),
        }))  # fmt: skip
        env = {**os.environ, "PYSPARK_PYTHON": PYTHON, "PYSPARK_DRIVER_PYTHON": PYTHON}
        with (self.work / "driver.log").open("ab") as log:
            driver = subprocess.Popen(
                [PYTHON, "-c", DRIVER, given], env=env, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
        assert driver.stdout.readline() == "writing\n", self.said()
        return driver

    def said(self):
        return (self.work / "driver.log").read_text()[-3000:]

    def ends(self, driver, first):
        assert driver.communicate()[0] == "written\n", self.said()
        assert rows_of(self.path) == (first, self.rows)

    def wait_for(self, staged):
        while sum(1 for file in self.work.glob(".in.spark-sftp/*/*/*") if file.is_file()) < staged:
            time.sleep(0.1)

    def speculates(self, first):
        start, reader = time.monotonic(), Reader(self.path)
        reader.start()
        self.ends(self.write(first, slow=True), first)
        begun, killed = tasks_in(self.events)
        assert begun > 0, "no task was speculated"
        assert killed > 0, "no copy was killed"
        seconds = time.monotonic() - start
        print(
            f"{self.rows} rows in {seconds:.0f} s, {begun} copies begun, {killed} killed: {reader.end((first, self.rows))}",
            flush=True,
        )

    def loses_an_executor(self, before, first):
        reader = Reader(self.path)
        reader.start()
        driver = self.write(first)
        self.wait_for(3)
        victim = self.cluster.executors()[0]
        os.kill(victim, signal.SIGKILL)
        self.ends(driver, first)
        print(f"an executor killed in the middle: {reader.end((before, self.rows), (first, self.rows))}", flush=True)

    def loses_its_driver(self, before, first, staged):
        reader = Reader(self.path)
        reader.start()
        driver = self.write(first)
        self.wait_for(staged)
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
        time.sleep(3)
        assert rows_of(self.path) == (before, self.rows)
        print(f"the driver killed when {staged} files were staged: {reader.end((before, self.rows))}", flush=True)

    def end(self):
        self.cluster.end()
        self.sshd.end()


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        bench = Bench(work, rows)
        try:
            bench.speculates(0)
            bench.loses_an_executor(0, rows)
            bench.loses_its_driver(rows, 2 * rows, 2)
            bench.loses_its_driver(rows, 3 * rows, PARTS - 1)
            bench.ends(bench.write(4 * rows), 4 * rows)
            left = [entry.name for entry in work.glob(".in*")]
            assert left == [], left
            print("the next write: the new rows, and nothing is left", flush=True)
        finally:
            bench.end()


if __name__ == "__main__":
    main()
