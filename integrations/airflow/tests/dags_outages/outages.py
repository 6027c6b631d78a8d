"""Tasks that things happen to: see test_outages.py."""

from __future__ import annotations

import os
from datetime import timedelta

import pendulum
from airflow.sdk import DAG

from airflow_provider_tunnel.operators.job import TunnelJobOperator

WHERE = {
    "host": os.environ["EXAMPLE_HOST"],
    "ssh_config": os.environ["EXAMPLE_SSH_CONFIG"],
    "tunnel": os.environ["TUNNEL_PROGRAM"],
    "poke_interval": 1.0,
}
COUNT = 'echo run >>"$RUNS"; for step in 1 2 3 4 5 6 7 8; do echo "step $step"; sleep 1; done'

with DAG("outages", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False) as dag:
    # Its tunnel kills the worker: see test_outages.py.
    TunnelJobOperator(
        task_id="killed_worker",
        name="killed_worker",
        command=COUNT,
        env={"RUNS": os.environ["RUNS"] + ".worker"},
        retries=3,
        retry_delay=timedelta(seconds=1),
        **{**WHERE, "tunnel": os.environ["DEADLY_TUNNEL"]},
    )
    TunnelJobOperator(
        task_id="restarted_triggerer",
        name="restarted_triggerer",
        command='until [ -e "$GO" ]; do sleep 0.2; done; ' + COUNT,
        env={"RUNS": os.environ["RUNS"] + ".triggerer", "GO": os.environ["RUNS"] + ".go"},
        deferrable=True,
        log_interval=2.0,
        **WHERE,
    )
    TunnelJobOperator(
        task_id="failed_while_deferred", name="failed_while_deferred", command=["sleep", "600"], deferrable=True, **WHERE
    )
    TunnelJobOperator(task_id="failed_on_worker", name="failed_on_worker", command=["sleep", "600"], mode="poke", **WHERE)
