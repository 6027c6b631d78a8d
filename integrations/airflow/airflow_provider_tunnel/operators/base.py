"""What the operators and the sensor have in common: where the job runs, and its end when Airflow gives it up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from airflow.sdk import BaseOperator

from airflow_provider_tunnel.compat import AirflowException
from airflow_provider_tunnel.hooks.job import TunnelJobHook


class TunnelOperator(BaseOperator):
    """
    A task that has to do with a job on another machine.

    :param tunnel_conn_id: Connection that says where; host, ssh_config, ssh_options, outputs, endpoint and tunnel win over it.
        See `TunnelJobHook` for each.
    :param remote_base_dir: Folder of the machine for the jobs' files, from / on; the same for all who ask for a job.
    :param command_timeout: Seconds that one call of tunnel may take.
    :param cancel_on_kill: Cancel the job when Airflow ends this task (marked as failed or as success, cleared, timed out, or
        its worker shut down).
    :param cancel_grace: Seconds between TERM and KILL then.
    """

    template_fields: Sequence[str] = (
        "tunnel_conn_id",
        "host",
        "ssh_config",
        "ssh_options",
        "outputs",
        "endpoint",
        "tunnel",
        "remote_base_dir",
    )
    ui_color = "#dbe7f5"

    def __init__(
        self,
        *,
        tunnel_conn_id: str | None = None,
        host: str | None = None,
        ssh_config: str | None = None,
        ssh_options: Sequence[str] | None = None,
        outputs: str | None = None,
        endpoint: str | None = None,
        tunnel: str | None = None,
        remote_base_dir: str | None = None,
        command_timeout: float | None = None,
        cancel_on_kill: bool = True,
        cancel_grace: float = 10.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tunnel_conn_id = tunnel_conn_id
        self.host = host
        self.ssh_config = ssh_config
        self.ssh_options = ssh_options
        self.outputs = outputs
        self.endpoint = endpoint
        self.tunnel = tunnel
        self.remote_base_dir = remote_base_dir
        self.command_timeout = command_timeout
        self.cancel_on_kill = cancel_on_kill
        self.cancel_grace = cancel_grace
        self._job_id: str | None = None
        self._was_killed = False

    @cached_property
    def hook(self) -> TunnelJobHook:
        """Calls tunnel."""
        return TunnelJobHook(
            self.tunnel_conn_id,
            host=self.host,
            ssh_config=self.ssh_config,
            ssh_options=self.ssh_options,
            outputs=self.outputs,
            endpoint=self.endpoint,
            tunnel=self.tunnel,
            remote_base_dir=self.remote_base_dir,
            command_timeout=self.command_timeout,
        )

    def on_kill(self) -> None:
        """
        Cancel the job.

        Airflow calls this in a handler of SIGTERM and goes on with the task where it was; it kills the process five seconds
        later. The call of tunnel that cancels has a session of its own, and goes on by itself then.
        """
        self._was_killed = True
        if self._job_id and self.cancel_on_kill:
            self.log.info("Cancelling job %s", self._job_id)
            try:
                job = self.hook.cancel(self._job_id, self.cancel_grace)
            except AirflowException as error:
                self.log.warning("Job %s could not be cancelled, and may still run: %s", self._job_id, error)
            else:
                self.log.info("Job %s is %s", job.id, job.state)
