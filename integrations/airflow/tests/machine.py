"""A machine to run jobs on: the real tunnel and a real sshd."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sshd import PROGRAM, Sshd

from airflow_provider_tunnel.hooks.job import TunnelJobHook


class Machine:
    def __init__(self, folder: Path):
        self.tunnel = os.environ["TUNNEL_PROGRAM"]
        self.sshd = Sshd(folder)
        self.env = {
            "EXAMPLE_HOST": self.sshd.host,
            "EXAMPLE_SSH_CONFIG": str(self.sshd.config),
            "TUNNEL_PROGRAM": self.tunnel,
            # Short: a socket's path has 107 bytes at most.
            "DATABRICKS_TUNNEL_HOME": str(folder / "t"),
        }
        os.environ["DATABRICKS_TUNNEL_HOME"] = self.env["DATABRICKS_TUNNEL_HOME"]
        self.hook = TunnelJobHook(host=self.sshd.host, ssh_config=str(self.sshd.config), tunnel=self.tunnel)

    def jobs(self, name):
        """The jobs of that name, oldest first."""
        return [job for job in reversed(self.hook.jobs()) if job.name == name]

    def end(self):
        for job in self.hook.jobs():
            if not job.is_finished:
                self.hook.cancel(job.id, 0)
        self.sshd.end()


@pytest.fixture(scope="session")
def machine(tmp_path_factory):
    if not os.environ.get("TUNNEL_PROGRAM"):
        pytest.fail("TUNNEL_PROGRAM does not name a tunnel: run integrations/airflow/test.sh")
    if PROGRAM is None:
        pytest.fail("there is no sshd: sudo apt-get install openssh-server")
    made = Machine(tmp_path_factory.mktemp("m"))
    yield made
    made.end()
