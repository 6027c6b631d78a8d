"""Where jobs run: what stands between `tunnel job` and its subcommand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote

from airflow_provider_tunnel.compat import AirflowException

_ADDRESS = re.compile(r"(?:(?P<login>.*)@)?(?:\[(?P<bracketed>[^\]]+)\]|(?P<host>[^\[\]:]*))(?::(?P<port>\d*))?")


@dataclass(frozen=True)
class Destination:
    """A destination of ssh, or an endpoint of a deployment's outputs. Holds no secret."""

    host: str | None = None
    ssh_config: str | None = None
    ssh_options: tuple[str, ...] = ()
    outputs: str | None = None
    endpoint: str | None = None
    tunnel: str = "tunnel"
    remote_base_dir: str | None = None

    def __post_init__(self) -> None:
        """Refuse what names no machine, or two."""
        if bool(self.host) == bool(self.outputs):
            raise AirflowException(
                "where the job runs is not clear: give either host (or a connection with a host), "
                "or outputs (a file with what `terraform output -json` prints)"
            )
        if self.outputs == "-":
            raise AirflowException("outputs must be a file: there is no standard input here")
        if self.endpoint and not self.outputs:
            raise AirflowException("endpoint picks one of several in outputs: give outputs too")
        if self.outputs and (self.ssh_config or self.ssh_options):
            raise AirflowException("ssh_config and ssh_options are for a host: the way to an endpoint is told by outputs")
        if self.outputs and self.remote_base_dir:
            raise AirflowException("remote_base_dir is for a host: an endpoint's server keeps its jobs where it looks after them")
        if self.remote_base_dir and not self.remote_base_dir.startswith("/"):
            raise AirflowException(
                f"remote_base_dir is {self.remote_base_dir!r}, and must begin with /: the folder must not depend on the login"
            )

    @property
    def is_endpoint(self) -> bool:
        """Whether tunnel goes there through a workspace, with credentials out of its environment."""
        return self.outputs is not None

    def command(self) -> list[str]:
        """Give the words that each call starts with."""
        words = [self.tunnel, "job"]
        if self.host:
            words.append(f"--host={self.host}")
        if self.ssh_config:
            words += ["-F", self.ssh_config]
        for option in self.ssh_options:
            words += ["-o", option]
        if self.outputs:
            words.append(f"--outputs={self.outputs}")
        if self.endpoint:
            words.append(f"--endpoint={self.endpoint}")
        if self.remote_base_dir:
            words.append(f"--jobs-dir={self.remote_base_dir}")
        return words

    def serialize(self) -> dict[str, Any]:
        """Give what JSON can carry."""
        return {**asdict(self), "ssh_options": list(self.ssh_options)}

    @classmethod
    def deserialize(cls, fields: Mapping[str, Any]) -> Destination:
        """Make it anew from what `serialize` gave."""
        return cls(**{**fields, "ssh_options": tuple(fields.get("ssh_options") or ())})


def options(value: str | Sequence[str] | None) -> tuple[str, ...]:
    """Read ssh's options: a list, or text with one a line."""
    lines = value.splitlines() if isinstance(value, str) else value or ()
    return tuple(line.strip() for line in lines if line.strip())


def ssh_destination(address: str, login: str | None = None, port: int | None = None) -> tuple[str, tuple[str, ...]]:
    """
    Give what ssh takes as its destination, and the options that go with it.

    The address is a host, or user@host, or ssh://user@host:port; what it does not say the login and the port do. The port is an
    option, never part of an ssh:// address: ssh reads no IPv6 address there (OpenSSH 9.2), and takes a % in a login for a code.
    """
    text = address.strip()
    is_uri = text.lower().startswith("ssh://")
    # Only an address, or one in brackets, has a port behind it: else the colons are those of an IPv6 address.
    if not is_uri and "[" not in text:
        own_login, host = text.rpartition("@")[::2]
    else:
        found = _ADDRESS.fullmatch(text[len("ssh://") :].rstrip("/") if is_uri else text)
        if found is None:
            raise AirflowException(f"{address!r} is no address: give a host, user@host or ssh://user@host:port")
        own_login, host = found["login"] or "", found["bracketed"] or found["host"]
        if is_uri:
            own_login = unquote(own_login)
        port = int(found["port"]) if found["port"] else port
    if not host:
        raise AirflowException(f"{address!r} has no host: give a host, user@host or ssh://user@host:port")
    if port is not None and not 0 < port < 1 << 16:
        raise AirflowException(f"{port} is no port of {host}: it is between 1 and 65535")
    user = own_login or login
    return (f"{user}@{host}" if user else host), (() if port is None else (f"Port={port}",))
