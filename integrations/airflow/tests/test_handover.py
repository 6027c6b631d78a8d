"""How commands and variables get to a job, whatever is in them. What the fake tunnel was given is run for real."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from airflow_provider_tunnel.compat import AirflowException
from airflow_provider_tunnel.errors import TunnelError
from airflow_provider_tunnel.handover import MOST_IN_ONE
from airflow_provider_tunnel.hooks.job import TunnelJobHook


@pytest.fixture
def hook(fake):
    return TunnelJobHook(host="somewhere", tunnel=str(fake.program), command_timeout=20)


@pytest.fixture
def ran(fake, hook, tmp_path):
    """Submits, and runs what was submitted."""

    def run(command, where=hook, **arguments):
        where.submit(command, **arguments)
        job = fake.jobs[-1]
        (tmp_path / "stdin").write_bytes(job["stdin"].encode("latin-1"))
        with (tmp_path / "stdin").open("rb") as stdin:
            given = {"PATH": os.environ["PATH"], **job["env"]}
            return subprocess.run(job["command"], env=given, stdin=stdin, capture_output=True, check=False, timeout=60)

    return run


@pytest.mark.parametrize("length", [10, MOST_IN_ONE - 6, MOST_IN_ONE, 200_000, 3_000_000])
def test_a_script_has_any_length(ran, length):
    assert len(ran("printf " + "a" * length).stdout) == length


@pytest.mark.parametrize(
    ("script", "code", "output"),
    [
        ("echo one\necho two # a note", 0, "one\ntwo\n"),
        ("exit 7", 7, ""),
        ("set -e\nfalse\necho no", 1, ""),
        ("cat <<'E'\n$HOME \"' ä\nE\n", 0, "$HOME \"' ä\n"),
        ("# only a note", 0, ""),
        ("#!/bin/sh\necho $0 $#", 0, "sh 0\n"),
        ("kill -TERM $$", -15, ""),
        ("trap 'echo bye' EXIT; echo hi", 0, "hi\nbye\n"),
        ('echo "${_tunnel_script-none}"', 0, "none\n"),
        ("echo 'it'\"'\"'s'\n\n\n", 0, "it's\n"),
    ],
)
def test_a_script_is_what_sh_makes_of_it(ran, script, code, output):
    done = ran(script)
    assert (done.returncode, done.stdout.decode().replace("/bin/", "")) == (code, output), done.stderr


def test_a_script_that_sh_does_not_understand_fails(ran):
    done = ran("if")
    assert done.returncode not in {0, 126}
    assert done.stderr


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize("first", ["#!/bin/bash", "#! /usr/bin/env bash", "#!/bin/bash -eu"])
def test_a_script_runs_in_the_shell_that_its_first_line_names(ran, first):
    assert ran(f'{first}\na=(1 2)\necho "${{a[1]}}"').stdout == b"2\n"


def test_the_options_of_the_first_line_hold(ran):
    assert ran("#!/bin/sh -e\nfalse\necho no").returncode == 1


@pytest.mark.parametrize("command", ["#!/usr/bin/python3\nprint(1)", "", " \n", "echo \0", [], ["a", "b\0"], ["x" * MOST_IN_ONE]])
def test_a_command_that_cannot_be_run_is_refused(fake, hook, command):
    with pytest.raises(AirflowException, match=r"^(a text is a script for a shell|the command (is empty|has))"):
        hook.submit(command)
    assert fake.calls() == []


@pytest.mark.parametrize("script", ["cat", "#!/bin/sh\n" + "#" * 200_000 + "\ncat"])
def test_a_script_and_a_file_share_the_standard_input(ran, tmp_path, script):
    (tmp_path / "in").write_bytes(b"\xff\0 of the job\n" * 10_000)
    assert ran(script, stdin=str(tmp_path / "in")).stdout == b"\xff\0 of the job\n" * 10_000
    assert ran("cat").stdout == b""


def test_a_list_has_its_file_as_it_is(ran, tmp_path):
    (tmp_path / "in").write_bytes(b"file")
    assert ran(["cat"], stdin=str(tmp_path / "in")).stdout == b"file"


def test_a_file_that_is_not_there_is_named(hook, tmp_path):
    with pytest.raises(AirflowException, match=r"stdin is .*nothing, which cannot be read: No such file"):
        hook.submit("cat", stdin=str(tmp_path / "nothing"))


def test_one_key_is_for_one_script(hook):
    hook.submit("echo 1", key="k")
    with pytest.raises(TunnelError, match="another command"):
        hook.submit("echo 2", key="k")


@pytest.mark.parametrize("length", [10, MOST_IN_ONE - 10, 200_000, 3_000_000])
def test_a_value_has_any_length_in_a_script(ran, length):
    done = ran('printf "%s" "$BIG"; sh -c \'printf "%s" "${BIG-none}"\' >&2', env={"BIG": "x" * length})
    assert done.stdout == b"x" * length
    # What is longer no program could be given.
    assert len(done.stderr) == (length if length < MOST_IN_ONE else 4)


def test_many_values_are_given_to_what_the_script_starts(ran):
    done = ran("printf '%s' \"$V0\" \"$V11\"; env | grep -c '^V'", env={f"V{number}": "y" * 90_000 for number in range(12)})
    assert done.stdout.decode() == "y" * 180_000 + "12\n"


def test_more_than_one_process_may_hand_to_another_is_there_in_the_script(ran):
    # 2 MiB, for all of its variables and arguments (execve(2)).
    done = ran('printf "%s" "$V0" "$V29"', env={f"V{number}": "y" * 90_000 for number in range(30)})
    assert done.stdout == b"y" * 180_000


def test_a_value_that_no_program_can_have_is_refused_for_a_list(fake, hook):
    with pytest.raises(AirflowException, match=r"BIG has 200000 bytes, .* 128 KiB in one: .*uploads or stdin"):
        hook.submit(["true"], env={"BIG": "x" * 200_000})
    assert fake.calls() == []


def test_too_much_in_all_is_not_said_to_be_a_missing_program(hook):
    # A quarter of the stack's limit, and never more than 6 MiB (execve(2)).
    with pytest.raises(TunnelError, match=r"too much for an argument list: .*file") as caught:
        hook.submit(["echo", *["x" * 100_000] * 70])
    assert "install tunnel" not in str(caught.value)


def test_a_script_may_have_the_names_that_tunnel_reads(ran, fake, tmp_path):
    endpoint = TunnelJobHook(outputs=str(tmp_path / "outputs.json"), tunnel=str(fake.program))
    names = ["DATABRICKS_TOKEN", "TUNNEL_X", "DATABRICKS_TUNNEL_HOME", "LC_ALL", "HOME", "AWS_PROFILE", "https_proxy"]
    done = ran("printenv " + " ".join(names), endpoint, env={name: f"a '{name}'" for name in names})
    assert done.stdout.decode().splitlines() == [f"a '{name}'" for name in names]
    assert fake.jobs[0]["env"] == {}


@pytest.mark.parametrize(
    ("env", "message"), [({"A=B": "c"}, "is no name"), ({"A": "b\0"}, "NUL"), ({"_tunnel script": ""}, "no name")]
)
@pytest.mark.parametrize("command", ["true", ["true"]])
def test_an_environment_that_cannot_be_is_refused(hook, env, message, command):
    with pytest.raises(AirflowException, match=message):
        hook.submit(command, env=env)
