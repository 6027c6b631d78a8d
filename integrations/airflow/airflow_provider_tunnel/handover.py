"""
How a command and its variables get to their job.

Every user of the worker may read an argument list, and what is in one, or in a variable, has at most 128 KiB. So a script goes to
the job's standard input, where its shell reads it, and then what the job itself is to read there. A variable's value goes through
tunnel's own environment, as `--env NAME`; that fails for the names that tunnel and ssh themselves obey, and for what is too long:
a script sets those itself. A command that is a list is an argument list on its machine, and one here.
"""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import IO

from airflow_provider_tunnel.compat import AirflowException

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# The machine's, never secret: tunnel would not find ssh, a library or its home.
_PLAIN = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "XDG_*",
    "LD_*", "DYLD_*", "GLIBC_TUNABLES", "MALLOC_*", "RUST_*", "SSH_*", "DISPLAY",
)  # fmt: skip
_TUNNELS = ("TUNNEL_*", "DATABRICKS_TUNNEL_*")
# On the way to an endpoint tunnel reads these too, and they are secret.
_ENDPOINTS = ("DATABRICKS_*", "ARM_*", "AZURE_*", "AWS_*", "TF_*", "*_PROXY", "*_proxy")

# What Linux takes as one argument, or as a variable with its name, and a byte for its end (execve(2)).
MOST_IN_ONE = 128 * 1024
# What all variables that go through tunnel's environment may have together: the kernel's limit is 2 MiB with all else there.
MOST_IN_ALL = 512 * 1024

# A script's first line may name one of these, and with which options.
_SHELL = re.compile(r"#![ \t]*(?:/usr/bin/env[ \t]+)?((?:/\S*/)?(?:sh|bash|dash|ksh|mksh|zsh))((?:[ \t]+-\S+)*)[ \t\r]*")


@dataclass(frozen=True)
class Handover:
    """What `tunnel job submit` is given: its words, its environment, and what comes first on the job's standard input."""

    arguments: list[str]
    command: list[str]
    environment: dict[str, str]
    script: bytes = b""

    @contextmanager
    def stdin(self, path: str | None) -> Iterator[IO[bytes] | None]:
        """Give the job's standard input where it has a script: the script, and then the file. Its name is gone already."""
        if not self.script:
            yield None
            return
        with tempfile.TemporaryFile() as file:
            file.write(self.script)
            if path:
                try:
                    with open(path, "rb") as rest:  # noqa: PTH123
                        shutil.copyfileobj(rest, file)
                except OSError as error:
                    raise AirflowException(f"stdin is {path}, which cannot be read: {error.strerror}") from error
            file.seek(0)
            yield file


def hand_over(
    command: str | Sequence[str], env: Mapping[str, object] | None, here: Mapping[str, str], *, is_endpoint: bool
) -> Handover:
    """Divide a command and its variables among the ways. `here` is this process's environment."""
    is_script = isinstance(command, str)
    arguments: list[str] = []
    child = dict(here)
    lines: list[str] = []
    room = MOST_IN_ALL
    for name, value in _checked(env).items():
        size = len(_bytes(name)) + len(_bytes(value)) + 2
        is_long = size > MOST_IN_ONE
        is_obeyed = _is_one_of(name, _TUNNELS) or (is_endpoint and _is_one_of(name, _ENDPOINTS))
        is_plain = _is_one_of(name, _PLAIN)
        if here.get(name) == value:
            arguments.append(f"--env={name}")
        elif is_script and (is_long or is_obeyed or is_plain or size > room):
            # No program gets what is too long: it is the script's alone.
            lines.append(f"unset {name}; {name}={shlex.quote(value)}" if is_long else f"export {name}={shlex.quote(value)}")
        elif is_long:
            raise AirflowException(
                f"the environment variable {name} has {len(_bytes(value))} bytes, and no program is given more than 128 KiB "
                "in one: hand it over in a file (uploads or stdin), or make the command a script, whose own variable it then is"
            )
        elif is_plain:
            arguments.append(f"--env={name}={value}")
        elif is_obeyed:
            raise AirflowException(
                f"the environment variable {name} is one that tunnel itself reads, so it cannot be handed to the job "
                "by this name: give it another name, or make the command a script"
            )
        else:
            arguments.append(f"--env={name}")
            child[name] = value
            room -= size
    if isinstance(command, str):
        shell, text = _script(command)
        script = "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape") + text
        return Handover(arguments, [*shell, "-c", _reader(len(script))], child, script)
    return Handover(arguments, _words(command), child)


def _checked(env: Mapping[str, object] | None) -> dict[str, str]:
    values = {name: str(value) for name, value in (env or {}).items()}
    for name, value in values.items():
        if not _NAME.fullmatch(name):
            raise AirflowException(f"{name!r} is no name of an environment variable")
        if "\0" in value:
            raise AirflowException(f"the value of the environment variable {name} has a NUL byte")
    return values


def _script(command: str) -> tuple[list[str], bytes]:
    """Give the shell that runs it, and its bytes."""
    if not command.strip():
        raise AirflowException("the command is empty: a template that found nothing?")
    if "\0" in command:
        raise AirflowException("the command has a NUL byte, which no script has")
    first = command.partition("\n")[0]
    shell = ["sh"]
    if first.startswith("#!"):
        named = _SHELL.fullmatch(first)
        if named is None:
            raise AirflowException(
                f"a text is a script for a shell, and the first line of this one is {first.strip()!r}: "
                'upload the file, and run it with a list, as ["python3", "work.py"]'
            )
        shell = [named[1], *named[2].split()]
    return shell, _bytes(command)


def _reader(size: int) -> str:
    """
    Give what a shell is to do to run the first bytes of its standard input, and leave it what is behind them.

    Its first words are for whoever reads `tunnel job list`.
    """
    return (
        f': a script of {size} bytes; _tunnel_script=$(dd bs={size} count=1 2>/dev/null) && [ -n "$_tunnel_script" ] || '
        "{ echo 'the script of this job could not be read' >&2; exit 126; }; "
        'eval "unset _tunnel_script; $_tunnel_script"'
    )


def _words(command: Sequence[str]) -> list[str]:
    words = [str(word) for word in command]
    if not words:
        raise AirflowException("the command is empty: a list begins with a program")
    for word in words:
        if "\0" in word:
            raise AirflowException("the command has a NUL byte, which no argument has")
        if len(_bytes(word)) >= MOST_IN_ONE:
            raise AirflowException(
                f"the command has an argument of {len(_bytes(word))} bytes, and no program is given more than 128 KiB in one: "
                "hand it over in a file (uploads or stdin)"
            )
    return words


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
