"""The operators and the sensor, against the fake tunnel."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time

import pytest

from airflow_provider_tunnel.compat import AirflowException, AirflowFailException, AirflowSensorTimeout, AirflowSkipException
from airflow_provider_tunnel.errors import TunnelError
from airflow_provider_tunnel.operators.job import TunnelJobOperator
from airflow_provider_tunnel.operators.submit import TunnelSubmitJobOperator
from airflow_provider_tunnel.sensors.job import TunnelJobSensor
from airflow_provider_tunnel.watch import Watch

try:
    from airflow.sdk.exceptions import AirflowRescheduleException, TaskDeferred
except ImportError:  # 3.0
    from airflow.exceptions import AirflowRescheduleException, TaskDeferred

DONE = {"state": "exited", "exit_code": 0}
FAILED = {"state": "exited", "exit_code": 123, "status": "running step 10"}


@pytest.fixture
def task(fake):
    """Makes a new process's operator: nothing of the last one is in it."""

    def make(kind=TunnelJobOperator, **arguments):
        if kind is not TunnelJobSensor:
            arguments = {"command": ["sh", "work.sh"], **arguments}
        return kind(task_id="train", host="somewhere", tunnel=str(fake.program), **arguments)

    return make


@pytest.fixture
def shown(monkeypatch):
    """The lines of logs that were shown since it was last asked."""
    lines = []
    monkeypatch.setattr(Watch, "_line", lambda _, stream, line: lines.append(line if stream == "stdout" else f"{stream} | {line}"))

    def take():
        taken = list(lines)
        lines.clear()
        return taken

    return take


def test_submit_gives_the_id_and_leaves(fake, task, context_of):
    operator = task(TunnelSubmitJobOperator)
    context = context_of(operator)
    job_id = operator.execute(context)
    assert job_id == fake.jobs[0]["id"] == context["ti"].pushed["job_id"]
    assert fake.asked() == ["submit"]
    assert fake.jobs[0]["key"] == "airflow/etl/train/manual__1/-1/20261127T050000.000000Z/1/1"
    assert fake.jobs[0]["name"].endswith("train")


def test_a_retry_of_submit_gives_the_same_job_and_clearing_it_a_new_one(fake, task, context_of):
    operator = task(TunnelSubmitJobOperator, retries=2)
    first = operator.execute(context_of(operator))
    fake.update(**FAILED)
    assert operator.execute(context_of(operator, try_number=2)) == first
    assert operator.execute(context_of(operator, try_number=3, first_try=3)) != first
    assert len(fake.jobs) == 2


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_the_operator_succeeds_with_its_job(fake, task, context_of, store, mode):
    fake.set(script=[{"stdout": "one\n"}, {"stdout": "two\n", **DONE}])
    context = context_of(store=store)
    operator = task(mode=mode, poke_interval=0)
    if mode == "reschedule":
        with pytest.raises(AirflowRescheduleException):
            operator.execute(context)
        context = context_of(store=store, reschedules=1)
        operator = task(mode=mode, poke_interval=0)
    result = operator.execute(context)
    assert (result["state"], result["exit_code"], result["stdout_bytes"]) == ("exited", 0, 8)
    assert "command" not in result
    assert context["ti"].pushed == {"job_id": result["id"], "log_offset": 8}
    assert fake.asked().count("submit") == 1


def test_how_far_the_log_was_shown_is_known_when_there_is_nothing_new(fake, task, context_of, store):
    fake.set(script=[{"stdout": "one\ntwo\n"}, DONE])
    with pytest.raises(AirflowRescheduleException):
        task(mode="reschedule", poke_interval=0).execute(context_of(store=store))
    context = context_of(store=store, reschedules=1)
    result = task(mode="reschedule", poke_interval=0).execute(context)
    assert context["ti"].pushed == {"job_id": result["id"], "log_offset": 8}


