"""Submits a job and waits for it, in one task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_tunnel.attempt import Attempt
from airflow_provider_tunnel.compat import AirflowException, AirflowFailException
from airflow_provider_tunnel.errors import JobNotFoundError
from airflow_provider_tunnel.operators.submit import TunnelSubmitJobOperator
from airflow_provider_tunnel.waiting import TunnelJobWaiter

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_tunnel.job import Job
    from airflow_provider_tunnel.progress import Memory


class TunnelJobOperator(TunnelSubmitJobOperator, TunnelJobWaiter):
    """
    Runs a job on another machine, and succeeds or fails with it. Takes what `TunnelSubmitJobOperator` and `TunnelJobSensor` take.

    A worker or triggerer that dies leaves the job alone, and the task finds it again: a second copy is never started beside it.
    A retry after a job that failed starts a new one. The whole rule stands in `attempt.py`.

    :param mode: reschedule (default): no worker between two looks. poke: a worker waits.
    """

    template_fields: Sequence[str] = TunnelSubmitJobOperator.template_fields

    def __init__(self, *, mode: Literal["poke", "reschedule"] = "reschedule", **kwargs: Any) -> None:
        super().__init__(mode=mode, **kwargs)

    def execute(self, context: Context) -> Any:
        """Find or start the job, and wait."""
        return TunnelJobWaiter.execute(self, context)

    def find_job(self, context: Context, memory: Memory) -> str:
        """Find the job of this try, or of an earlier one whose worker died; else start it."""
        attempt = Attempt.of(context, self.retries or 0, self.key)
        if context.get("task_reschedule_count"):
            return self._job_of_last_poke(attempt, memory)
        # In the first of all tries there is no job yet, and the key takes care of a submission that was repeated.
        found = attempt.choose(self.hook.jobs(), self._is_result) if attempt.try_number > 1 else attempt.key()
        if isinstance(found, str):
            return self._submit(found)
        self.log.info("Attached to job %s, which is %s", found.id, found.state)
        self._job_id = found.id
        return found.id

    def failure(self, job: Job, message: str) -> AirflowException:
        """Fail: a retry starts the job anew, but not one that somebody cancelled."""
        if job.state == "cancelled" and not self._was_killed:
            return AirflowFailException(message)
        return AirflowException(message)

    def _job_of_last_poke(self, attempt: Attempt, memory: Memory) -> str:
        saved = memory.load()
        if saved and saved[0] == attempt.try_number:
            return saved[1].job_id
        own = attempt.own(self.hook.jobs())
        if not own:
            raise JobNotFoundError("the job that this try submitted is not on its machine any more")
        return own[-1][1].id
