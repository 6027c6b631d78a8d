"""
Which job is a task's: the rule by which a task attaches to a job, or starts one.

The machine that runs the jobs is where the truth is kept, by the job's key: Airflow 3 clears a task's XComs whenever it starts
again, also between two pokes in reschedule mode. A key is

    airflow/DAG/TASK/RUN/MAP INDEX/START OF THE DAG RUN/ROUND/NUMBER

A round is what lies between two times that a person clears the task; it is named by its first try. The number counts the jobs
of a round. It is not the number of the try: a try whose worker died has started a job or not, and who asks with the key that
it used gets that job, or starts it, and never a second one. So, when a try begins:

1. A job of the task that has not ended is attached to, of whatever round: two never run at the same time.
2. If the last job of this round succeeded, or ended as `skip_on_exit_code` says, that is the result: a worker that died before it
   could say so does not make the command run again. What succeeded in an earlier round is old: clearing means to run again.
3. Else the last job failed, or there is none: a job with the next number is started. So a retry after a failed job runs the
   command again, and a retry after a failed submission repeats the submission.

Within a try the job stays the same, and its failure is the failure of the try.

Two Airflows whose DAGs, tasks and runs have the same names, and whose jobs run as the same user of the same machine, must
give different `key`s, or rule 1 mixes them up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_tunnel.job import Job

if TYPE_CHECKING:
    from airflow.sdk import Context


@dataclass(frozen=True)
class Attempt:
    """A try of a task instance."""

    # The key's parts that name the task, and those that name the round.
    task: str
    round: str
    try_number: int

    @classmethod
    def of(cls, context: Context, retries: int, key: str | None = None) -> Attempt:
        """Read it from a task's context. A key of the user's own stands for the task's part."""
        instance: Any = context["ti"]
        parts = (instance.dag_id, instance.task_id, instance.run_id, instance.map_index)
        # Clearing sets max_tries to the number of the last try and the retries (clear_task_instances in Airflow). Who changes
        # a task's retries between two tries moves this by the difference: rule 2 forgets then, rule 1 holds.
        first_try = (getattr(instance, "max_tries", None) or 0) - retries + 1
        first_try = max(1, min(first_try, instance.try_number))
        # A DAG run that is deleted and made again has the names of the old one.
        started = getattr(context.get("dag_run"), "start_date", None)
        started = started.strftime("%Y%m%dT%H%M%S.%fZ") if isinstance(started, datetime) else "-"
        return cls(
            task=key or "/".join(["airflow", *(quote(str(part), safe=":+@") for part in parts)]),
            round=f"{started}/{first_try}",
            try_number=instance.try_number,
        )

    def key(self, number: int = 1) -> str:
        """Give the key of a job of this round."""
        return f"{self.task}/{self.round}/{number}"

    def own(self, jobs: Iterable[Job]) -> list[tuple[int, Job]]:
        """Give the jobs of the task with their numbers: first those of other rounds, with number 0, then those of this one."""
        mine = []
        for job in jobs:
            head, _, number = (job.key or "").rpartition("/")
            if number.isdecimal() and head.rsplit("/", 2)[0] == self.task:
                mine.append((int(number) if head == f"{self.task}/{self.round}" else 0, job))
        return sorted(mine, key=lambda pair: pair[0])

    def choose(self, jobs: Iterable[Job], is_result: Callable[[Job], bool]) -> Job | str:
        """
        Apply the rule. Gives the job to attach to, or the key of the one to start.

        `is_result` tells the ends that 2. means from the others.
        """
        last = 0
        result = None
        for number, job in self.own(jobs):
            if not job.is_finished:
                return job
            if number:
                last, result = number, job
        if result is not None and is_result(result):
            return result
        return self.key(last + 1)