def test_a_failed_job_is_a_failed_try_that_says_why(fake, task, context_of):
    fake.set(script=[{"stdout": "so far\nso good\n", "stderr": "disk full\n", **FAILED}])
    with pytest.raises(AirflowException) as caught:
        task(mode="poke").execute(context_of())
    assert not isinstance(caught.value, AirflowFailException)
    for words in ("exit code 123", "state exited", "running step 10", "so good", "disk full", fake.jobs[0]["id"]):
        assert words in str(caught.value)


def test_a_retry_after_a_failed_job_runs_the_command_again(fake, task, context_of, store):
    fake.set(script=[FAILED])
    with pytest.raises(AirflowException):
        task(retries=1).execute(context_of(task(retries=1), store=store))
    fake.set(script=[DONE])
    operator = task(retries=1)
    assert operator.execute(context_of(operator, try_number=2, store=store))["exit_code"] == 0
    assert [job["key"][-4:] for job in fake.jobs] == ["/1/1", "/1/2"]


@pytest.mark.parametrize("has_store", [True, False])
def test_a_worker_that_dies_reattaches_to_its_job(fake, task, context_of, store, has_store):
    store = store if has_store else None
    fake.set(script=[{"stdout": "one\n"}, {"stdout": "two\n"}, {"stdout": "three\n", **DONE}])
    with pytest.raises(AirflowRescheduleException):
        task(retries=3).execute(context_of(task(retries=3), store=store))
    # The second poke's worker is killed; Airflow counts that as a failed try.
    operator = task(retries=3)
    with pytest.raises(AirflowRescheduleException):
        operator.execute(context_of(operator, try_number=2, store=store))
    operator = task(retries=3)
    result = operator.execute(context_of(operator, try_number=2, reschedules=1, store=store))
    assert (result["id"], result["exit_code"], len(fake.jobs)) == (fake.jobs[0]["id"], 0, 1)
    assert fake.asked().count("submit") == 1


def test_a_worker_that_dies_in_its_submission_does_not_start_a_second_job(fake, task, context_of):
    """The answer never comes; whether the job was started is not known."""
    fake.set(fails={"submit": "client_loop: send disconnect: Broken pipe"}, fails_after=True, script=[DONE])
    with pytest.raises(TunnelError):
        task(retries=1).execute(context_of(task(retries=1)))
    assert len(fake.jobs) == 1
    fake.set(fails={})
    operator = task(retries=1)
    assert operator.execute(context_of(operator, try_number=2))["exit_code"] == 0
    assert len(fake.jobs) == 1


def test_a_worker_that_died_after_its_job_succeeded_does_not_run_it_again(fake, task, context_of):
    fake.set(script=[])
    with pytest.raises(AirflowRescheduleException):
        task(retries=1).execute(context_of(task(retries=1)))
    fake.update(**DONE)
    operator = task(retries=1)
    assert operator.execute(context_of(operator, try_number=2))["exit_code"] == 0
    assert len(fake.jobs) == 1


def test_a_job_that_fails_between_two_pokes_fails_the_try(fake, task, context_of, store):
    for memory in (store, None):
        fake.set(jobs=[], script=[])
        with pytest.raises(AirflowRescheduleException):
            task().execute(context_of(store=memory))
        fake.update(**FAILED)
        with pytest.raises(AirflowException, match="exit code 123"):
            task().execute(context_of(store=memory, reschedules=1))
        assert len(fake.jobs) == 1


def test_the_log_comes_in_pieces_without_a_repeated_or_missing_line(fake, task, context_of, store, shown):
    fake.set(script=[{"stdout": "one\ntw"}, {"stdout": "o\n", "stderr": "oops\n"}, {}, {"stdout": "three\nfour", **DONE}])
    pokes = []
    for poke in range(4):
        with contextlib.suppress(AirflowRescheduleException):
            task().execute(context_of(store=store, reschedules=poke))
        pokes.append(shown())
    assert pokes == [["one"], ["two", "stderr | oops"], [], ["three", "four"]]


def test_an_airflow_without_memory_shows_the_log_once_at_the_end(fake, task, context_of, shown):
    fake.set(script=[{"stdout": "one\n"}, {"stdout": "two\n", **DONE}])
    with pytest.raises(AirflowRescheduleException):
        task().execute(context_of())
    assert shown() == []
    task().execute(context_of(reschedules=1))
    assert shown() == ["one", "two"]


