"""A real Airflow on loopback: API server, scheduler with LocalExecutor, DAG processor, triggerer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import database
from sshd import end_with_children, free_port


class Deployment:
    def __init__(self, home: Path, dags: Path, env, workers=4, heartbeat_timeout=15):
        """Start it. A task of which nothing is heard for so many seconds is taken for dead."""
        self.home = home
        self.url = f"http://127.0.0.1:{free_port()}"
        port = self.url.rpartition(":")[2]
        self.env = {
            **os.environ,
            **database.settings(home),
            **env,
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(workers),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__PORT": port,
            "AIRFLOW__API__SECRET_KEY": "of the test",
            "AIRFLOW__API_AUTH__JWT_SECRET": "of the test, and long enough for its algorithm to take it without a word of warning",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(heartbeat_timeout),
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        }
        database.make(home)
        self.processes = {}
        self.start("api-server", "--host", "127.0.0.1", "--port", port, "--workers", "1")
        for component in ("dag-processor", "scheduler", "triggerer"):
            self.start(component)

    def start(self, component, *arguments):
        log = (self.home / f"{component}.log").open("ab")
        self.processes[component] = subprocess.Popen(
            [sys.executable, "-m", "airflow", component, *arguments],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def ask(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.url}/api/v2{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json", **self.authorization()},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def authorization(self):
        if not hasattr(self, "token"):
            with urllib.request.urlopen(f"{self.url}/auth/token", timeout=30) as answer:
                self.token = json.load(answer)["access_token"]
        return {"Authorization": f"Bearer {self.token}"}

    def wait(self, what, condition, within=240):
        """Wait until it holds; an API server that does not answer, yet or for a while, is asked again."""
        until = time.monotonic() + within
        last = None
        while time.monotonic() < until:
            try:
                last = condition()
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                last = error
            else:
                if last:
                    return last
            time.sleep(0.5)
        raise AssertionError(f"waited in vain for {what}: {last!r}\n{self.logs()}")

    def logs(self):
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in self.home.glob("*.log"))

    def end(self):
        for process in self.processes.values():
            if process.poll() is None:
                # Its files are gone with it.
                end_with_children(process, patience=0)
