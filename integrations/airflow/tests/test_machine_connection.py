"""Connections of type ssh, to a real sshd: who is let in, and whose key is believed."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from sshd import end_home

from airflow_provider_tunnel.hooks.job import TunnelJobHook


@pytest.fixture
def connected(machine, monkeypatch, tmp_path):
    """Makes a hook of a connection. No call finds the connection of an earlier one."""
    made = []
    key = tmp_path / "key of 100%d"
    shutil.copy(machine.sshd.folder / "key", key)

    def make(home=None, **extra):
        made.append(Path(home or tempfile.mkdtemp(prefix="t")))
        monkeypatch.setenv("DATABRICKS_TUNNEL_HOME", str(made[-1]))
        fields = {"conn_type": "ssh", "host": "::1", "login": getpass.getuser(), "port": machine.sshd.port}
        words = {"key_file": str(key), "tunnel": machine.tunnel, "options": ["IdentityAgent=none"], "ssh_config": "/dev/null"}
        monkeypatch.setenv("AIRFLOW_CONN_C", json.dumps({**fields, "extra": {**words, **extra}}))
        return TunnelJobHook("c")

    yield make
    for home in made:
        end_home(home)


def another_key(folder):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "other"], check=True)
    return (folder / "other.pub").read_text()


def test_a_key_that_was_pinned_is_the_only_one_that_is_believed(machine, connected, tmp_path):
    assert connected(host_key=(machine.sshd.folder / "host_key.pub").read_text()).test_connection()[0]
    works, words = connected(host_key=another_key(tmp_path)).test_connection()
    assert not works
    assert "Host key verification failed" in words


def test_a_key_that_is_not_known_is_believed_where_the_connection_says_so(connected, tmp_path):
    known_hosts = tmp_path / "known hosts"
    assert not connected(known_hosts=str(known_hosts)).test_connection()[0]
    assert connected(known_hosts=str(known_hosts), no_host_key_check=True).test_connection()[0]
    # And noted: from now on it is known.
    assert connected(known_hosts=str(known_hosts)).test_connection()[0]


def test_a_key_that_changed_is_believed_only_where_the_connection_says_that(machine, connected, tmp_path):
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"[::1]:{machine.sshd.port} {another_key(tmp_path)}")
    works, words = connected(known_hosts=str(known_hosts), no_host_key_check=True).test_connection()
    assert not works
    assert "Host key verification failed" in words
    assert connected(known_hosts=str(known_hosts), allow_host_key_change=True).test_connection()[0]


def test_two_keys_of_one_login_are_two_connections(connected, tmp_path):
    """Calls share a connection for a minute: one with another key is somebody else's."""
    another_key(tmp_path)
    hook, other = connected(allow_host_key_change=True), {"allow_host_key_change": True, "key_file": str(tmp_path / "other")}
    assert hook.test_connection()[0]
    works, words = connected(home=os.environ["DATABRICKS_TUNNEL_HOME"], **other).test_connection()
    assert not works
    assert "Permission denied" in words


def test_a_job_runs_with_every_word_that_airflows_provider_knows(connected):
    hook = connected(
        no_host_key_check=True,
        allow_host_key_change=True,
        look_for_keys=False,
        conn_timeout=20,
        cmd_timeout=60,
        keepalive_interval=30,
        compress=True,
        ciphers=["aes256-ctr", "aes128-ctr"],
        disabled_algorithms={"kex": ["diffie-hellman-group14-sha256"], "pubkeys": ["rsa-sha2-256"], "macs": ["hmac-sha1"]},
    )
    job_id = hook.submit("true").id
    assert hook.status(job_id).id == job_id
