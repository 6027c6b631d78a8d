"""`tunnel job`, called from Python."""

from __future__ import annotations

import json
import math
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from airflow_provider_tunnel import connection, program
from airflow_provider_tunnel.compat import AirflowException, BaseHook
from airflow_provider_tunnel.destination import Destination, options, ssh_destination
from airflow_provider_tunnel.errors import JobNotFoundError, TunnelError
from airflow_provider_tunnel.handover import hand_over
from airflow_provider_tunnel.job import Job, checked_id
from airflow_provider_tunnel.log import Lines, Piece, Stream

# Seconds that a call may take.
COMMAND_TIMEOUT = 120.0
# Of these, what it takes at most to get a connection where many want one at the same time.
CONNECTING = 90.0


@dataclass(frozen=True)
class Submitted:
    """What became of a submission."""

    id: str
    created: bool
    host: str | None = None


class TunnelJobHook(BaseHook):
    """
    Runs commands on another machine over SSH, as jobs that outlive the connection and this process.

    A thin wrapper around the program `tunnel`: each method is one call of it, without a shell. A failed call raises
    `TunnelError` with tunnel's own message.

    :param tunnel_conn_id: A connection of type `tunnel`, `ssh` or `sftp`: host, login and port become the destination; the extra
        has the words of Airflow's own SSH provider, and `ssh_config` (a file, ssh's -F), `options` (ssh's -o, a list or one a line)
        and `tunnel` (the program). It has no password: ssh uses keys. The parameters here win over it, each over its own word.
    :param host: Destination of ssh: a Host of the ssh configuration, user@host, or ssh://user@host:port.
    :param ssh_config: File with ssh's configuration, instead of that of the worker's user.
    :param ssh_options: ssh's options, as `["ConnectTimeout=5"]`.
    :param outputs: Instead of host, a file with what `terraform output -json` prints: jobs run on the deployment's endpoint.
    :param endpoint: Which endpoint of the outputs, where there are several.
    :param tunnel: The program `tunnel`: a path, or a name to be found on the PATH.
    :param remote_base_dir: Folder of the machine for the jobs' files, from / on. Without it that is `~/.tunnel/jobs`. Who asks for
        a job names the folder that it was submitted with.
    :param command_timeout: Seconds that a call may take. Without it 120, or what the connection's `cmd_timeout` says and 90 for
        connecting. A submission with files has ten times as much.
    """

    conn_name_attr = "tunnel_conn_id"
    default_conn_name = "tunnel_default"
    conn_type = "tunnel"
    hook_name = "Tunnel (jobs over SSH)"

    def __init__(
        self,
        tunnel_conn_id: str | None = None,
        *,
        host: str | None = None,
        ssh_config: str | None = None,
        ssh_options: Sequence[str] | None = None,
        outputs: str | None = None,
        endpoint: str | None = None,
        tunnel: str | None = None,
        remote_base_dir: str | None = None,
        command_timeout: float | None = None,
    ) -> None:
        super().__init__()
        self.tunnel_conn_id = tunnel_conn_id
        self.host = host
        self.ssh_config = ssh_config
        self.ssh_options = ssh_options
        self.outputs = outputs
        self.endpoint = endpoint
        self.tunnel = tunnel
        self.remote_base_dir = remote_base_dir
        self.command_timeout = command_timeout

    @classmethod
    def at(cls, destination: Destination, command_timeout: float | None = None) -> TunnelJobHook:
        """Make a hook for a destination that is known already: no connection is looked up."""
        hook = cls(command_timeout=command_timeout)
        hook.__dict__["destination"] = destination
        return hook

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Show what the connection has, and nothing else."""
        return {"hidden_fields": ["schema", "password"], "relabeling": {}}

    @cached_property
    def _way(self) -> connection.Way:
        """What the connection says."""
        name = self.tunnel_conn_id
        return connection.read(name, self.get_connection(name), self.log.warning) if name else connection.Way()

    @cached_property
    def destination(self) -> Destination:
        """Where the jobs run."""
        way = self._way
        host, config, given = self.host, self.ssh_config, options(self.ssh_options)
        address = self.host or way.host
        if address and not self.outputs:
            try:
                host, port = ssh_destination(address, way.login, way.port)
            except AirflowException as error:
                who = "" if self.host else f"the connection {self.tunnel_conn_id}: "
                raise AirflowException(f"{who}{error}") from error
            config = config or way.ssh_config
            given = (*(given or way.ssh_options), *port, *way.translated)
        return Destination(
            host=host or None,
            ssh_config=config or None,
            ssh_options=given,
            outputs=self.outputs,
            endpoint=self.endpoint,
            tunnel=self.tunnel or way.tunnel or "tunnel",
            remote_base_dir=self.remote_base_dir or None,
        )

    @property
    def call_timeout(self) -> float:
        """Seconds that a call may take."""
        if self.command_timeout is not None:
            return self.command_timeout
        told = self._way.command_timeout
        return COMMAND_TIMEOUT if told is None else CONNECTING + told

    def submit(
        self,
        command: str | Sequence[str],
        *,
        name: str | None = None,
        key: str | None = None,
        env: Mapping[str, object] | None = None,
        dir: str | None = None,  # noqa: A002
        timeout: float | str | timedelta | None = None,
        stdin: str | None = None,
        uploads: Sequence[str] | None = None,
    ) -> Submitted:
        """
        Start a job, and return at once.

        :param command: A list is run as it is. A text is a script for the machine's sh, or for the shell that its first line names,
            of any length, and stands on no argument list.
        :param env: Variables of the job. No program is given one of more than 128 KiB: it is a variable of the script alone.
        :param key: With the same key the same job is given back, and nothing is started.
        :param timeout: Seconds (or as "2h") that the job may take; its machine ends it then, also when nobody is connected.
        :param stdin: File that the job reads as its standard input.
        :param uploads: Files that are put into a folder of the job's own, which is its working directory.
        """
        destination = self.destination
        handed = hand_over(command, env, os.environ, is_endpoint=destination.is_endpoint)
        words = [*destination.command(), "submit", "--json", *handed.arguments]
        words += [f"--{option}={value}" for option, value in (("name", name), ("key", key), ("dir", dir)) if value]
        if timeout is not None:
            words.append(f"--timeout={duration(timeout)}")
        if handed.script or stdin:
            words.append(f"--stdin={'-' if handed.script else stdin}")
        words += [f"--upload={file}" for file in uploads or ()]
        words += ["--", *handed.command]
        patience = self.call_timeout * (10 if uploads or stdin else 1)
        with handed.stdin(stdin) as given:
            answer = program.run(words, patience, handed.environment, given)
        fields = answer.checked().json()
        return Submitted(id=checked_id(fields["id"]), created=bool(fields["created"]), host=fields.get("host"))

    def statuses(self, ids: Sequence[str]) -> dict[str, Job]:
        """Give the jobs that the machine knows, by id. One call, however many they are."""
        return self._known(program.run(self._status(ids), self.call_timeout))

    async def statuses_async(self, ids: Sequence[str]) -> dict[str, Job]:
        """Give the jobs that the machine knows, by id, in an event loop."""
        return self._known(await program.run_async(self._status(ids), self.call_timeout))

    def status(self, job_id: str) -> Job:
        """Look at a job."""
        return one_of(self.statuses([job_id]), job_id)

    def jobs(self) -> list[Job]:
        """Give all jobs of the machine, newest first."""
        answer = program.run([*self.destination.command(), "list", "--json"], self.call_timeout)
        return [Job.read(fields) for fields in answer.checked().json()]

    def logs(self, job_id: str, stream: Stream, offset: int = 0) -> Iterator[Piece]:
        """Give a log from an offset to where it ends now."""
        words = [*self.destination.command(), "logs", "--json", f"--stream={stream}", f"--since-offset={offset}"]
        for line in program.lines([*words, checked_id(job_id)], self.call_timeout):
            fields = json.loads(line)
            if "job" not in fields:
                yield Piece.read(fields)

    def tail(self, job: Job, stream: Stream, most: int = 4096) -> list[str]:
        """Give a log's last lines."""
        size = job.stdout_bytes if stream == "stdout" else job.stderr_bytes
        if not size:
            return []
        offset = max(0, size - most)
        lines = Lines(offset)
        texts = [text for piece in self.logs(job.id, stream, offset) for text in lines.take(piece)]
        texts += lines.rest()
        # The first one is a half one, where the log did not begin there.
        return texts[1:] if offset and len(texts) > 1 else texts

    def cancel(self, job_id: str, grace: float = 10.0) -> Job:
        """End the job's whole process group: TERM, and KILL after the grace. Returns when it has ended."""
        return Job.read(program.run(self._cancel(job_id, grace), self.call_timeout + grace).checked().json())

    async def cancel_async(self, job_id: str, grace: float = 10.0) -> Job:
        """End the job, in an event loop."""
        answer = await program.run_async(self._cancel(job_id, grace), self.call_timeout + grace)
        return Job.read(answer.checked().json())

    def clean(self, job_id: str) -> list[str]:
        """Remove the files of a finished job. Gives the ids of what was removed; a job that still runs stays, and is an error."""
        words = [*self.destination.command(), "clean", "--older-than=0s", "--json", checked_id(job_id)]
        return list(program.run(words, self.call_timeout).checked().json())

    def test_connection(self) -> tuple[bool, str]:
        """Try it: Airflow's button in the connection's form."""
        try:
            jobs = self.jobs()
        except AirflowException as error:
            return False, str(error)
        return True, f"{shlex.join(self.destination.command())} answers; {len(jobs)} jobs there"

    def _status(self, ids: Sequence[str]) -> Sequence[str]:
        return [*self.destination.command(), "status", "--json", *map(checked_id, ids)]

    def _cancel(self, job_id: str, grace: float) -> Sequence[str]:
        return [*self.destination.command(), "cancel", f"--grace={duration(grace)}", "--json", checked_id(job_id)]

    def _known(self, answer: program.Answer) -> dict[str, Job]:
        # Where an id is not known tunnel fails, and still prints the others; where it got no answer it prints nothing.
        if answer.code != 0 and not answer.output.strip():
            raise TunnelError(answer.message())
        return {fields["id"]: Job.read(fields) for fields in answer.json()}


def one_of(jobs: Mapping[str, Job], job_id: str) -> Job:
    """Give that one, or say that it is not there."""
    if job_id in jobs:
        return jobs[job_id]
    raise JobNotFoundError(f"the machine knows no job {job_id}: its files were removed, or it is another machine")


def duration(value: float | str | timedelta) -> str:
    """Spell a time as tunnel reads it."""
    if isinstance(value, str):
        return value
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    return f"{math.ceil(seconds)}s"
