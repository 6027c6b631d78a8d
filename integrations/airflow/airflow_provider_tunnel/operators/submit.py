"""Submits a job, and leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateNotFound

from airflow_provider_tunnel.attempt import Attempt
from airflow_provider_tunnel.compat import AirflowException
from airflow_provider_tunnel.operators.base import TunnelOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class TunnelSubmitJobOperator(TunnelOperator):
    """
    Starts a job on another machine, and succeeds at once with the job's id as its XCom: `TunnelJobSensor` waits for its end.

    A retry of this task gives the same job back. A cleared task starts a new one. The rule stands in `attempt.py`.

    :param command: A list is run as it is. A text is a script for the machine's sh, or for the shell that its first line names, of
        any length. One word that ends in `.sh` or `.bash` is the file of the DAG's folder (or of `template_searchpath`) that has
        the script, which is a template as well: to run a program of that machine by its name alone, use a list.
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
    template_ext: Sequence[str] = (".sh", ".bash")

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
        self._is_script = False

    def resolve_template_files(self) -> None:
        """Leave the file to `render_template`: Airflow would read one for each word of each field that ends like one."""
        self.prepare_template()

    def _do_render_template_fields(self, parent: Any, template_fields: Iterable[str], *args: Any, **kwargs: Any) -> None:
        # Airflow's place for fields that are read in a way of their own, also where a task is mapped (MappedOperator).
        for field in template_fields:
            self._is_script = parent is self and field == "command" and isinstance(self.command, str)
            super()._do_render_template_fields(parent, (field,), *args, **kwargs)

    def render_template(self, content: Any, context: Context, jinja_env: Any = None, seen_oids: set[int] | None = None) -> Any:
        """
        Render a template. Only a command that is a text names a file.

        Airflow takes everything for a file that ends like one: a host of the domain .sh, a file to upload, a word of a command.
        """
        if not isinstance(content, str) or not content.endswith(tuple(self.template_ext)):
            return super().render_template(content, context, jinja_env, seen_oids)
        if not self._is_script or content.split() != [content]:
            # A comment of Jinja, which leaves nothing: this is not how a file ends.
            return super().render_template(content + "{##}", context, jinja_env, seen_oids)
        try:
            return super().render_template(content, context, jinja_env, seen_oids)
        except TemplateNotFound as error:
            if error.name != content:
                raise
            raise AirflowException(
                f"command is {content!r}, and there is no such file in the folder of the DAG, nor in its template_searchpath: "
                f"put the script there, or, to run a program of that machine, write a list: {[content]!r}"
            ) from error

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