def test_a_lost_network_is_borne_for_a_while(fake, task, context_of, store):
    with pytest.raises(AirflowRescheduleException):
        task().execute(context_of(store=store))
    fake.set(fails={"status": "no route to host"})
    with pytest.raises(AirflowRescheduleException):
        task().execute(context_of(store=store, reschedules=1))
    assert store.values["tunnel_job"]["unreachable_since"] == pytest.approx(time.time(), abs=20)
    store.values["tunnel_job"]["unreachable_since"] -= 1000
    with pytest.raises(TunnelError, match="no route to host"):
        task().execute(context_of(store=store, reschedules=2))
    fake.set(fails={})
    with pytest.raises(AirflowRescheduleException):
        task().execute(context_of(store=store, reschedules=2))
    assert store.values["tunnel_job"]["unreachable_since"] is None


def test_a_job_whose_files_are_gone_fails_the_try(fake, task, context_of, store):
    for memory in (store, None):
        with pytest.raises(AirflowRescheduleException):
            task().execute(context_of(store=memory))
        fake.set(jobs=[])
        with pytest.raises(TunnelError, match="knows no job|not on its machine any more"):
            task().execute(context_of(store=memory, reschedules=1))
        fake.set(jobs=[])


def test_on_kill_cancels_the_job(fake, task, context_of, store):
    operator = task()
    with pytest.raises(AirflowRescheduleException):
        operator.execute(context_of(store=store))
    operator.on_kill()
    assert fake.jobs[0]["state"] == "cancelled"


def test_on_kill_leaves_the_job_alone_where_it_was_told_so(fake, task, context_of):
    operator = task(cancel_on_kill=False)
    with pytest.raises(AirflowRescheduleException):
        operator.execute(context_of())
    operator.on_kill()
    assert (fake.jobs[0]["state"], "cancel" in fake.asked()) == ("running", False)


def test_a_machine_that_is_away_does_not_break_on_kill(fake, task, context_of):
    operator = task()
    with pytest.raises(AirflowRescheduleException):
        operator.execute(context_of())
    fake.set(fails={"cancel": "no route to host"})
    operator.on_kill()


def test_a_signal_in_the_middle_of_the_submission_cancels_the_job(fake, task, context_of):
    fake.set(slow={"submit": 1.0})
    operator = task()
    before = signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())
    try:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(AirflowException, match="was ended while it submitted"):
            operator.execute(context_of())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert fake.jobs[0]["state"] == "cancelled"


