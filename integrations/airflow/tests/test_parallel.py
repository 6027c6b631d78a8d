"""
Many at the same time, on a machine whose sshd has its defaults, and on an endpoint. Each is to run, and each once.

FAN_OUT is how many submit at once: 50 on the machine where it is not said otherwise, and two fifths of them on the endpoint.
FAN_OUT_TASKS is how many tasks the scheduler has for the machine: 10, and again two fifths of them on the endpoint.
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sshd import end_home
from test_machine import ended

TASKS = int(os.environ.get("FAN_OUT_TASKS", "10"))
SIZE = int(os.environ.get("FAN_OUT", "50"))


def endpoint_share(size):
    return max(2, size * 2 // 5)


@pytest.fixture
def unknown(monkeypatch):
    """A home in which there is no connection yet that calls could share."""
    home = Path(tempfile.mkdtemp(prefix="t"))
    monkeypatch.setenv("DATABRICKS_TUNNEL_HOME", str(home))
    yield home
    end_home(home)


def at_once(hook, size, folder):
    """Submit that many at the same moment, and wait for their ends."""
    runs = folder / "runs"

    def submit(number):
        return hook.submit(f"echo {number} >>'{runs}'", key=f"{folder}/{number}", env={"NUMBER": number})

    with ThreadPoolExecutor(size) as threads:
        submitted = [future.result() for future in [threads.submit(submit, number) for number in range(size)]]
    for one in submitted:
        assert ended(hook, one.id, within=120).has_succeeded
    assert sorted(map(int, runs.read_text().split())) == list(range(size))


def test_many_submissions_at_once_to_one_machine(machine, unknown, tmp_path):
    at_once(machine.hook, SIZE, tmp_path)


def test_many_submissions_at_once_to_one_endpoint(cloud, unknown, tmp_path, monkeypatch):
    for name, value in cloud.env.items():
        monkeypatch.setenv(name, value)
    at_once(cloud.hook, endpoint_share(SIZE), tmp_path)


def test_a_scheduler_starts_many_tasks_at_once(airflow, fan_out):
    airflow.wait("the DAG", lambda: any(dag["dag_id"] == "fan_out" for dag in airflow.ask("GET", "/dags")["dags"]))
    run_id = airflow.ask("POST", "/dags/fan_out/dagRuns", {"logical_date": None})["dag_run_id"]
    path = f"/dags/fan_out/dagRuns/{run_id}"
    within = 240 + 20 * TASKS
    airflow.wait("the end", lambda: airflow.ask("GET", path)["state"] in {"success", "failed"}, within)
    tasks = airflow.ask("GET", f"{path}/taskInstances?limit=1000")["task_instances"]
    ends = [(task["task_id"], task["map_index"], task["state"], task["try_number"]) for task in tasks]
    assert [end for end in ends if end[2:] != ("success", 1)] == []
    for name, size in (("on_machine", TASKS), ("on_endpoint", endpoint_share(TASKS))):
        assert sorted(map(int, (fan_out / name).read_text().split())) == list(range(size))
