"""
What a connection of Airflow says about the way to a machine.

Types `ssh` and `sftp` mean here what they mean to Airflow's own provider (apache-airflow-providers-ssh 7.0.1, hooks/ssh.py), and
type `tunnel` has the same words and three more. What ssh cannot be told, because it would be a secret on an argument list or a
file on each worker, is refused by its name.
"""

from __future__ import annotations

import base64
import binascii
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_tunnel.compat import AirflowException
from airflow_provider_tunnel.extra import Extra

OURS = ("tunnel", "generic", "")
AIRFLOWS = ("ssh", "sftp")

_HOST_KEYS = ("ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-ed25519")
# Paramiko's words for what can be disabled, and ssh_config(5)'s.
_ALGORITHMS = {
    "ciphers": "Ciphers",
    "macs": "MACs",
    "kex": "KexAlgorithms",
    "keys": "HostKeyAlgorithms",
    "pubkeys": "PubkeyAcceptedAlgorithms",
}
_REFUSED = {
    "private_key": "would be a file with a secret on each worker: put the key into one there, and name it in key_file",
    "private_key_passphrase": "can be handed to nobody but a person: add the key to an ssh-agent, or use one without a passphrase",
    "passphrase": "can be handed to nobody but a person: add the key to an ssh-agent, or use one without a passphrase",
}
# ssh's own keys are sent to anybody who answers then; whom, is not checked.
_UNCHECKED = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null")


@dataclass(frozen=True)
class Way:
    """What a connection says."""

    host: str | None = None
    login: str | None = None
    port: int | None = None
    ssh_config: str | None = None
    ssh_options: tuple[str, ...] = ()
    # Options that follow from its other words: those of a person, who may say the same in other words, come before them.
    translated: tuple[str, ...] = ()
    tunnel: str | None = None
    # Seconds that a command of ours may take once there is a connection.
    command_timeout: float | None = None


def read(name: str, connection: Any, warn: Callable[[str], None]) -> Way:
    """Read it, or say what of it cannot be."""
    kind = connection.conn_type or ""
    if kind not in (*OURS, *AIRFLOWS):
        raise AirflowException(f"the connection {name} is of type {kind}, which leads to no job: use one of type tunnel or ssh")
    extra = Extra(name, connection.extra_dejson)
    if connection.password:
        raise AirflowException(
            f"the connection {name} has a password, which ssh takes from nobody but a person: "
            "use a key (key_file in the extra, or one of the ssh configuration), and leave the password empty"
        )
    for key, reason in _REFUSED.items():
        if extra.value(key) is not None:
            raise extra.refusal(key, reason)
    host, login, port = extra.text("remote_host"), extra.text("username"), _port(extra)
    way = Way(
        host=connection.host or host,
        login=connection.login or login,
        port=connection.port or port,
        ssh_config=extra.text("ssh_config"),
        ssh_options=extra.lines("options"),
        translated=tuple(_translated(extra, warn)),
        tunnel=extra.text("tunnel"),
        command_timeout=extra.seconds("cmd_timeout") or None,
    )
    _look_at_unread(extra, kind, warn)
    return way


def _translated(extra: Extra, warn: Callable[[str], None]) -> Iterator[str]:
    key_file = extra.path("key_file")
    if key_file is not None:
        if not os.access(key_file, os.R_OK):
            raise extra.refusal("key_file", f"is {key_file}, which cannot be read on this machine: put the key there")
        yield from (f"IdentityFile={_quoted(key_file)}", "IdentitiesOnly=yes")
    if extra.truth("look_for_keys") is False and key_file is None:
        yield "IdentityFile=none"
    yield from _host_key(extra, warn)
    timeout, older = extra.seconds("conn_timeout"), extra.seconds("timeout")
    if timeout := timeout or older:
        yield f"ConnectTimeout={math.ceil(timeout)}"
    keepalive = extra.seconds("keepalive_interval")
    if keepalive is not None:
        yield f"ServerAliveInterval={math.ceil(keepalive)}"
    compress = extra.truth("compress")
    if compress is not None:
        yield f"Compression={'yes' if compress else 'no'}"
    proxy = extra.text("host_proxy_cmd")
    if proxy is not None:
        yield f"ProxyCommand={proxy}"
    yield from _algorithms(extra)


