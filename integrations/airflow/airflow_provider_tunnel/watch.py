"""Looks at a job, and shows what is new: its status line, and the lines of its logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_provider_tunnel.hooks.job import TunnelJobHook
from airflow_provider_tunnel.job import Job
from airflow_provider_tunnel.log import STREAMS, Lines, Stream
from airflow_provider_tunnel.progress import Progress


@dataclass
class Watch:
    """Watches one job from where the progress says."""

    hook: TunnelJobHook
    progress: Progress
    log: Any

    def look(self, *, shows_log: bool = True) -> Job:
        """Ask once for its state, and show what is new."""
        job = self.hook.status(self.progress.job_id)
        if job.status and job.status != self.progress.status:
            self.log.info("Status of job %s: %s", job.id, job.status)
            self.progress.status = job.status
        if shows_log or job.is_finished:
            for stream in STREAMS:
                self._show(job, stream)
        return job

    def _show(self, job: Job, stream: Stream) -> None:
        offset = self.progress.offset(stream)
        size = job.stdout_bytes if stream == "stdout" else job.stderr_bytes
        if size <= offset:
            return
        lines = Lines(offset)
        for piece in self.hook.logs(job.id, stream, offset):
            for line in lines.take(piece):
                self._line(stream, line)
                self.progress.move(stream, lines.offset)
        # A line that is not whole yet is left for the next look.
        if job.is_finished:
            for line in lines.rest():
                self._line(stream, line)
            self.progress.move(stream, lines.offset)

    def _line(self, stream: Stream, line: str) -> None:
        self.log.info("%s | %s", stream, line)
