"""The test's hand in the fake tunnel, and a task state store."""

from __future__ import annotations

import contextlib
import fcntl
import json
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("fake_tunnel.py")


class FakeTunnel:
    """What the fake tunnel says, and what it was asked."""

    def __init__(self, folder: Path):
        self.world = folder / "world.json"
        self.program = folder / "tunnel"
        self.program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {PROGRAM} "$@"\n')
        self.program.chmod(0o700)
        empty = {"calls": [], "jobs": [], "slow": {}, "fails": {}, "fails_after": False, "lingers": 0, "piece": 65536, "script": []}
        self.world.write_text(json.dumps(empty))

    @contextlib.contextmanager
    def locked(self):
        """The world, while no call changes it; what is changed in it is kept."""
        with self.world.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = file.read()
            world = json.loads(before)
            yield world
            after = json.dumps(world)
            if after != before:
                file.seek(0)
                file.truncate()
                file.write(after)

    def read(self):
        with self.locked() as world:
            return world

    def set(self, **values):
        with self.locked() as world:
            world.update(values)

    def update(self, job_id=None, **values):
        """Change a job, or the only one."""
        with self.locked() as world:
            for job in world["jobs"]:
                if job["id"] == (job_id or world["jobs"][-1]["id"]):
                    job.update(values)

    def change_all(self, **values):
        """Change all jobs."""
        with self.locked() as world:
            for job in world["jobs"]:
                job.update(values)

    @property
    def jobs(self):
        return self.read()["jobs"]

    def calls(self, what=None):
        return [call for call in self.read()["calls"] if what in {None, call["what"]}]

    def asked(self):
        """The subcommands, in the order in which they were called."""
        return [call["what"] for call in self.calls()]


class Store:
    """The part of Airflow's task state store that is used."""

    def __init__(self):
        self.values = {}

    def get(self, key, default=None):
        return self.values.get(key, default)

    def set(self, key, value):
        self.values[key] = json.loads(json.dumps(value))
