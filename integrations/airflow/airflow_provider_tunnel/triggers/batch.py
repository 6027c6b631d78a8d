"""One question for many triggers: the jobs of one destination are asked for together."""

from __future__ import annotations

import asyncio
import contextlib
from weakref import WeakKeyDictionary

from airflow_provider_tunnel.destination import Destination
from airflow_provider_tunnel.errors import TunnelError
from airflow_provider_tunnel.hooks.job import TunnelJobHook, one_of
from airflow_provider_tunnel.job import Job

# What is asked for within these seconds is one call.
GATHER = 0.1
# What an argument list surely holds.
MOST = 500

_batches: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[Destination, float], StatusBatch]] = WeakKeyDictionary()


class StatusBatch:
    """Gathers the questions of one destination in one event loop."""

    def __init__(self, destination: Destination, command_timeout: float) -> None:
        self._hook = TunnelJobHook.at(destination, command_timeout)
        self._waiting: dict[str, list[asyncio.Future[Job]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def of(cls, destination: Destination, command_timeout: float) -> StatusBatch:
        """Give the one of this event loop."""
        batches = _batches.setdefault(asyncio.get_running_loop(), {})
        return batches.setdefault((destination, command_timeout), cls(destination, command_timeout))

    async def status(self, job_id: str) -> Job:
        """Look at a job, together with those who ask at the same time."""
        future: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            task = asyncio.create_task(self._ask())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._waiting.setdefault(job_id, []).append(future)
        return await future

    async def _ask(self) -> None:
        await asyncio.sleep(GATHER)
        waiting, self._waiting = self._waiting, {}
        ids = [job_id for job_id, futures in waiting.items() if not all(future.done() for future in futures)]
        for start in range(0, len(ids), MOST):
            some = ids[start : start + MOST]
            known: dict[str, Job] = {}
            failed: Exception | None = None
            try:
                known = await self._hook.statuses_async(some)
            except Exception as error:  # each of those who ask is to hear of it
                failed = error
            for job_id in some:
                answer(waiting[job_id], job_id, known, failed)


def answer(futures: list[asyncio.Future[Job]], job_id: str, known: dict[str, Job], failed: Exception | None) -> None:
    """Tell all who asked for a job. Some of them may be gone."""
    for future in futures:
        with contextlib.suppress(asyncio.InvalidStateError):
            try:
                if failed is not None:
                    raise failed
                future.set_result(one_of(known, job_id))
            except TunnelError as error:
                future.set_exception(error)