def _host_key(extra: Extra, warn: Callable[[str], None]) -> Iterator[str]:
    unchecked, older = extra.truth("no_host_key_check"), extra.truth("ignore_hostkey_verification")
    unchecked = older if unchecked is None else unchecked
    may_change = extra.truth("allow_host_key_change")
    known_hosts, pinned = extra.text("known_hosts"), extra.text("host_key")
    if pinned is not None:
        if unchecked:
            raise extra.refusal("host_key", "is there, and no_host_key_check says not to check it: remove one of them")
        yield from _pinned(extra, pinned)
    elif may_change or (known_hosts or "").lower() == "none":
        warn(f"the connection {extra.connection} has its host's key checked by nobody: whoever answers gets the job")
        yield from _UNCHECKED
    else:
        if path := extra.path("known_hosts"):
            yield f"UserKnownHostsFile={_quoted(path)}"
        if unchecked is not None:
            # An unknown key is taken, and one that changed is not: that is what allow_host_key_change is for.
            yield f"StrictHostKeyChecking={'accept-new' if unchecked else 'yes'}"


def _pinned(extra: Extra, text: str) -> Iterator[str]:
    words = text.split()
    data = words[1] if len(words) > 1 else words[0]
    try:
        blob = base64.b64decode(data, validate=True)
    except binascii.Error:
        blob = b""
    # RFC 4253, 6.6: a key begins with the name of its type, and that with its length.
    kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode("ascii", "replace")
    if kind not in _HOST_KEYS or (len(words) > 1 and words[0] != kind):
        raise extra.refusal(
            "host_key",
            f"is no public key that a host has: write it as in known_hosts, TYPE KEY, with one of {', '.join(_HOST_KEYS)}",
        )
    echo = shutil.which("echo") or "/bin/echo"
    yield from (
        f'KnownHostsCommand="{echo}" %H {kind} {data}',
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=/dev/null",
        "GlobalKnownHostsFile=/dev/null",
        "VerifyHostKeyDNS=no",
    )


def _algorithms(extra: Extra) -> Iterator[str]:
    ciphers = extra.value("ciphers")
    wanted = () if ciphers is None else extra.names("ciphers", ciphers)
    disabled = extra.value("disabled_algorithms") or {}
    if not isinstance(disabled, Mapping) or set(disabled) - set(_ALGORITHMS):
        raise extra.refusal("disabled_algorithms", f"is to be an object with lists of names, and keys of {', '.join(_ALGORITHMS)}")
    for kind, option in _ALGORITHMS.items():
        without = extra.names("disabled_algorithms", disabled.get(kind, ()))
        if kind == "ciphers" and wanted:
            wanted = tuple(cipher for cipher in wanted if cipher not in without)
            if not wanted:
                raise extra.refusal("ciphers", "has none that disabled_algorithms leaves")
            yield f"{option}={','.join(wanted)}"
        elif without:
            yield f"{option}=-{','.join(without)}"


def _quoted(path: str) -> str:
    """Give a path as a value of ssh_config(5)."""
    return '"' + path.replace("%", "%%") + '"'


def _port(extra: Extra) -> int | None:
    value = extra.value("port")
    if value is None:
        return None
    if not str(value).isdecimal():
        raise extra.refusal("port", f"is {value!r}, which is no number")
    return int(value)


def _look_at_unread(extra: Extra, kind: str, warn: Callable[[str], None]) -> None:
    """Airflow's own provider reads past words that it does not know: a person is to hear of it. One of ours is a mistake."""
    if not extra.unread:
        return
    names = ", ".join(sorted(extra.unread))
    if kind in AIRFLOWS:
        warn(f"the connection {extra.connection}: {names} in its extra is not known, and not obeyed")
    elif kind == "tunnel":
        raise extra.refusal(names, "is not known: see the README of airflow-provider-tunnel for what an extra may have")
