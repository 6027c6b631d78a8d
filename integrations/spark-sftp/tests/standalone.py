"""A standalone cluster of Spark on loopback: a master, and two workers with hosts of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyspark
from servers import free_port

HOME = Path(pyspark.__file__).parent
SPARK_CLASS = HOME / "bin" / "spark-class"


class Cluster:
    def __init__(self, work: Path):
        self.work, port = work, free_port()
        self.master = f"spark://127.0.0.1:{port}"
        env = {**os.environ, "SPARK_HOME": str(HOME), "SPARK_LOG_DIR": str(work), "PYSPARK_PYTHON": sys.executable}
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
        return [pid for pid, line in _commands() if "CoarseGrainedExecutorBackend" in line and str(self.work) in _cwd(pid)]

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
