"""A job, as `tunnel job … --json` prints it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_tunnel.compat import AirflowException

UNFINISHED = frozenset({"pending", "running"})

_ID = re.compile(r"[a-z0-9]{1,64}")


@dataclass(frozen=True)
class Job:
    """A job. Finished states are exited, signaled, cancelled, timed_out and lost."""

    id: str
    state: str
    name: str | None = None
    key: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    started_at: str | None = None
    ended_at: str | None = None
    duration_seconds: float | None = None
    status: str | None = None
    stdout_bytes: int = 0
    stderr_bytes: int = 0

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Job:
        """Read what tunnel printed; what a newer tunnel adds is left alone."""
        return cls(**{name: fields[name] for name in cls.__dataclass_fields__ if name in fields})

    @property
    def is_finished(self) -> bool:
        """Whether it has ended, one way or the other."""
        return self.state not in UNFINISHED

    @property
    def has_succeeded(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.state == "exited" and self.exit_code == 0

    def summary(self) -> dict[str, Any]:
        """Give what goes into XCom: not the command, which may show more than people should read there."""
        names = ("id", "name", "state", "exit_code", "signal", "started_at", "ended_at", "duration_seconds", "status")
        return {name: getattr(self, name) for name in (*names, "stdout_bytes", "stderr_bytes")}

    def ending(self) -> str:
        """Say how it ended, for people."""
        code = "no exit code" if self.exit_code is None else f"exit code {self.exit_code}"
        words = {
            "exited": f"ended with {code}",
            "signaled": f"was ended by signal {self.signal}",
            "cancelled": "was cancelled",
            "timed_out": f"was ended because its time was over ({code})",
            "lost": "was lost: its machine or its supervisor went away, and its result is not known",
        }
        after = "" if self.duration_seconds is None else f" after {self.duration_seconds:g} s"
        status = f"; its last status: {self.status}" if self.status else ""
        return f"job {self.id} {words.get(self.state, self.state)}{after} (state {self.state}){status}"


def checked_id(text: object) -> str:
    """Give the id as it is, where it is one. A template that found nothing gives None or an empty text."""
    if isinstance(text, str) and _ID.fullmatch(text):
        return text
    raise AirflowException(f"{text!r} is no job's id: it has 1 to 64 lower-case letters and digits")
