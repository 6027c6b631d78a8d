"""
A write of many rows on a real cluster, killed in the middle: `tests/cluster.py [ROWS]`, in the environment of test.sh. Not in CI.

A standalone master, and workers on 127.0.0.2 and 127.0.0.3, since a copy of a slow task is put on another host only. While rows are
written, executors are killed, tasks are speculated, and the driver is killed; a reader looks all the time. It must see the old rows or the
new ones, whole.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import pyspark
from servers import Sshd, free_port

PYTHON = sys.executable
HOME = Path(pyspark.__file__).parent
SPARK_CLASS = HOME / "bin" / "spark-class"
PARTS = 8

DRIVER = """
import json, sys, time
from pyspark.sql import SparkSession, functions as f
given = json.load(open(sys.argv[1]))
spark = (SparkSession.builder.master(given["master"])
    .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").config("spark.ui.enabled", "false")
    .config("spark.executor.memory", "1g").config("spark.executor.cores", "1").config("spark.task.maxFailures", "8")
    .config("spark.speculation", "true").config("spark.speculation.interval", "200ms").config("spark.speculation.multiplier", "1.1")
    .config("spark.speculation.quantile", "0.5").config("spark.speculation.minTaskRuntime", "500ms").getOrCreate())
spark.sparkContext.setLogLevel("ERROR")

@f.udf("long")
def slow(n, part):
    # One task is slow the first time, on whichever host: it is speculated.
    from pyspark import TaskContext
    import time
    task = TaskContext.get()
    if given["slow"] and part == 0 and task.attemptNumber() == 0 and n % 5000 == 0:
        time.sleep(0.05)
    return n

