"""The rule: which job a task attaches to, and when it starts one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from airflow_provider_tunnel.attempt import Attempt
from airflow_provider_tunnel.job import Job

NOW = "20261127T050000.000000Z"
TASK = "airflow/etl/train/manual__1/-1"


def job(key, state="exited", exit_code=0):
    return Job(id=f"job{abs(hash(key)) % 1000}", state=state, exit_code=exit_code if state == "exited" else None, key=key)


def chosen(context_of, jobs, *, try_number=2, first_try=1):
    attempt = Attempt.of(context_of(SimpleNamespace(retries=3), try_number=try_number, first_try=first_try), retries=3)
    found = attempt.choose(jobs, lambda job: job.has_succeeded)
    return found if isinstance(found, str) else found.key


@pytest.mark.parametrize(
    ("why", "jobs", "tries", "expected"),
    [
        ("nothing there: the first one", [], (1, 1), f"{TASK}/{NOW}/1/1"),
        ("the worker died before or in its submission: the same key", [], (2, 1), f"{TASK}/{NOW}/1/1"),
        ("the worker died, the job runs", [("1/1", "running", None)], (2, 1), f"{TASK}/{NOW}/1/1"),
        ("the worker died, the job is about to run", [("1/1", "pending", None)], (2, 1), f"{TASK}/{NOW}/1/1"),
        ("the worker died, and the job succeeded since", [("1/1", "exited", 0)], (2, 1), f"{TASK}/{NOW}/1/1"),
        ("the job failed", [("1/1", "exited", 3)], (2, 1), f"{TASK}/{NOW}/1/2"),
        ("the job was lost", [("1/1", "lost", None)], (2, 1), f"{TASK}/{NOW}/1/2"),
        ("the job was cancelled", [("1/1", "cancelled", None)], (2, 1), f"{TASK}/{NOW}/1/2"),
        ("the job's time was over", [("1/1", "timed_out", None)], (2, 1), f"{TASK}/{NOW}/1/2"),
        ("two failed", [("1/1", "exited", 3), ("1/2", "signaled", None)], (3, 1), f"{TASK}/{NOW}/1/3"),
        ("one failed, the second one runs", [("1/1", "exited", 3), ("1/2", "running", None)], (3, 1), f"{TASK}/{NOW}/1/2"),
        ("nine failed, ten come after nine", [(f"1/{n}", "exited", 3) for n in range(1, 11)], (11, 1), f"{TASK}/{NOW}/1/11"),
        ("cleared after a success: again", [("1/1", "exited", 0)], (2, 2), f"{TASK}/{NOW}/2/1"),
        ("cleared after a failure: again", [("1/1", "exited", 3)], (2, 2), f"{TASK}/{NOW}/2/1"),
        ("cleared, and its job still runs: never two", [("1/1", "running", None)], (2, 2), f"{TASK}/{NOW}/1/1"),
    ],
)
def test_the_rule(context_of, why, jobs, tries, expected):
    there = [job(f"{TASK}/{NOW}/{suffix}", state, code) for suffix, state, code in reversed(jobs)]
    assert chosen(context_of, there, try_number=tries[0], first_try=tries[1]) == expected, why


@pytest.mark.parametrize(
    "key",
    [
        None,
        "something else",
        f"airflow/etl/train/manual__1/0/{NOW}/1/1",
        f"airflow/etl/train/manual__2/-1/{NOW}/1/1",
        f"airflow/etl/train2/manual__1/-1/{NOW}/1/1",
        f"{TASK}/{NOW}/1/x",
        f"{TASK}/1",
    ],
)
def test_jobs_of_others_are_left_alone(context_of, key):
    assert chosen(context_of, [job(key, "running")]) == f"{TASK}/{NOW}/1/1"


def test_a_dag_run_that_was_deleted_and_made_again_runs_the_command_again(context_of):
    assert chosen(context_of, [job(f"{TASK}/20250101T000000.000000Z/1/1")]) == f"{TASK}/{NOW}/1/1"


def test_a_job_that_runs_is_found_although_its_dag_run_was_started_again(context_of):
    old = f"{TASK}/20250101T000000.000000Z/1/1"
    assert chosen(context_of, [job(old, "running")]) == old


def test_names_with_slashes_are_no_other_tasks_names(context_of):
    attempt = Attempt.of(context_of(run_id="a/b"), retries=0)
    assert attempt.task == "airflow/etl/train/a%2Fb/-1"


def test_a_key_of_ones_own_stands_for_the_tasks_names(context_of):
    assert Attempt.of(context_of(), retries=0, key="mine").key(2) == f"mine/{NOW}/1/2"
