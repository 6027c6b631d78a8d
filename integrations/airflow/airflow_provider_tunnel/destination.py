"""Where jobs run: what stands between `tunnel job` and its subcommand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from airflow_provider_tunnel.compat import AirflowException


@dataclass(frozen=True)
class Destination:
    """A destination of ssh, or an endpoint of a deployment's outputs. Holds no secret."""

    host: str | None = None
    ssh_config: str | None = None
    ssh_options: tuple[str, ...] = ()
    outputs: str | None = None
    endpoint: str | None = None
    tunnel: str = "tunnel"

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


def ssh_destination(host: str, login: str | None, port: int | None) -> str:
    """Put a connection's fields together as ssh takes them."""
    user = f"{login}@" if login else ""
    if port is None:
        return f"{user}{host}"
    return f"ssh://{user}[{host}]:{port}" if ":" in host else f"ssh://{user}{host}:{port}"
