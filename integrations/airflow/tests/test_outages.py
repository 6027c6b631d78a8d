"""
A real Airflow, the real tunnel and a real sshd, and what goes wrong on a bad day.

A task's process is killed with -9 when its job has been submitted and the answer is not there yet, its worker in a later poke;
the triggerer is killed with -9; a person marks tasks as failed, deferred and not.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from deployment import Deployment

DAGS = Path(__file__).parent / "dags_outages"

# Each file is one death, at that moment: of the process that called it, which executes the task; and of that and its parent,
# the whole worker.
DEADLY = """#!/bin/sh
case " $* " in
*" submit "*)
  if [ -e {folder}/in-submit ]; then
    rm {folder}/in-submit
    "{tunnel}" "$@" >{folder}/lost-answer
    kill -9 $PPID
    exit 1
  fi
  ;;
*" status "*)
  if [ -e {folder}/in-poke ]; then
    rm {folder}/in-poke
    kill -9 $(ps -o ppid= -p $PPID) $PPID
    exit 1
  fi
  ;;
esac
exec "{tunnel}" "$@"
"""


@pytest.fixture(scope="module")
def deaths(tmp_path_factory):
    return tmp_path_factory.mktemp("deaths")


@pytest.fixture(scope="module")
def airflow(machine, deaths):
    deadly = deaths / "tunnel"
    deadly.write_text(DEADLY.format(folder=deaths, tunnel=machine.tunnel))
    deadly.chmod(0o700)
    (deaths / "in-submit").touch()
    home = Path(os.environ["AIRFLOW_HOME"])
    made = Deployment(home, DAGS, {**machine.env, "DEADLY_TUNNEL": str(deadly), "RUNS": str(deaths / "runs")})
    yield made
    made.end()


@pytest.fixture(scope="module")
def run(airflow):
    """Starts the DAG; gives its path in the API."""
    airflow.wait("the DAG", lambda: any(dag["dag_id"] == "outages" for dag in airflow.ask("GET", "/dags")["dags"]))
    run_id = airflow.ask("POST", "/dags/outages/dagRuns", {"logical_date": None})["dag_run_id"]
    return f"/dags/outages/dagRuns/{run_id}/taskInstances"


def task(airflow, run, name):
    return airflow.ask("GET", f"{run}/{name}")


def state(airflow, run, name, *states):
    return airflow.wait(f"{name} to be {states}", lambda: (found := task(airflow, run, name))["state"] in states and found)


def log_of(airflow, run, name, tries):
    """What a person reads: the lines of the job's stdout in the logs of all tries."""
    lines = []
    for number in range(1, tries + 1):
        content = airflow.ask("GET", f"{run}/{name}/logs/{number}?full_content=true")["content"]
        lines += [event["event"].removeprefix("stdout | ") for event in content if str(event.get("event")).startswith("stdout | ")]
    return lines


STEPS = [f"step {step}" for step in range(1, 9)]


def test_a_worker_that_is_killed_twice_finds_its_job_again(airflow, run, machine, deaths):
    airflow.wait("the death in the submission", lambda: not (deaths / "in-submit").exists())
    (deaths / "in-poke").touch()
    airflow.wait("the death in a poke", lambda: not (deaths / "in-poke").exists())
    found = state(airflow, run, "killed_worker", "success", "failed")
    assert (found["state"], found["try_number"]) == ("success", 3)
    assert len(machine.jobs("killed_worker")) == 1
    assert (deaths / "runs.worker").read_text() == "run\n"
    assert log_of(airflow, run, "killed_worker", 3) == STEPS


def test_a_task_that_is_failed_while_deferred_cancels_its_job(airflow, run, machine):
    state(airflow, run, "failed_while_deferred", "deferred")
    assert machine.jobs("failed_while_deferred")[0].state == "running"
    # Its trigger runs, and is not only in the database.
    time.sleep(5)
    airflow.ask("PATCH", f"{run}/failed_while_deferred", {"new_state": "failed"})
    airflow.wait("the job's end", lambda: machine.jobs("failed_while_deferred")[0].state == "cancelled")
    assert task(airflow, run, "failed_while_deferred")["state"] == "failed"


def test_a_task_that_is_failed_on_its_worker_cancels_its_job(airflow, run, machine):
    state(airflow, run, "failed_on_worker", "running")
    airflow.wait("the job", lambda: machine.jobs("failed_on_worker"))
    time.sleep(2)
    airflow.ask("PATCH", f"{run}/failed_on_worker", {"new_state": "failed"})
    airflow.wait("the job's end", lambda: machine.jobs("failed_on_worker")[0].state == "cancelled")


def test_a_triggerer_that_is_killed_and_comes_back_leaves_the_job_alone(airflow, run, machine, deaths):
    state(airflow, run, "restarted_triggerer", "deferred")
    triggerer = psutil.Process(airflow.processes["triggerer"].pid)
    for process in [triggerer, *triggerer.children(recursive=True)]:
        process.send_signal(signal.SIGKILL)
    airflow.processes["triggerer"].wait(10)
    (deaths / "runs.go").touch()
    airflow.start("triggerer")
    found = state(airflow, run, "restarted_triggerer", "success", "failed")
    assert (found["state"], found["try_number"]) == ("success", 1)
    assert len(machine.jobs("restarted_triggerer")) == 1
    assert (deaths / "runs.triggerer").read_text() == "run\n"
    assert log_of(airflow, run, "restarted_triggerer", 1) == STEPS
