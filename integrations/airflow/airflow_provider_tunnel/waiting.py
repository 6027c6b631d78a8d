"""Waits for a job's end: on the worker, in reschedule mode, or deferred to the triggerer."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_tunnel.compat import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    conf,
)
from airflow_provider_tunnel.errors import JobNotFoundError, TunnelError
from airflow_provider_tunnel.log import STREAMS
from airflow_provider_tunnel.operators.base import TunnelOperator
from airflow_provider_tunnel.progress import Memory, Progress
from airflow_provider_tunnel.triggers.job import Orders, TunnelJobTrigger
from airflow_provider_tunnel.watch import Watch

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_tunnel.job import Job

Cleanup = Literal["never", "on_success", "always"]


class TunnelJobWaiter(TunnelOperator, BaseSensorOperator):
    """
    Waits for a job's end, with the job's log in the task's log.

    :param deferrable: Wait in the triggerer, without a worker. Default: Airflow's `[operators] default_deferrable`.
    :param poke_interval: Seconds between two looks at the job, in each of the modes.
    :param timeout: Seconds that are waited in all. Then the task fails (and the job is cancelled, with cancel_on_kill).
        What bounds the job itself is job_timeout.
    :param log_interval: While deferred: seconds after which a worker shows what is new in the job's log. None: at the end.
    :param unreachable_timeout: Seconds for which the machine may be out of reach before that is a failure of the task.
    :param skip_on_exit_code: Exit code of the job, or several, with which the task is skipped. 0 may be one of them.
    :param cleanup: Whether the job's files are removed from its machine: never, on_success, or always.
    """

    def __init__(
        self,
        *,
        deferrable: bool | None = None,
        poke_interval: float | timedelta = 30.0,
        log_interval: float | None = 60.0,
        unreachable_timeout: float = 600.0,
        skip_on_exit_code: int | Container[int] | None = None,
        cleanup: Cleanup = "never",
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        if cleanup not in ("never", "on_success", "always"):
            raise ValueError(f"cleanup is never, on_success or always, not {cleanup!r}")
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable
        self.log_interval = log_interval
        self.unreachable_timeout = unreachable_timeout
        self.skip_on_exit_code = skip_on_exit_code
        self.cleanup = cleanup
        self._progress: Progress | None = None
        self._memory: Memory | None = None
        self._has_ended = False

    def find_job(self, context: Context, memory: Memory) -> str:
        """Give the id of the job to wait for. Called once in each process that executes the task."""
        raise NotImplementedError

    def failure(self, job: Job, message: str) -> AirflowException:
        """Give the exception for a job that failed."""
        raise NotImplementedError

    def execute(self, context: Context) -> Any:
        """Wait on the worker, or defer."""
        self._begin(context)
        try:
            if not self.deferrable:
                return super().execute(context)
            return self._look_or_defer(context, time.time() + self.timeout, shows_log=True)
        except (AirflowSensorTimeout, AirflowSkipException):
            # Out of patience: nobody waits for the job any more.
            self._give_up()
            raise
        except AirflowException as error:
            if self.deferrable and (self.soft_fail or self.never_fail):
                raise AirflowSkipException(f"Skipped, and not failed: {error}") from error
            raise

    def resume(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Go on after the trigger has fired."""
        progress = Progress.deserialize(event["progress"])
        self._watch_on(context, progress)
        if event["reason"] == "failed":
            raise AirflowException(event["error"])
        if event["reason"] == "timed_out":
            self._give_up()
            raise AirflowSensorTimeout(f"job {progress.job_id} did not end within {self.timeout:g} s")
        return self._look_or_defer(context, event["deadline"], shows_log=True)

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look once."""
        return self._look(context, shows_log=self._memory_of(context).is_there or self.mode == "poke")

    def _begin(self, context: Context) -> None:
        memory = self._memory_of(context)
        job_id = self.find_job(context, memory)
        saved = memory.load()
        progress = saved[1] if saved and saved[1].job_id == job_id else Progress(job_id)
        if saved and saved[0] != context["ti"].try_number and progress.stdout_offset:
            self.log.info(
                "Its log goes on at byte %d: what is before that stands in the log of try %d", progress.stdout_offset, saved[0]
            )
        self._watch_on(context, progress)

    def _watch_on(self, context: Context, progress: Progress) -> None:
        self._progress = progress
        self._job_id = progress.job_id
        context["ti"].xcom_push(key="job_id", value=progress.job_id)
        # Airflow forgets what a task pushed when it runs once more, after a reschedule too.
        if progress.stdout_offset:
            context["ti"].xcom_push(key="log_offset", value=progress.stdout_offset)

    def _look_or_defer(self, context: Context, deadline: float, *, shows_log: bool) -> Any:
        result = self._look(context, shows_log=shows_log)
        if isinstance(result, PokeReturnValue):
            return result.xcom_value
        return self._defer(deadline)

    def _look(self, context: Context, *, shows_log: bool) -> bool | PokeReturnValue:
        progress = self._progress_now()
        before = progress.stdout_offset
        try:
            job = Watch(self.hook, progress, self.log).look(shows_log=shows_log)
        except JobNotFoundError:
            raise
        except TunnelError as error:
            self._bear(error, progress, context)
            return False
        else:
            progress.unreachable_since = None
        finally:
            self._memory_of(context).save(context["ti"].try_number, progress)
            if progress.stdout_offset != before:
                context["ti"].xcom_push(key="log_offset", value=progress.stdout_offset)
        if job.is_finished:
            self._end(job)
            return PokeReturnValue(is_done=True, xcom_value=job.summary())
        if self._was_killed and self.cancel_on_kill:
            # Airflow goes on after on_kill. Not so this: the next poke would take the job for one that a person cancelled.
            raise AirflowException(f"the task was ended, and its job {job.id} with it")
        return False

    def _bear(self, error: TunnelError, progress: Progress, context: Context) -> None:
        """Let a lost network be, for a while. A rescheduled poke that remembers nothing cannot: its retry attaches again."""
        if not self._memory_of(context).is_there and not self.deferrable and self.mode == "reschedule":
            raise error
        since = progress.unreachable_since = progress.unreachable_since or time.time()
        for_seconds = time.time() - since
        if for_seconds >= self.unreachable_timeout:
            raise error
        self.log.warning("Job %s could not be asked for, since %.0f s: %s", progress.job_id, for_seconds, error)

    def _end(self, job: Job) -> None:
        """Take the result of a finished job, or raise."""
        self._has_ended = True
        self.log.info("The %s", job.ending())
        if self._is_to_skip(job):
            if self.cleanup == "always" or (self.cleanup == "on_success" and job.has_succeeded):
                self._clean(job.id)
            raise AirflowSkipException(f"the {job.ending()}, with which the task is skipped (skip_on_exit_code)")
        if job.has_succeeded:
            if self.cleanup != "never":
                self._clean_when_known(job.id)
            return
        message = "\n".join([f"the {job.ending()}", *self._tails(job)])
        if self.cleanup == "always":
            self._clean(job.id)
        raise self.failure(job, message)

    def _is_to_skip(self, job: Job) -> bool:
        given = self.skip_on_exit_code
        if job.state != "exited" or job.exit_code is None or given is None:
            return False
        return job.exit_code in given if isinstance(given, Container) else job.exit_code == given

    def _is_result(self, job: Job) -> bool:
        """Whether a retry has nothing to run again: only its worker failed."""
        return job.has_succeeded or self._is_to_skip(job)

    def _tails(self, job: Job) -> list[str]:
        texts: list[str] = []
        for stream in STREAMS:
            try:
                lines = self.hook.tail(job, stream)[-20:]
            except TunnelError as error:
                lines = [f"(it could not be read: {error})"]
            texts += [f"Last lines of {stream}:", *lines] if lines else []
        return texts

    def _clean_when_known(self, job_id: str) -> None:
        """
        Remove the job's files once Airflow has the task's success.

        A worker that died between the two would otherwise find no job, and start a second one.
        """
        given = self.on_success_callback
        callbacks: list[Callable[..., Any]] = [given] if callable(given) else list(given or ())
        self.on_success_callback = [*callbacks, lambda _: self._clean(job_id)]

    def _clean(self, job_id: str) -> None:
        try:
            self.hook.clean(job_id)
        except AirflowException as error:
            self.log.warning("The files of job %s were not removed: %s", job_id, error)

    def _give_up(self) -> None:
        if not self._was_killed and not self._has_ended:
            self.on_kill()

    def _defer(self, deadline: float) -> NoReturn:
        orders = Orders(
            destination=self.hook.destination.serialize(),
            progress=self._progress_now().serialize(),
            poll_interval=self.poke_interval,
            deadline=deadline,
            log_interval=self.log_interval,
            unreachable_timeout=self.unreachable_timeout,
            command_timeout=self.hook.call_timeout,
            cancel_on_kill=self.cancel_on_kill,
            cancel_grace=self.cancel_grace,
        )
        self.defer(trigger=TunnelJobTrigger(**orders), method_name="resume")

    def _progress_now(self) -> Progress:
        if self._progress is None:
            raise AirflowException("a bug of airflow-provider-tunnel: it looks at a job before it knows which")
        return self._progress

    def _memory_of(self, context: Context) -> Memory:
        if self._memory is None:
            self._memory = Memory(context)
        return self._memory
