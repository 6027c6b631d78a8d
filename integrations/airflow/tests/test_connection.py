"""What Airflow's connections say, in the words of Airflow's own SSH provider, and what ssh makes of it (`ssh -G`)."""

from __future__ import annotations

import base64
import json
import subprocess

import pytest

from airflow_provider_tunnel.compat import AirflowException
from airflow_provider_tunnel.hooks.job import TunnelJobHook

ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43


@pytest.fixture
def connected(monkeypatch):
    """Makes a hook of a connection."""

    def make(extra=None, kind="ssh", where=None, **fields):
        connection = {"conn_type": kind, "host": "gpu", **fields, "extra": extra or {}}
        monkeypatch.setenv("AIRFLOW_CONN_C", json.dumps(connection))
        return TunnelJobHook("c", **(where or {}))

    return make


def told(hook, *names):
    """What ssh makes of it."""
    destination = hook.destination
    words = [word for option in destination.ssh_options for word in ("-o", option)]
    done = subprocess.run(
        ["ssh", "-G", "-F", "none", *words, "--", destination.host], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    values = [line.partition(" ")[::2] for line in done.stdout.splitlines()]
    return [value for name in names for key, value in values if key == name]


@pytest.mark.parametrize("kind", ["ssh", "sftp", "tunnel"])
@pytest.mark.parametrize(
    ("extra", "name", "values"),
    [
        ({"no_host_key_check": True}, "stricthostkeychecking", ["accept-new"]),
        ({"no_host_key_check": "True"}, "stricthostkeychecking", ["accept-new"]),
        ({"ignore_hostkey_verification": "true"}, "stricthostkeychecking", ["accept-new"]),
        ({"no_host_key_check": False, "ignore_hostkey_verification": True}, "stricthostkeychecking", ["true"]),
        ({"no_host_key_check": "false"}, "stricthostkeychecking", ["true"]),
        ({"no_host_key_check": True, "allow_host_key_change": True}, "stricthostkeychecking", ["false"]),
        ({"allow_host_key_change": True}, "userknownhostsfile", ["/dev/null"]),
        ({"known_hosts": "none"}, "stricthostkeychecking", ["false"]),
        ({"known_hosts": "/etc/my hosts"}, "userknownhostsfile", ["/etc/my hosts"]),
        ({"conn_timeout": 7}, "connecttimeout", ["7"]),
        ({"conn_timeout": "7", "timeout": 9}, "connecttimeout", ["7"]),
        ({"timeout": 9}, "connecttimeout", ["9"]),
        ({"conn_timeout": 0.2}, "connecttimeout", ["1"]),
        ({"keepalive_interval": 40}, "serveraliveinterval", ["40"]),
        ({"keepalive_interval": 0}, "serveraliveinterval", ["0"]),
        ({"keepalive_interval": 0.4}, "serveraliveinterval", ["1"]),
        ({"host_key": " ", "key_file": " "}, "stricthostkeychecking", ["ask"]),
        ({"options": ["Port=7", " "]}, "port", ["7"]),
        ({"compress": "false"}, "compression", ["no"]),
        ({"compress": True}, "compression", ["yes"]),
        ({"host_proxy_cmd": "ssh -W h:22 'a b'"}, "proxycommand", ["ssh -W h:22 'a b'"]),
        ({"ciphers": ["aes256-ctr", "aes128-gcm@openssh.com"]}, "ciphers", ["aes256-ctr,aes128-gcm@openssh.com"]),
        ({"ciphers": "aes256-ctr, aes128-ctr"}, "ciphers", ["aes256-ctr,aes128-ctr"]),
        ({"ciphers": ["aes256-ctr", "aes128-ctr"], "disabled_algorithms": {"ciphers": ["aes128-ctr"]}}, "ciphers", ["aes256-ctr"]),
        ({"look_for_keys": "false"}, "identityfile", ["none"]),
        ({"remote_host": "other"}, "hostname", ["gpu"]),
        ({"username": "ann", "port": "2222"}, "port", ["2222"]),
        ({"username": "ann"}, "user", ["ann"]),
        ({"conn_timeout": "", "key_file": None, "private_key": ""}, "port", ["22"]),
    ],
)
def test_ssh_is_told_what_the_connection_says(connected, kind, extra, name, values):
    assert told(connected(extra, kind), name) == values


def test_what_is_disabled_is_not_used_and_the_rest_is(connected):
    disabled = {
        "pubkeys": ["rsa-sha2-512", "rsa-sha2-256"],
        "kex": ["curve25519-sha256"],
        "macs": ["hmac-sha1"],
        "keys": ["ssh-ed25519"],
        "ciphers": ["aes128-ctr"],
    }
    names = ("pubkeyacceptedalgorithms", "kexalgorithms", "macs", "hostkeyalgorithms", "ciphers")
    before, after = told(connected(), *names), told(connected({"disabled_algorithms": disabled}), *names)
    for all_of_them, left, gone in zip(before, after, disabled.values(), strict=True):
        assert set(all_of_them.split(",")) - set(left.split(",")) == set(gone)


def test_a_key_file_is_the_one_that_is_offered(connected, tmp_path, monkeypatch):
    key = tmp_path / "a key"
    key.touch(0o600)
    assert told(connected({"key_file": str(key)}), "identityfile", "identitiesonly") == [str(key), "yes"]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert told(connected({"key_file": "~/a key", "look_for_keys": False}), "identityfile") == [str(key)]
    with pytest.raises(AirflowException, match=r"the connection c: key_file is .*none, which cannot be read on this machine: put"):
        _ = connected({"key_file": str(tmp_path / "none")}).destination


def test_a_host_key_is_pinned_and_nothing_else_is_believed(connected):
    for text in (f"ssh-ed25519 {ED25519} ann@h", ED25519):
        options = connected({"host_key": text, "allow_host_key_change": True}).destination.ssh_options
        assert any(option.endswith(f" %H ssh-ed25519 {ED25519}") for option in options)
        assert told(connected({"host_key": text}), "stricthostkeychecking", "userknownhostsfile") == ["true", "/dev/null"]


@pytest.mark.parametrize("kind", ["ssh", "tunnel"])
@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"private_key": "S3CRET"}, "private_key .*key_file"),
        ({"private_key_passphrase": "S3CRET"}, "private_key_passphrase .*ssh-agent"),
        ({"passphrase": "S3CRET"}, "passphrase .*ssh-agent"),
        ({"host_key": ED25519, "no_host_key_check": True}, "host_key .*no_host_key_check"),
        ({"host_key": "ssh-dss AAAA"}, "host_key .*TYPE KEY"),
        ({"host_key": f"ssh-rsa {ED25519}"}, "host_key .*TYPE KEY"),
        ({"host_key": "not base64"}, "host_key .*TYPE KEY"),
        ({"host_key": base64.b64encode(b"\0\0\0\x0bssh-ed25519").decode()[:-4]}, "host_key .*TYPE KEY"),
        ({"no_host_key_check": "yes"}, "no_host_key_check is 'yes': write true or false"),
        ({"compress": 1}, "compress is 1: write true or false"),
        ({"conn_timeout": "soon"}, "conn_timeout is 'soon': write seconds"),
        ({"conn_timeout": -1}, "conn_timeout is -1"),
        ({"keepalive_interval": True}, "keepalive_interval is True"),
        ({"cmd_timeout": "x"}, "cmd_timeout is 'x'"),
        ({"ciphers": {"a": 1}}, "ciphers .*list of names"),
        ({"ciphers": ["a b"]}, "ciphers has 'a b'"),
        ({"ciphers": ["aes128-ctr"], "disabled_algorithms": {"ciphers": ["aes128-ctr"]}}, "ciphers has none"),
        ({"disabled_algorithms": ["a"]}, "disabled_algorithms is to be an object"),
        ({"disabled_algorithms": {"hosts": ["a"]}}, "disabled_algorithms .*keys of ciphers, macs"),
        ({"key_file": 'a"b'}, "key_file is .*use a path without"),
        ({"host_proxy_cmd": "a\nb"}, "host_proxy_cmd is to be one line"),
        ({"port": "ssh"}, "port is 'ssh'"),
        ({"port": 70000}, "70000 is no port of gpu"),
        ({"options": {"Port": 1}}, "options is to be a list"),
        ({"options": [1]}, "options is to be a list"),
        ({"tunnel": ["tunnel"]}, "tunnel is to be one line"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name_and_not_repeated(connected, kind, extra, words):
    with pytest.raises(AirflowException, match=f"the connection c: {words}") as caught:
        _ = connected(extra, kind).destination
    assert "S3CRET" not in str(caught.value)


def test_a_connection_with_a_password_is_refused(connected):
    with pytest.raises(AirflowException, match="connection c has a password") as caught:
        connected(password="S3CRET").jobs()  # noqa: S106
    assert "S3CRET" not in str(caught.value)


def test_a_connection_of_another_type_is_refused(connected):
    with pytest.raises(AirflowException, match="connection c is of type postgres, .*type tunnel or ssh"):
        connected(kind="postgres").jobs()


def test_a_word_that_is_not_known_is_said(connected, capsys):
    assert connected({"keyfile": "x"}).destination.ssh_options == ()
    assert "connection c: keyfile in its extra is not known" in capsys.readouterr().out
    with pytest.raises(AirflowException, match="connection c: keyfile is not known"):
        _ = connected({"keyfile": "x"}, kind="tunnel").destination


def test_nobody_who_checks_no_key_is_left_in_the_dark(connected, capsys):
    _ = connected({"allow_host_key_change": True}).destination
    assert "checked by nobody" in capsys.readouterr().out


def test_the_time_of_a_command_is_that_after_connecting(connected):
    assert connected({"cmd_timeout": 30}).call_timeout == 120
    assert connected({"cmd_timeout": 0}).call_timeout == connected().call_timeout == 120
    assert connected({"cmd_timeout": "600"}).call_timeout == 690
    assert connected({"cmd_timeout": 30}, where={"command_timeout": 5.0}).call_timeout == 5


@pytest.mark.parametrize(
    ("fields", "where", "host", "options"),
    [
        ({"host": "gpu", "login": "ann", "port": 2222}, {}, "ann@gpu", ["Port=2222"]),
        ({"host": "::1", "login": "ann", "port": 2222}, {}, "ann@::1", ["Port=2222"]),
        ({"host": "[::1]", "port": 22}, {}, "::1", ["Port=22"]),
        ({"host": "[::1]:2222"}, {}, "::1", ["Port=2222"]),
        ({"host": "fe80::1%eth0", "port": 22}, {}, "fe80::1%eth0", ["Port=22"]),
        ({"host": "gpu ", "login": "a%b@corp", "port": 22}, {}, "a%b@corp@gpu", ["Port=22"]),
        ({"host": "gpu", "login": "100%25"}, {}, "100%25@gpu", []),
        ({"host": "gpu", "login": "ann", "port": 2222}, {"host": "other"}, "ann@other", ["Port=2222"]),
        ({"host": "gpu", "login": "ann", "port": 2222}, {"host": "bob@other"}, "bob@other", ["Port=2222"]),
        ({"host": "gpu", "login": "ann", "port": 2222}, {"host": "ssh://bob@other:9"}, "bob@other", ["Port=9"]),
        ({"host": "gpu"}, {"host": "ssh://a%40b@[::1]:9/"}, "a@b@::1", ["Port=9"]),
        ({"host": "ssh://gpu"}, {}, "gpu", []),
        ({"host": "", "login": "ann"}, {"host": "2001:db8::7"}, "ann@2001:db8::7", []),
    ],
)
def test_where_a_job_runs_is_said_as_ssh_reads_it(connected, fields, where, host, options):
    destination = connected(where=where, **fields).destination
    assert (destination.host, list(destination.ssh_options)) == (host, options)
    assert told(TunnelJobHook(host=host, ssh_options=options), "port") == [options[0][5:] if options else "22"]


@pytest.mark.parametrize("host", ["ssh://", "[::1", "ssh://h:x", "ssh://h:99999", "ann@"])
def test_where_nothing_is_is_refused(host):
    with pytest.raises(AirflowException, match=r"address|host|port"):
        _ = TunnelJobHook(host=host).destination


def test_a_persons_options_come_before_what_the_connection_says(fake, connected):
    extra = {
        "ssh_config": "/etc/x y",
        "options": "ConnectTimeout=5\nLogLevel=ERROR",
        "tunnel": str(fake.program),
        "conn_timeout": 9,
    }
    connected(extra, "tunnel", login="ann", port=2222).jobs()
    assert fake.calls("list")[0]["where"] == [
        ["--host", "ann@gpu"],
        ["-F", "/etc/x y"],
        ["-o", "ConnectTimeout=5"],
        ["-o", "LogLevel=ERROR"],
        ["-o", "Port=2222"],
        ["-o", "ConnectTimeout=9"],
    ]
    connected(extra, "tunnel", {"host": "other", "ssh_config": "/mine", "ssh_options": ["A=b"]}).jobs()
    assert fake.calls("list")[1]["where"] == [["--host", "other"], ["-F", "/mine"], ["-o", "A=b"], ["-o", "ConnectTimeout=9"]]


def test_an_endpoint_takes_the_program_of_a_connection_and_nothing_of_its_way(fake, connected):
    hook = connected({"tunnel": str(fake.program), "options": "A=b"}, "tunnel", {"outputs": "/o.json"}, login="ann")
    hook.jobs()
    assert fake.calls("list")[0]["where"] == [["--outputs", "/o.json"]]
