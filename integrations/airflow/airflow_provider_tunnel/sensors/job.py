"""Waits for a job that another task submitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_tunnel.compat import AirflowException, AirflowFailException
from airflow_provider_tunnel.job import Job, checked_id
from airflow_provider_tunnel.waiting import TunnelJobWaiter

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_tunnel.progress import Memory


class TunnelJobSensor(TunnelJobWaiter):
    """
    Waits for a job's end, and fails where the job failed: without a retry, since a finished job stays what it is.

    :param job_id: The job: `submit.output`, or a template.
    :param cancel_on_kill: Default: False. The job is another task's, and others may wait for it too.
    """

    template_fields: Sequence[str] = (*TunnelJobWaiter.template_fields, "job_id")

    def __init__(self, *, job_id: str, cancel_on_kill: bool = False, **kwargs: Any) -> None:
        super().__init__(cancel_on_kill=cancel_on_kill, **kwargs)
        self.job_id = job_id

    def find_job(self, context: Context, memory: Memory) -> str:  # noqa: ARG002
        """Take what was given."""
        return checked_id(self.job_id)

    def failure(self, job: Job, message: str) -> AirflowException:  # noqa: ARG002
        """Fail without a retry."""
        return AirflowFailException(message)