frame = spark.range(given["first"], given["first"] + given["rows"], 1, given["parts"])
frame = frame.select(slow("id", f.spark_partition_id()).alias("id"), f.concat(f.lit("row "), "id").alias("text"))
print("writing", flush=True)
frame.write.format("sftp").options(**given["options"]).option("path", given["path"]).mode(given["mode"]).save()
print("written", flush=True)
"""


class Cluster:
    def __init__(self, work: Path):
        self.work, port = work, free_port()
        self.master = f"spark://127.0.0.1:{port}"
        env = {**os.environ, "SPARK_HOME": str(HOME), "SPARK_LOG_DIR": str(work), "PYSPARK_PYTHON": PYTHON}
        start = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]
        self.processes = [self._start("master", "org.apache.spark.deploy.master.Master", start, env)]
        time.sleep(5)
        for host in ("127.0.0.2", "127.0.0.3"):
            more = [
                "--host",
                host,
                "--webui-port",
                "0",
                "--cores",
                "1",
                "--memory",
                "1g",
                "--work-dir",
                str(work / host),
                self.master,
            ]
            one = self._start(host, "org.apache.spark.deploy.worker.Worker", more, {**env, "SPARK_LOCAL_IP": host})
            self.processes.append(one)
        time.sleep(5)

    def _start(self, name, kind, arguments, env):
        log = (self.work / f"{name}.log").open("wb")
        return subprocess.Popen([SPARK_CLASS, kind, *arguments], env=env, stdout=log, stderr=log, start_new_session=True)

    def executors(self):
        return [
            pid
            for pid, line in _commands()
            if "CoarseGrainedExecutorBackend" in line and self.master.split(":")[-1] and str(self.work) in _cwd(pid)
        ]

    def end(self):
        for one in self.processes:
            os.killpg(one.pid, signal.SIGKILL)
            one.wait()
        for pid in self.executors():
            os.kill(pid, signal.SIGKILL)


def _commands():
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield int(process.name), (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue


def _cwd(pid):
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


class Reader(threading.Thread):
    """Reads all rows again and again, as somebody who knows nothing of the writer."""

    def __init__(self, path: Path, allowed):
        super().__init__(daemon=True)
        self.path, self.allowed, self.is_over, self.looks, self.wrong = path, allowed, threading.Event(), 0, []

    def run(self):
        while not self.is_over.wait(0.05):
            found = rows_of(self.path)
            self.looks += 1
            if found is not None and found not in self.allowed:
                self.wrong.append(found)


def rows_of(path: Path):
    """How many rows, and the sum of their numbers; None where the folder changed while it was read."""
    count = total = 0
    try:
        folder = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        for name in os.listdir(folder):
            if not name.startswith(("_", ".")):
                with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=folder)) as file:
                    next(file)
                    for line in file:
                        count += 1
                        total += int(line.partition(",")[0])
    except (OSError, StopIteration):
        return None
    finally:
        os.close(folder)
    return count, total


def expected(first, rows):
    return rows, rows * first + rows * (rows - 1) // 2


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        sshd = Sshd(work / "sshd")
        cluster = Cluster(work)
        path = work / "in"
        try:

            def write(first, mode, slow=False):
                import json

                given = work / f"given-{time.monotonic_ns()}.json"
                given.touch(mode=0o600)
                given.write_text(json.dumps({
                    "master": cluster.master, "options": {**sshd.options, "sweep_after": "0s", "dead_after": "5s"}, "path": str(path),
                    "first": first, "rows": rows, "parts": PARTS, "mode": mode, "slow": slow,
                }))  # fmt: skip
                env = {**os.environ, "PYSPARK_PYTHON": PYTHON, "PYSPARK_DRIVER_PYTHON": PYTHON}
                driver = subprocess.Popen(
                    [PYTHON, "-c", DRIVER, given], env=env, stdout=subprocess.PIPE, stderr=(work / "driver.log").open("ab"), text=True,
                    start_new_session=True,
                )  # fmt: skip
                assert driver.stdout.readline() == "writing\n", (work / "driver.log").read_text()[-3000:]
                return driver

            def staged():
                return sum(1 for file in work.glob(".in.spark-sftp/*/*/*") if file.is_file())

            start = time.monotonic()
            assert write(0, "overwrite").communicate()[0] == "written\n", (work / "driver.log").read_text()[-3000:]
            assert rows_of(path) == expected(0, rows)
            print(f"written: {rows} rows in {time.monotonic() - start:.0f} s", flush=True)

            reader = Reader(path, [expected(0, rows), expected(rows, rows)])
            reader.start()
            driver = write(rows, "overwrite", slow=True)
            while staged() < 3:
                time.sleep(0.1)
            victim = cluster.executors()[0]
            os.kill(victim, signal.SIGKILL)
            print(f"executor {victim} killed in the middle", flush=True)
            assert driver.communicate()[0] == "written\n", (work / "driver.log").read_text()[-3000:]
            reader.is_over.set()
            reader.join()
            assert rows_of(path) == expected(rows, rows)
            assert reader.wrong == [], reader.wrong
            print(f"an executor killed, tasks speculated: the new rows, and {reader.looks} looks saw old or new", flush=True)

            for step in ("staging", "later"):
                before = rows_of(path)
                reader = Reader(path, [before])
                reader.start()
                driver = write(5 * rows, "overwrite")
                while staged() < (2 if step == "staging" else PARTS - 1):
                    time.sleep(0.1)
                os.killpg(driver.pid, signal.SIGKILL)
                driver.wait()
                time.sleep(3)
                reader.is_over.set()
                reader.join()
                assert reader.wrong == []
                assert rows_of(path) == before
                print(f"driver killed ({step}): the old rows, {reader.looks} looks", flush=True)
            assert write(7 * rows, "overwrite").communicate()[0] == "written\n"
            assert rows_of(path) == expected(7 * rows, rows)
            left = [entry.name for entry in work.glob(".in*")]
            assert left == [], left
            print("the next write: the new rows, and nothing is left", flush=True)
        finally:
            cluster.end()
            sshd.end()


if __name__ == "__main__":
    main()
