"""One Airflow for all tests that want a real one, with the DAGs of `dags`. Where a test says so, its workers die."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from deployment import Deployment

DAGS = Path(__file__).parent / "dags"

# Each file is one death, at that moment: of the process that called it, which executes the task; and of that and its parent,
# the whole worker.
DEADLY = """#!/bin/sh
case " $* " in
*" submit "*)
  if [ -e {folder}/in-submit ]; then
    rm {folder}/in-submit
    "{tunnel}" "$@" >{folder}/lost-answer
    kill -9 $PPID
    exit 1
  fi
  ;;
*" status "*)
  if [ -e {folder}/in-poke ]; then
    rm {folder}/in-poke
    kill -9 $(ps -o ppid= -p $PPID) $PPID
    exit 1
  fi
  ;;
esac
exec "{tunnel}" "$@"
"""


@pytest.fixture(scope="session")
def deaths(tmp_path_factory):
    return tmp_path_factory.mktemp("deaths")


@pytest.fixture(scope="session")
def fan_out(tmp_path_factory):
    """The folder in which each job of the DAG of that name leaves its number."""
    return tmp_path_factory.mktemp("fan_out")


@pytest.fixture(scope="session")
def airflow(machine, cloud, deaths, fan_out):
    deadly = deaths / "tunnel"
    deadly.write_text(DEADLY.format(folder=deaths, tunnel=machine.tunnel))
    deadly.chmod(0o700)
    (deaths / "in-submit").touch()
    home = Path(os.environ["AIRFLOW_HOME"])
    told = {"DEADLY_TUNNEL": str(deadly), "RUNS": str(deaths / "runs"), "OUTPUTS": str(cloud.outputs), "FAN_OUT_RUNS": str(fan_out)}
    made = Deployment(home, DAGS, {**cloud.env, **machine.env, **told})
    yield made
    made.end()
