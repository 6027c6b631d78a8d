"""The example DAG, for real: dag.test() of Airflow, the real tunnel, a real sshd."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import database
import pytest

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "example_dags"


@pytest.fixture(scope="module")
def runs(machine):
    """Gives what became of the tasks, and the log: of the DAG as it is, and with a script that succeeds."""
    database.make(Path(os.environ["AIRFLOW_HOME"]))
    program = [sys.executable, HERE / "run_dag.py", EXAMPLES / "example_tunnel_job.py", "{}", '{"EXIT_CODE": "0"}']
    settings = {"AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES), "POKE_SECONDS": "0.5", "STEP_SECONDS": "0.1", **machine.env}
    done = subprocess.run(program, env={**os.environ, **settings}, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    parts = re.split(r"^RESULT (.*)$", done.stdout, flags=re.MULTILINE)
    return [(json.loads(result), log) for log, result in zip(parts[::2], parts[1::2], strict=False)]


@pytest.fixture
def failing(runs):
    return runs[0]


def test_the_pair_fails_with_the_exit_code_of_its_job(machine, failing):
    result, log = failing
    assert result["tasks"]["submit"]["state"] == "success"
    assert result["tasks"]["wait"]["state"] == "failed"
    job = machine.hook.status(result["tasks"]["submit"]["xcoms"]["return_value"])
    assert (job.state, job.exit_code, job.status) == ("exited", 123, "running step 10")
    assert f"job {job.id} ended with exit code 123" in log


def test_the_one_task_form_fails_with_the_exit_code_of_its_job(machine, failing):
    result, log = failing
    task = result["tasks"]["submit_and_wait"]
    job = machine.hook.status(task["xcoms"]["job_id"])
    assert (task["state"], job.exit_code) == ("failed", 123)
    assert task["xcoms"]["log_offset"] == job.stdout_bytes
    assert "marking task as UP_FOR_RESCHEDULE" in log


def test_the_deferred_form_fails_with_the_exit_code_of_its_job(machine, failing):
    result, log = failing
    task = result["tasks"]["submit_and_defer"]
    job = machine.hook.status(task["xcoms"]["job_id"])
    assert (task["state"], job.exit_code) == ("failed", 123)
    assert "running trigger in line" in log


def test_each_ran_once_and_each_line_was_shown_once(machine, failing):
    result, log = failing
    jobs = [job for job in machine.hook.jobs() if job.key and f"/{result['run_id']}/" in job.key]
    assert len(jobs) == 3
    # dag.test() of Airflow 3.0 prints every record of a log twice.
    times = log.count("Submitted job ")
    assert times in {3, 6}
    steps = sorted(re.findall(r"stdout \| (\d+)\b", log), key=int)
    assert steps == [str(step) for step in range(1, 11) for _ in range(times)]
    assert log.count("stdout | LOG_FILE is /") == times
    assert "Status of job" in log


def test_all_three_succeed_where_the_job_does_and_clean_up_as_told(machine, runs):
    result, _ = runs[1]
    assert {name: task["state"] for name, task in result["tasks"].items()} == dict.fromkeys(result["tasks"], "success")
    assert result["tasks"]["submit_and_wait"]["xcoms"]["return_value"]["exit_code"] == 0
    there = {job.id for job in machine.hook.jobs()}
    assert result["tasks"]["submit_and_wait"]["xcoms"]["job_id"] in there
    assert result["tasks"]["submit_and_defer"]["xcoms"]["job_id"] not in there
