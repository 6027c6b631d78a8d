"""
Many at the same time, on a machine whose sshd has its defaults, and on an endpoint. Each is to run, and each once.

FAN_OUT is how many submit at once: 50 on the machine where it is not said otherwise, and two fifths of them on the endpoint.
FAN_OUT_TASKS is how many tasks the scheduler has for the machine: 10, and again two fifths of them on the endpoint.
FAN_OUT_WORKERS is how many of them run at the same time: 8.
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from deployment import Deployment
from sshd import end_home
from test_machine import ended

TASKS = int(os.environ.get("FAN_OUT_TASKS", "10"))
WORKERS = int(os.environ.get("FAN_OUT_WORKERS", "8"))
SIZE = int(os.environ.get("FAN_OUT", "50"))
DAGS = Path(__file__).parent / "dags_fan_out"


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


@pytest.fixture
def fan_out(tmp_path):
    """The folder in which each job of the DAG leaves its number."""
    return tmp_path


@pytest.fixture
def airflow(machine, cloud, fan_out, tmp_path_factory):
    """No worker dies here, and a machine that is busy with all of them is given time."""
    told = {"OUTPUTS": str(cloud.outputs), "FAN_OUT_RUNS": str(fan_out), "FAN_OUT_TASKS": str(TASKS)}
    home = tmp_path_factory.mktemp("airflow")
    made = Deployment(home, DAGS, {**cloud.env, **machine.env, **told}, workers=WORKERS, heartbeat_timeout=300)
    yield made
    made.end()


def why(airflow, path, task):
    """What a person finds in the log of a task that failed."""
    log = airflow.ask("GET", f"{path}/taskInstances/{task['task_id']}/logs/1?map_index={task['map_index']}&full_content=true")
    words = [
        f"{event['event']} {[error['exc_value'] for error in event.get('error_detail') or []]}" for event in log["content"][-6:]
    ]
    return "\n  ".join([f"{task['task_id']} {task['map_index']} is {task['state']} in try {task['try_number']}:", *words])


def test_a_scheduler_starts_many_tasks_at_once(airflow, fan_out):
    airflow.wait("the DAG", lambda: any(dag["dag_id"] == "fan_out" for dag in airflow.ask("GET", "/dags")["dags"]))
    run_id = airflow.ask("POST", "/dags/fan_out/dagRuns", {"logical_date": None})["dag_run_id"]
    path = f"/dags/fan_out/dagRuns/{run_id}"
    within = 240 + 20 * TASKS
    airflow.wait("the end", lambda: airflow.ask("GET", path)["state"] in {"success", "failed"}, within)
    tasks = airflow.ask("GET", f"{path}/taskInstances?limit=1000")["task_instances"]
    others = [task for task in tasks if (task["state"], task["try_number"]) != ("success", 1)]
    assert not others, "\n".join(why(airflow, path, task) for task in others)
    for name, size in (("on_machine", TASKS), ("on_endpoint", endpoint_share(TASKS))):
        assert sorted(map(int, (fan_out / name).read_text().split())) == list(range(size))
