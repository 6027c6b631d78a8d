"""
Runs `tunnel`, and reads what it says.

Its output goes to files, not to pipes: ssh may leave a process behind for the connection that calls share, and who waits for
the end of a pipe then waits for that process. It has a session of its own, so that the signal that ends a task's process group
does not also end the call that cancels the task's job.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from airflow_provider_tunnel.errors import TunnelError


@dataclass(frozen=True)
class Answer:
    """What a call left behind."""

    code: int
    output: str
    error: str

    def checked(self) -> Answer:
        """Give itself, where tunnel succeeded."""
        if self.code != 0:
            raise TunnelError(self.message())
        return self

    def message(self) -> str:
        """Give tunnel's own words."""
        said = self.error.strip().removeprefix("tunnel: ") or f"tunnel ended with code {self.code} and said nothing"
        return f"{said}\nIs this tunnel older than airflow-provider-tunnel? Update it" if "unexpected argument" in said else said

    def json(self) -> Any:
        """Read what was printed."""
        try:
            return json.loads(self.output)
        except ValueError as error:
            raise TunnelError(f"tunnel printed no JSON, but {self.output[:200]!r}: is it too old for this?") from error


def run(command: Sequence[str], timeout: float, env: Mapping[str, str] | None = None, stdin: IO[bytes] | None = None) -> Answer:
    """Run it to its end."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as error:
        process = _start(command, output, error, env, stdin)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as late:
            raise TunnelError(_too_late(command, timeout, error)) from late
        finally:
            _end(process.pid, process.poll() is None)
            process.wait()
        return Answer(code, _text(output), _text(error))


async def run_async(command: Sequence[str], timeout: float) -> Answer:
    """Run it to its end, in an event loop."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as error:
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=subprocess.DEVNULL, stdout=output, stderr=error, start_new_session=True
            )
        except OSError as reason:
            raise TunnelError(_not_started(command[0], reason)) from reason
        try:
            code = await asyncio.wait_for(process.wait(), timeout)
        except asyncio.TimeoutError as late:
            raise TunnelError(_too_late(command, timeout, error)) from late
        finally:
            _end(process.pid, process.returncode is None)
        return Answer(code, _text(output), _text(error))


def lines(command: Sequence[str], patience: float) -> Iterator[bytes]:
    """Give each line that it prints, as it comes; an error where it fails, or prints nothing for too long."""
    with tempfile.TemporaryFile() as error:
        process = _start(command, subprocess.PIPE, error)
        try:
            if process.stdout is not None:
                yield from _lines_of(process, process.stdout, patience, error)
            code = process.wait(patience)
        except subprocess.TimeoutExpired as late:
            raise TunnelError(_too_late(command, patience, error)) from late
        finally:
            _end(process.pid, process.poll() is None)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        Answer(code, "", _text(error)).checked()


def _lines_of(process: subprocess.Popen[bytes], pipe: IO[bytes], patience: float, error: IO[bytes]) -> Iterator[bytes]:
    rest = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        heard = time.monotonic()
        while True:
            has_ended = process.poll() is not None
            if not selector.select(0.2):
                if has_ended:
                    break
                if time.monotonic() - heard > patience:
                    raise TunnelError(_too_late(process.args, patience, error))
                continue
            heard = time.monotonic()
            data = os.read(pipe.fileno(), 1 << 16)
            if not data:
                break
            start = len(rest)
            rest += data
            while (end := rest.find(b"\n", start)) >= 0:
                yield bytes(rest[:end])
                del rest[: end + 1]
                start = 0
    if rest:
        yield bytes(rest)


def _start(
    command: Sequence[str],
    output: IO[bytes] | int,
    error: IO[bytes],
    env: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    given = subprocess.DEVNULL if stdin is None else stdin
    try:
        return subprocess.Popen(command, stdin=given, stdout=output, stderr=error, env=env, start_new_session=True)
    except OSError as reason:
        raise TunnelError(_not_started(command[0], reason)) from reason


def _end(pid: int, is_running: bool) -> None:
    """End a call that nobody waits for any more, and the ssh that it started."""
    if is_running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _not_started(program: str, reason: OSError) -> str:
    way_out = "this machine has no room for another process now"
    if reason.errno == errno.E2BIG:
        way_out = "the command and variables of the job are too much for an argument list: use a file (uploads or stdin)"
    elif reason.errno in {errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.ENOTDIR}:
        way_out = "install tunnel on the workers and the triggerer, or name it by the parameter tunnel or in the connection's extra"
    return f"{program} cannot be run ({reason.strerror}): {way_out}"


def _too_late(command: Any, timeout: float, error: IO[bytes]) -> str:
    said = _text(error).strip()
    return f"{command[0]} gave no answer within {timeout:g} s" + (f": {said}" if said else "")
