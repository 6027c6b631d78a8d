"""Many tasks at once, on a machine and on an endpoint: see test_parallel.py."""

from __future__ import annotations

import os

import pendulum
from airflow.sdk import DAG

from airflow_provider_tunnel.operators.job import TunnelJobOperator

TASKS = int(os.environ["FAN_OUT_TASKS"])

with DAG(
    "fan_out",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_tasks=2 * TASKS,
) as dag:
    for name, where, size in (
        ("on_machine", {"host": os.environ["EXAMPLE_HOST"], "ssh_config": os.environ["EXAMPLE_SSH_CONFIG"]}, TASKS),
        ("on_endpoint", {"outputs": os.environ["OUTPUTS"]}, max(2, TASKS * 2 // 5)),
    ):
        TunnelJobOperator.partial(
            task_id=name,
            command=f"sleep 5; echo $NUMBER >>'{os.environ['FAN_OUT_RUNS']}/{name}'",
            tunnel=os.environ["TUNNEL_PROGRAM"],
            poke_interval=2.0,
            deferrable=True,
            **where,
        ).expand(env=[{"NUMBER": number} for number in range(size)])
