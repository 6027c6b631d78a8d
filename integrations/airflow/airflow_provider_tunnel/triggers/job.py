"""Waits for a job in the triggerer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypedDict

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_tunnel.destination import Destination
from airflow_provider_tunnel.errors import JobNotFoundError, TunnelError
from airflow_provider_tunnel.hooks.job import TunnelJobHook
from airflow_provider_tunnel.progress import Progress
from airflow_provider_tunnel.triggers.batch import StatusBatch


class Orders(TypedDict):
    """What a trigger is told. All of it is JSON, and none of it is secret: Airflow keeps it in its database."""

    destination: Mapping[str, Any]
    progress: Mapping[str, Any]
    poll_interval: float
    # Seconds since 1970.
    deadline: float
    log_interval: float | None
    unreachable_timeout: float
    command_timeout: float
    cancel_on_kill: bool
    cancel_grace: float


class TunnelJobTrigger(BaseTrigger):
    """
    Looks at a job until it has ended, until its log is to be shown, or until the deadline.

    It can be made anew at any time, from what `serialize` gives: a triggerer that restarts goes on, and repeats nothing, since
    the log is shown by the worker. Triggers with the same destination and interval look at the same moments, in one call.

    `on_kill` is Airflow's word (3.3 and newer) that a person ended the task, as opposed to a triggerer that restarts: only then
    is the job cancelled. An older Airflow does not tell the two apart, and the job goes on.
    """

    def __init__(self, **orders: Any) -> None:
        super().__init__()
        self.orders: Orders = Orders(**orders)  # type: ignore[typeddict-item]
        self.destination = Destination.deserialize(orders["destination"])
        self.progress = Progress.deserialize(orders["progress"])

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give what makes this trigger anew."""
        return (
            "airflow_provider_tunnel.triggers.job.TunnelJobTrigger",
            {
                **self.orders,
                "destination": self.destination.serialize(),
                "progress": self.progress.serialize(),
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait."""
        yield await self._wait()

    async def on_kill(self) -> None:
        """Cancel the job: a person ended the task."""
        if self.orders["cancel_on_kill"]:
            hook = TunnelJobHook.at(self.destination, self.orders["command_timeout"])
            job = await hook.cancel_async(self.progress.job_id, self.orders["cancel_grace"])
            self.log.info("Job %s is %s: the task was ended while it was deferred", job.id, job.state)

    async def _wait(self) -> TriggerEvent:
        progress, orders = self.progress, self.orders
        began = time.monotonic()
        while True:
            await asyncio.sleep(_until_next(orders["poll_interval"]))
            try:
                job = await StatusBatch.of(self.destination, orders["command_timeout"]).status(progress.job_id)
            except JobNotFoundError as error:
                return self._event("failed", str(error))
            except TunnelError as error:
                since = progress.unreachable_since = progress.unreachable_since or time.time()
                if time.time() - since >= orders["unreachable_timeout"]:
                    return self._event("failed", str(error))
                self.log.warning("Job %s could not be asked for: %s", progress.job_id, error)
            else:
                progress.unreachable_since = None
                if job.is_finished:
                    return self._event("finished")
                if job.status and job.status != progress.status:
                    self.log.info("Status of job %s: %s", job.id, job.status)
                    progress.status = job.status
                has_grown = job.stdout_bytes > progress.stdout_offset or job.stderr_bytes > progress.stderr_offset
                interval = orders["log_interval"]
                if has_grown and interval is not None and time.monotonic() - began >= interval:
                    return self._event("log")
            if time.time() >= orders["deadline"]:
                return self._event("timed_out")

    def _event(self, reason: str, error: str | None = None) -> TriggerEvent:
        return TriggerEvent(
            {
                "reason": reason,
                "error": error,
                "progress": self.progress.serialize(),
                "deadline": self.orders["deadline"],
            }
        )


def _until_next(interval: float) -> float:
    """Give the seconds until the clock shows a multiple of the interval, which all with that interval wait for."""
    interval = max(interval, 0.1)
    return interval - time.time() % interval
