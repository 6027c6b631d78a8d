"""How far a job was watched, and where that is kept from one process of a task to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_tunnel.log import Stream

STORED_AS = "tunnel_job"


@dataclass
class Progress:
    """What was shown of a job, and since when its machine cannot be reached."""

    job_id: str
    stdout_offset: int = 0
    stderr_offset: int = 0
    status: str | None = None
    unreachable_since: float | None = None

    def offset(self, stream: Stream) -> int:
        """Give where the part of a log begins that was not shown yet."""
        return self.stdout_offset if stream == "stdout" else self.stderr_offset

    def move(self, stream: Stream, offset: int) -> None:
        """Note that a log was shown up to there."""
        if stream == "stdout":
            self.stdout_offset = offset
        else:
            self.stderr_offset = offset

    def serialize(self) -> dict[str, Any]:
        """Give what JSON can carry."""
        return asdict(self)

    @classmethod
    def deserialize(cls, values: Mapping[str, Any]) -> Progress:
        """Make it anew from what `serialize` gave."""
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})


class Memory:
    """
    Keeps a task's progress in Airflow's task state store.

    Airflow has it from 3.3 on. Before, nothing that a worker writes outlives its process but XComs, and Airflow clears those of
    a task when it starts again: then a rescheduled poke finds its job on the machine, and shows the log when the job has ended.
    """

    def __init__(self, context: Context) -> None:
        self._store: Any = context.get("task_state_store")
        self._saved: Any = self._store.get(STORED_AS) if self._store is not None else None

    @property
    def is_there(self) -> bool:
        """Whether this Airflow has a store."""
        return self._store is not None

    def load(self) -> tuple[int, Progress] | None:
        """Give the number of the try that saved last, and what it saved."""
        values = self._saved
        if not isinstance(values, dict) or "job_id" not in values:
            return None
        return int(values.get("try_number", 0)), Progress.deserialize(values)

    def save(self, try_number: int, progress: Progress) -> None:
        """Save it, where something changed."""
        values = {"try_number": try_number, **progress.serialize()}
        if self._store is not None and values != self._saved:
            self._store.set(STORED_AS, values)
            self._saved = values
