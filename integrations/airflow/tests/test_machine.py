"""The hook with the real tunnel: what the stand-in of the other tests only plays."""

from __future__ import annotations

import os
import pwd
import subprocess
import time

import pytest

from airflow_provider_tunnel.errors import JobNotFoundError, TunnelError
from airflow_provider_tunnel.hooks.job import TunnelJobHook


def ended(hook, job_id, within=30):
    until = time.monotonic() + within
    while not (job := hook.status(job_id)).is_finished:
        assert time.monotonic() < until, job
        time.sleep(0.2)
    return job


def test_a_job_from_end_to_end(machine, tmp_path):
    hook = machine.hook
    (tmp_path / "with space.txt").write_text("uploaded")
    (tmp_path / "in").write_text("from stdin")
    script = 'cat "with space.txt"; cat; printf "%s" "$WORD" "$PATH"; echo oops >&2; echo "step 1" >"$STATUS_FILE"; exit 7'
    submitted = hook.submit(
        script,
        name="a name",
        key="from end to end",
        env={"WORD": "ä'\"$x\n", "PATH": os.environ["PATH"] + ":/of/the/job"},
        timeout=60,
        stdin=str(tmp_path / "in"),
        uploads=[str(tmp_path / "with space.txt")],
    )
    assert submitted.created
    job = ended(hook, submitted.id)
    assert (job.state, job.exit_code, job.status, job.name, job.key) == ("exited", 7, "step 1", "a name", "from end to end")
    out = b"".join(piece.data for piece in hook.logs(job.id, "stdout"))
    assert out == f"uploadedfrom stdinä'\"$x\n{os.environ['PATH']}:/of/the/job".encode()
    assert b"".join(piece.data for piece in hook.logs(job.id, "stdout", 8)) == out[8:]
    assert hook.tail(job, "stderr") == ["oops"]
    assert hook.clean(job.id) == [job.id]
    with pytest.raises(JobNotFoundError):
        hook.status(job.id)


def test_one_key_runs_once_and_another_command_is_an_error(machine):
    hook = machine.hook
    first = hook.submit(["sleep", "60"], key="once")
    second = hook.submit(["sleep", "60"], key="once")
    assert (first.created, second.created, second.id) == (True, False, first.id)
    with pytest.raises(TunnelError, match="command"):
        hook.submit(["sleep", "61"], key="once")
    assert hook.cancel(first.id, 1).state == "cancelled"
    assert hook.cancel(first.id).state == "cancelled"


def test_bytes_that_are_no_text_come_back_as_they_are(machine):
    job = ended(machine.hook, machine.hook.submit("printf '\\377\\0\\n'; head -c 200000 /dev/zero").id)
    assert b"".join(piece.data for piece in machine.hook.logs(job.id, "stdout")) == b"\xff\0\n" + b"\0" * 200000


def test_a_long_script_runs_where_a_person_logs_in_and_has_its_long_value(machine):
    script = "#" * 300_000 + '\npwd; cat; printf "%s" "$BIG" | wc -c; exit 7'
    job = ended(machine.hook, machine.hook.submit(script, env={"BIG": "x" * 200_000}).id)
    out = b"".join(piece.data for piece in machine.hook.logs(job.id, "stdout")).decode()
    assert (job.exit_code, out.split()) == (7, [pwd.getpwuid(os.getuid()).pw_dir, "200000"])


def test_jobs_lie_in_the_folder_that_was_named_and_are_asked_for_there(machine, tmp_path):
    if "--jobs-dir" not in subprocess.run([machine.tunnel, "job", "--help"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("this tunnel has no --jobs-dir")
    folder = tmp_path / "the jobs"
    where = {"host": machine.sshd.host, "ssh_config": str(machine.sshd.config), "tunnel": machine.tunnel}
    hook = TunnelJobHook(**where, remote_base_dir=str(folder))
    job = ended(hook, hook.submit("exit 7").id)
    assert job.exit_code == 7
    assert (folder / job.id).is_dir()
    with pytest.raises(JobNotFoundError):
        machine.hook.status(job.id)
    assert hook.clean(job.id) == [job.id]


def test_a_job_that_is_not_there_is_told_from_a_machine_that_is_not_there(machine):
    job_id = machine.hook.submit(["true"]).id
    missing = "nosuchjob".ljust(len(job_id), "x")
    assert set(machine.hook.statuses([job_id, missing])) == {job_id}
    with pytest.raises(JobNotFoundError):
        machine.hook.status(missing)
    away = TunnelJobHook(host="127.0.0.1", ssh_options=["Port=1"], tunnel=machine.tunnel)
    with pytest.raises(TunnelError, match="refused") as caught:
        away.status(job_id)
    assert not isinstance(caught.value, JobNotFoundError)
