"""What tunnel is asked, and what becomes of its answers."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta

import pytest

from airflow_provider_tunnel.compat import AirflowException
from airflow_provider_tunnel.errors import JobNotFoundError, TunnelError
from airflow_provider_tunnel.hooks.job import TunnelJobHook


@pytest.fixture
def hook(fake):
    return TunnelJobHook(host="somewhere", tunnel=str(fake.program), command_timeout=20)


def test_a_submission_says_all_that_it_was_given(fake, hook, tmp_path):
    (tmp_path / "a file").write_text("content")
    submitted = hook.submit(
        ["python3", "-c", "print('a b')", "ä\n$HOME", "--", "--json"],
        name="train it",
        key="k",
        env={"MODE": "fast"},
        dir="/srv/with space",
        timeout=timedelta(minutes=2),
        uploads=[str(tmp_path / "a file")],
    )
    job = fake.jobs[0]
    assert (submitted.id, submitted.created, submitted.host) == (job["id"], True, "somewhere")
    assert job["command"] == ["python3", "-c", "print('a b')", "ä\n$HOME", "--", "--json"]
    assert (job["name"], job["key"], job["env"], job["uploads"]) == ("train it", "k", {"MODE": "fast"}, {"a file": "content"})
    options = fake.calls("submit")[0]["options"]
    assert ["--timeout", "120s"] in options
    assert ["--dir", "/srv/with space"] in options


def test_one_key_gives_one_job(fake, hook):
    first, second = hook.submit(["true"], key="k"), hook.submit(["true"], key="k")
    assert (first.created, second.created, first.id == second.id, len(fake.jobs)) == (True, False, True, 1)


def test_a_secret_is_on_no_argument_list(fake, hook):
    hook.submit(["true"], env={"API_TOKEN": "s3cr3t", "LINES": "a\nb"})
    hook.submit("curl -H s3cr3t", env={"API_TOKEN": "s3cr3t", "LC_ALL": "s3cr3t"})
    assert fake.jobs[0]["env"] == {"API_TOKEN": "s3cr3t", "LINES": "a\nb"}
    assert fake.jobs[1]["env"] == {"API_TOKEN": "s3cr3t"}
    for call in fake.calls("submit"):
        assert "s3cr3t" not in json.dumps(call["argv"])


def test_what_tunnel_itself_needs_stays_as_it_is(fake, hook):
    hook.submit(["true"], env={"PATH": "/job/bin", "LD_PRELOAD": "x.so", "HOME": "/job"})
    assert fake.jobs[0]["env"] == {"PATH": "/job/bin", "LD_PRELOAD": "x.so", "HOME": "/job"}


def test_a_name_that_tunnel_reads_is_refused_and_not_misused(fake, tmp_path):
    outputs = tmp_path / "outputs.json"
    endpoint = TunnelJobHook(outputs=str(outputs), endpoint="one", tunnel=str(fake.program))
    with pytest.raises(AirflowException, match="DATABRICKS_TOKEN is one that tunnel itself reads"):
        endpoint.submit(["true"], env={"DATABRICKS_TOKEN": "t"})
    assert fake.calls() == []
    with_host = TunnelJobHook(host="h", tunnel=str(fake.program))
    with_host.submit(["true"], env={"DATABRICKS_TOKEN": "t"})
    assert fake.jobs[0]["env"] == {"DATABRICKS_TOKEN": "t"}
    endpoint.jobs()
    assert fake.calls("list")[0]["where"] == [["--outputs", str(outputs)], ["--endpoint", "one"]]


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"host": "h", "outputs": "o.json"},
        {"endpoint": "e"},
        {"outputs": "-"},
        {"host": "h", "endpoint": "e"},
        {"outputs": "o.json", "ssh_options": ["Port=1"]},
        {"host": "h", "remote_base_dir": "jobs"},
        {"outputs": "o.json", "remote_base_dir": "/jobs"},
    ],
)
def test_a_destination_that_is_none_is_refused(where):
    with pytest.raises(AirflowException):
        _ = TunnelJobHook(**where).destination


def test_an_error_has_tunnels_own_words(fake, hook):
    fake.set(fails={"submit": "ssh: connect to host somewhere port 22: Connection refused"})
    with pytest.raises(TunnelError, match="^ssh: connect to host somewhere port 22: Connection refused$"):
        hook.submit(["true"])


def test_a_job_that_is_not_there_is_told_from_a_machine_that_is_not_there(fake, hook):
    with pytest.raises(JobNotFoundError, match="knows no job nosuchjob"):
        hook.status("nosuchjob")
    fake.set(fails={"status": "no route to host"})
    with pytest.raises(TunnelError, match="no route") as caught:
        hook.status("nosuchjob")
    assert not isinstance(caught.value, JobNotFoundError)


def test_a_program_that_is_not_there_says_how_to_name_it(tmp_path):
    with pytest.raises(TunnelError, match="cannot be run .*install tunnel"):
        TunnelJobHook(host="h", tunnel=str(tmp_path / "none")).jobs()


def test_the_jobs_of_a_folder_are_asked_for_there(fake):
    hook = TunnelJobHook(host="h", tunnel=str(fake.program), remote_base_dir="/srv/jobs")
    hook.status(hook.submit(["true"]).id)
    assert [call["where"] for call in fake.calls()] == [[["--host", "h"], ["--jobs-dir", "/srv/jobs"]]] * 2


def test_a_tunnel_that_does_not_know_a_word_may_be_too_old(fake, hook):
    fake.set(fails={"list": "error: unexpected argument '--jobs-dir' found"})
    with pytest.raises(TunnelError, match="older than airflow-provider-tunnel"):
        hook.jobs()


@pytest.mark.parametrize("given", ["", None, "None", "../x", "a b", "-f", "x" * 65])
def test_what_is_no_id_gets_nowhere(fake, hook, given):
    with pytest.raises(AirflowException, match="is no job's id"):
        hook.status(given)
    assert fake.calls() == []


def test_a_call_that_hangs_is_ended(fake, hook):
    fake.set(slow={"list": 30})
    hook.command_timeout = 0.5
    began = time.monotonic()
    with pytest.raises(TunnelError, match="no answer within 0.5 s"):
        hook.jobs()
    assert time.monotonic() - began < 5


def test_a_connection_that_stays_behind_does_not_hold_up_an_answer(fake, hook):
    fake.set(lingers=5)
    began = time.monotonic()
    job_id = hook.submit(["true"]).id
    assert asyncio.run(hook.statuses_async([job_id]))[job_id].state == "running"
    assert list(hook.logs(job_id, "stdout")) == []
    assert time.monotonic() - began < 4


def test_many_jobs_are_one_call(fake, hook):
    ids = [hook.submit(["true"], key=str(number)).id for number in range(3)]
    before = len(fake.calls())
    assert set(hook.statuses(ids)) == set(ids)
    assert len(fake.calls()) == before + 1


@pytest.mark.parametrize("piece", [1, 3, 65536])
def test_a_log_comes_back_byte_for_byte(fake, hook, piece):
    job_id = hook.submit(["true"]).id
    fake.set(piece=piece)
    data = "zwölf\n".encode() + bytes([0, 255, 10])
    fake.update(stdout=data.decode("latin-1"))
    assert b"".join(part.data for part in hook.logs(job_id, "stdout", 2)) == data[2:]


def test_a_tail_begins_with_a_whole_line(fake, hook):
    job_id = hook.submit(["true"]).id
    fake.update(stdout="".join(f"line {number}\n" for number in range(1000)), stderr="oops")
    job = hook.status(job_id)
    assert hook.tail(job, "stdout", 30) == ["line 997", "line 998", "line 999"]
    assert hook.tail(job, "stderr", 30) == ["oops"]


def test_cancel_and_clean(fake, hook):
    job_id = hook.submit(["true"]).id
    with pytest.raises(TunnelError, match="runs"):
        hook.clean(job_id)
    assert hook.cancel(job_id, 2.5).state == "cancelled"
    assert hook.cancel(job_id).state == "cancelled"
    assert fake.calls("cancel")[0]["options"] == [["--grace", "3s"], ["--json", True]]
    assert hook.clean(job_id) == [job_id]
    assert fake.calls("clean")[0]["options"] == [["--older-than", "0s"], ["--json", True]]
    assert fake.jobs == []


def test_the_button_of_the_connection_says_what_it_found(fake, hook):
    assert hook.test_connection()[0]
    fake.set(fails={"list": "Permission denied (publickey)."})
    assert hook.test_connection() == (False, "Permission denied (publickey).")
