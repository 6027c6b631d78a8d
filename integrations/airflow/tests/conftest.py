"""Airflow's settings for all tests, before anything imports Airflow; and what several tests need."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_HOME = Path(tempfile.mkdtemp(prefix="airflow-tunnel-"))

os.environ.update(
    AIRFLOW_HOME=str(_HOME),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="False",
    AIRFLOW__CORE__DAGS_FOLDER=str(_HOME / "dags"),
    AIRFLOW__LOGGING__LOGGING_LEVEL="INFO",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_HOME}/airflow.db",
    DO_NOT_TRACK="1",
    # The sockets of shared connections and the like.
    HOME=str(_HOME),
)

import shutil
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from cloud import cloud as cloud
from fake import FakeTunnel, Store
from machine import machine as machine


def pytest_unconfigure():
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A machine that does what the test says."""
    tunnel = FakeTunnel(tmp_path)
    monkeypatch.setenv("FAKE_TUNNEL", str(tunnel.world))
    return tunnel


@pytest.fixture
def store():
    """Airflow's task state store, which outlives a task's processes."""
    return Store()


@pytest.fixture
def context_of():
    """Makes contexts as Airflow gives them to a task."""

    def make(operator=None, *, try_number=1, first_try=1, reschedules=0, store=None, run_id="manual__1", map_index=-1):
        pushed = {}
        retries = (operator.retries if operator is not None else 0) or 0
        instance = SimpleNamespace(
            dag_id="etl",
            task_id="train",
            run_id=run_id,
            map_index=map_index,
            try_number=try_number,
            max_tries=first_try - 1 + retries,
            xcom_push=lambda key, value: pushed.update({key: value}),
            get_first_reschedule_date=lambda _: None,
            pushed=pushed,
        )
        context = {
            "ti": instance,
            "dag_run": SimpleNamespace(start_date=datetime(2026, 11, 27, 5, tzinfo=timezone.utc)),
            "task_reschedule_count": reschedules,
        }
        if store is not None:
            context["task_state_store"] = store
        return context

    return make
