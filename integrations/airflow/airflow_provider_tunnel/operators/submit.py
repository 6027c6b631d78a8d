"""Submits a job, and leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_tunnel.attempt import Attempt
from airflow_provider_tunnel.compat import AirflowException
from airflow_provider_tunnel.operators.base import TunnelOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class TunnelSubmitJobOperator(TunnelOperator):
    """
    Starts a job on another machine, and succeeds at once with the job's id as its XCom: `TunnelJobSensor` waits for its end.

    A retry of this task gives the same job back. A cleared task starts a new one. The rule stands in `attempt.py`.

    :param command: A list is run as it is. A text is a script for the machine's sh.
    :param env: Environment of the job. Values are never on an argument list.
    :param dir: Working directory. Without it that is the folder of the uploads.
    :param name: Name of the job, for people. Without it that is DAG.TASK.
    :param key: In place of the part of the job's key that names the task.
    :param job_timeout: Seconds (or as "2h") that the job may take. Its machine sees to that, also when Airflow is away.
    :param stdin: File of the worker that the job reads as its standard input.
    :param uploads: Files of the worker that are put where the job runs.
    """

    template_fields: Sequence[str] = (
        *TunnelOperator.template_fields,
        "command",
        "env",
        "dir",
        "name",
        "key",
        "job_timeout",
        "stdin",
        "uploads",
    )
    template_fields_renderers = {"command": "bash", "env": "json"}  # noqa: RUF012

    def __init__(
        self,
        *,
        command: str | Sequence[str],
        env: Mapping[str, Any] | None = None,
        dir: str | None = None,  # noqa: A002
        name: str | None = None,
        key: str | None = None,
        job_timeout: float | str | timedelta | None = None,
        stdin: str | None = None,
        uploads: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.command = command
        self.env = env
        self.dir = dir
        self.name = name
        self.key = key
        self.job_timeout = job_timeout
        self.stdin = stdin
        self.uploads = uploads

    def execute(self, context: Context) -> str:
        """Submit, and give the id."""
        job_id = self._submit(Attempt.of(context, self.retries or 0, self.key).key())
        context["ti"].xcom_push(key="job_id", value=job_id)
        return job_id

    def _submit(self, key: str) -> str:
        submitted = self.hook.submit(
            self.command,
            name=self.name or f"{self.dag_id}.{self.task_id}",
            key=key,
            env=self.env,
            dir=self.dir,
            timeout=self.job_timeout,
            stdin=self.stdin,
            uploads=self.uploads,
        )
        self._job_id = submitted.id
        what = "Submitted job %s to %s" if submitted.created else "Job %s was submitted to %s before"
        self.log.info(what, submitted.id, submitted.host)
        if self._was_killed:
            # The signal came while the job's id was not known here.
            self.on_kill()
            raise AirflowException(f"the task was ended while it submitted job {submitted.id}")
        return submitted.id