def test_a_killed_poke_can_be_retried_but_what_a_person_cancelled_cannot(fake, task, context_of, store):
    operator = task(mode="poke", poke_interval=0.2)
    before = signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())
    try:
        threading.Timer(0.8, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(AirflowException, match=r"was cancelled|was ended") as caught:
            operator.execute(context_of(store=store))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not isinstance(caught.value, AirflowFailException)
    with pytest.raises(AirflowFailException, match="was cancelled"):
        task(mode="poke").execute(context_of(store=store, reschedules=1))


def test_a_task_out_of_patience_cancels_its_job(fake, task, context_of, store):
    with pytest.raises(AirflowSensorTimeout):
        task(mode="poke", poke_interval=0.1, timeout=0.2).execute(context_of())
    assert fake.jobs[0]["state"] == "cancelled"


@pytest.mark.parametrize(
    ("cleanup", "end", "kept"),
    [
        ("never", DONE, 1),
        ("on_success", DONE, 0),
        ("always", DONE, 0),
        ("never", FAILED, 1),
        ("on_success", FAILED, 1),
        ("always", FAILED, 0),
    ],
)
def test_files_are_removed_as_told_and_only_when_airflow_has_the_result(fake, task, context_of, cleanup, end, kept):
    fake.set(script=[end])
    operator = task(mode="poke", cleanup=cleanup)
    try:
        operator.execute(context_of())
    except AirflowException:
        assert len(fake.jobs) == kept
    else:
        assert len(fake.jobs) == 1
    for callback in operator.on_success_callback or () if end is DONE else ():
        callback({})
    assert len(fake.jobs) == kept


def test_cleanup_has_three_words(task):
    with pytest.raises(ValueError, match="never, on_success or always"):
        task(cleanup="sometimes")


def test_the_sensor_waits_for_a_job_of_another_task(fake, task, context_of, store):
    submit = task(TunnelSubmitJobOperator)
    job_id = submit.execute(context_of())
    fake.update(script=[{"stdout": "one\n", "status": "step 1"}, DONE])
    with pytest.raises(AirflowRescheduleException):
        task(TunnelJobSensor, job_id=job_id, mode="reschedule").execute(context_of(store=store))
    assert task(TunnelJobSensor, job_id=job_id, mode="reschedule").execute(context_of(store=store, reschedules=1))["id"] == job_id


def test_the_sensor_fails_for_good_with_its_job(fake, task, context_of):
    job_id = task(TunnelSubmitJobOperator).execute(context_of())
    fake.update(**FAILED)
    with pytest.raises(AirflowFailException, match="exit code 123"):
        task(TunnelJobSensor, job_id=job_id).execute(context_of())
    with pytest.raises(AirflowSkipException):
        task(TunnelJobSensor, job_id=job_id, soft_fail=True).execute(context_of())
    with pytest.raises(AirflowSkipException):
        task(TunnelJobSensor, job_id=job_id, soft_fail=True, deferrable=True).execute(context_of())
    assert "cancel" not in fake.asked()


def test_the_sensor_leaves_a_job_alone_that_is_not_its_own(fake, task, context_of):
    job_id = task(TunnelSubmitJobOperator).execute(context_of())
    sensor = task(TunnelJobSensor, job_id=job_id, poke_interval=0.1, timeout=0.2)
    with pytest.raises(AirflowSensorTimeout):
        sensor.execute(context_of())
    sensor.on_kill()
    assert "cancel" not in fake.asked()


def test_a_template_that_found_nothing_is_said_to_be_no_id(task, context_of):
    with pytest.raises(AirflowException, match="'None' is no job's id"):
        task(TunnelJobSensor, job_id="None").execute(context_of())


def test_a_deferred_task_goes_on_where_it_was(fake, task, context_of, shown):
    fake.set(script=[{"stdout": "one\ntw"}, {"stdout": "o\n"}, {"stdout": "three\n", **DONE}])
    operator = task(deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context_of())
    assert shown() == ["one"]
    orders = deferred.value.trigger.serialize()[1]
    assert orders["progress"]["stdout_offset"] == 4
    event = {"reason": "log", "error": None, "progress": orders["progress"], "deadline": orders["deadline"]}
    operator = task(deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        operator.resume(context_of(), event)
    assert shown() == ["two"]
    again = deferred.value.trigger.serialize()[1]
    assert again["deadline"] == orders["deadline"]
    operator = task(deferrable=True)
    result = operator.resume(context_of(), {**event, "reason": "finished", "progress": again["progress"]})
    assert (shown(), result["exit_code"]) == (["three"], 0)
    assert fake.asked().count("submit") == 1


def test_a_job_that_has_ended_already_is_not_deferred(fake, task, context_of):
    fake.set(script=[DONE])
    assert task(deferrable=True).execute(context_of())["exit_code"] == 0


@pytest.mark.parametrize(
    ("event", "kind", "state"),
    [
        ({"reason": "timed_out"}, AirflowSensorTimeout, "cancelled"),
        ({"reason": "failed", "error": "no route"}, AirflowException, "running"),
    ],
)
def test_what_the_trigger_gave_up_fails_the_task(fake, task, context_of, event, kind, state):
    operator = task(deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context_of())
    orders = deferred.value.trigger.serialize()[1]
    with pytest.raises(kind):
        task(deferrable=True).resume(context_of(), {"error": None, "progress": orders["progress"], "deadline": 0.0, **event})
    assert fake.jobs[0]["state"] == state


@pytest.mark.parametrize("mode", ["poke", "reschedule", "deferrable"])
@pytest.mark.parametrize("codes", [99, [3, 99], {99}, (99,), range(90, 100)])
def test_an_exit_code_that_says_so_skips_the_task(fake, task, context_of, mode, codes):
    fake.set(script=[{"state": "exited", "exit_code": 99}])
    how = {"deferrable": True} if mode == "deferrable" else {"mode": mode}
    with pytest.raises(AirflowSkipException, match="ended with exit code 99"):
        task(skip_on_exit_code=codes, **how).execute(context_of())
    assert "cancel" not in fake.asked()


@pytest.mark.parametrize("end", [{"state": "exited", "exit_code": 3}, {"state": "timed_out", "exit_code": 99}, {"state": "lost"}])
def test_another_end_than_that_exit_code_is_a_failure(fake, task, context_of, end):
    fake.set(script=[end])
    with pytest.raises(AirflowException) as caught:
        task(mode="poke", skip_on_exit_code=[99]).execute(context_of())
    assert not isinstance(caught.value, AirflowSkipException)


def test_the_sensor_skips_too_and_a_deferred_task_after_its_trigger(fake, task, context_of):
    job_id = task(TunnelSubmitJobOperator).execute(context_of())
    sensor = {"kind": TunnelJobSensor, "job_id": job_id, "skip_on_exit_code": 99}
    with pytest.raises(TaskDeferred) as deferred:
        task(deferrable=True, **sensor).execute(context_of())
    fake.update(state="exited", exit_code=99)
    with pytest.raises(AirflowSkipException):
        task(**sensor).execute(context_of())
    orders = deferred.value.trigger.serialize()[1]
    event = {"reason": "finished", "error": None, "progress": orders["progress"], "deadline": orders["deadline"]}
    with pytest.raises(AirflowSkipException):
        task(deferrable=True, **sensor).resume(context_of(), event)


@pytest.mark.parametrize(
    ("cleanup", "code", "kept"), [("never", 99, 1), ("on_success", 99, 1), ("always", 99, 0), ("on_success", 0, 0), ("never", 0, 1)]
)
def test_the_files_of_a_job_that_is_skipped_are_removed_as_told(fake, task, context_of, cleanup, code, kept):
    fake.set(script=[{"state": "exited", "exit_code": code}])
    with pytest.raises(AirflowSkipException):
        task(mode="poke", skip_on_exit_code=[0, 99], cleanup=cleanup).execute(context_of())
    assert len(fake.jobs) == kept


def test_a_worker_that_died_before_it_could_skip_does_not_run_the_job_again(fake, task, context_of):
    with pytest.raises(AirflowRescheduleException):
        task(retries=1, skip_on_exit_code=99).execute(context_of(task(retries=1)))
    fake.update(state="exited", exit_code=99)
    operator = task(retries=1, skip_on_exit_code=99)
    with pytest.raises(AirflowSkipException):
        operator.execute(context_of(operator, try_number=2))
    assert len(fake.jobs) == 1


def test_the_time_of_a_call_goes_along_to_the_trigger(fake, task, context_of, monkeypatch):
    connection = {"conn_type": "ssh", "host": "gpu", "extra": {"cmd_timeout": 600}}
    monkeypatch.setenv("AIRFLOW_CONN_C", json.dumps(connection))
    for given, expected in ((None, 690), (7.0, 7)):
        with pytest.raises(TaskDeferred) as deferred:
            task(deferrable=True, tunnel_conn_id="c", remote_base_dir="/j", command_timeout=given, key=str(given)).execute(
                context_of()
            )
        orders = deferred.value.trigger.serialize()[1]
        assert (orders["command_timeout"], orders["destination"]["remote_base_dir"]) == (expected, "/j")


def test_the_operator_takes_what_both_of_its_halves_take(task):
    operator = task(env={"A": "b"}, dir="/srv", name="n", key="k", soft_fail=True, exponential_backoff=True)
    assert operator.reschedule
    templates = {"command", "env", "dir", "name", "key", "host", "uploads", "stdin", "tunnel_conn_id", "tunnel", "remote_base_dir"}
    assert templates <= set(operator.template_fields)
