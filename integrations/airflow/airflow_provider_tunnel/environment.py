"""
How a job's environment gets to it.

A value may be a secret, and an argument list is there for every user of the machine to read. So `--env NAME` is an argument,
and the value goes through tunnel's own environment. That fails for the names that tunnel and ssh themselves obey.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

from airflow_provider_tunnel.compat import AirflowException

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# The machine's, never secret: tunnel would not find ssh, a library or its home.
_PLAIN = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "XDG_*",
    "LD_*", "DYLD_*", "GLIBC_TUNABLES", "MALLOC_*", "RUST_*", "SSH_*", "DISPLAY",
)  # fmt: skip
_TUNNELS = ("TUNNEL_*", "DATABRICKS_TUNNEL_*")
# On the way to an endpoint tunnel reads these too, and they are secret.
_ENDPOINTS = ("DATABRICKS_*", "ARM_*", "AZURE_*", "AWS_*", "TF_*", "*_PROXY", "*_proxy")


def hand_over(env: Mapping[str, object] | None, here: Mapping[str, str], *, is_endpoint: bool) -> tuple[list[str], dict[str, str]]:
    """Give the arguments of `tunnel job submit`, and the environment that tunnel is to have."""
    arguments = []
    child = dict(here)
    for name, given in (env or {}).items():
        value = str(given)
        if not NAME.fullmatch(name):
            raise AirflowException(f"{name!r} is no name of an environment variable")
        if "\0" in value:
            raise AirflowException(f"the value of the environment variable {name} has a NUL byte")
        if here.get(name) == value:
            arguments.append(f"--env={name}")
        elif _is_one_of(name, _PLAIN):
            arguments.append(f"--env={name}={value}")
        elif _is_one_of(name, _TUNNELS) or (is_endpoint and _is_one_of(name, _ENDPOINTS)):
            raise AirflowException(
                f"the environment variable {name} is one that tunnel itself reads, so it cannot be handed to the job "
                "by this name: give it another name, and set it in the command"
            )
        else:
            arguments.append(f"--env={name}")
            child[name] = value
    return arguments, child


def _is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
