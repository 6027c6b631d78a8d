"""Airflow's database for the tests that run DAGs: migrated once for each version of Airflow, then copied."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

# test.sh names a folder that stays; else each session migrates anew.
KEPT = os.environ.get("AIRFLOW_TEST_CACHE")


def settings(home: Path):
    """The environment of an Airflow with this home."""
    return {"AIRFLOW_HOME": str(home), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db"}


def make(home: Path):
    """Put a migrated database into this AIRFLOW_HOME."""
    target = home / "airflow.db"
    if target.exists():
        return
    kept = Path(KEPT) / f"airflow-{version('apache-airflow')}.db" if KEPT else None
    if kept is None or not kept.exists():
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(command, env={**os.environ, **settings(home)}, check=True, capture_output=True)
        if kept is not None:
            shutil.copy(target, f"{kept}.new")
            os.replace(f"{kept}.new", kept)
        return
    shutil.copy(kept, target)
