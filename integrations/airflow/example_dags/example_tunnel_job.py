"""
Runs work_script.sh on another machine in the three ways there are. Run this file, or let Airflow find it.

EXAMPLE_HOST (a destination of ssh, default localhost), EXAMPLE_SSH_CONFIG, STEP_SECONDS and EXIT_CODE come from the environment.
The script ends with exit code 123, so each of the three fails, with that code in its message: set EXIT_CODE=0 to see them succeed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pendulum
from airflow.sdk import DAG

from airflow_provider_tunnel.operators.job import TunnelJobOperator
from airflow_provider_tunnel.operators.submit import TunnelSubmitJobOperator
from airflow_provider_tunnel.sensors.job import TunnelJobSensor

WHERE = {
    "host": os.environ.get("EXAMPLE_HOST", "localhost"),
    "ssh_config": os.environ.get("EXAMPLE_SSH_CONFIG"),
    "tunnel": os.environ.get("TUNNEL_PROGRAM"),
    "poke_interval": float(os.environ.get("POKE_SECONDS", "5")),
}
WORK = {
    "command": ["sh", "work_script.sh"],
    "uploads": [str(Path(__file__).with_name("work_script.sh"))],
    "env": {"STEP_SECONDS": os.environ.get("STEP_SECONDS", "1"), "EXIT_CODE": os.environ.get("EXIT_CODE", "123")},
    "job_timeout": "1h",
}

with DAG(
    dag_id="example_tunnel_job",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    doc_md=__doc__,
) as dag:
    # 1. Two tasks: one submits and is done, the other one waits.
    submit = TunnelSubmitJobOperator(task_id="submit", **{name: WHERE[name] for name in WHERE if name != "poke_interval"}, **WORK)
    TunnelJobSensor(task_id="wait", job_id=submit.output, mode="reschedule", cancel_on_kill=True, **WHERE)

    # 2. One task, which leaves its worker between two looks at the job.
    TunnelJobOperator(task_id="submit_and_wait", **WHERE, **WORK)

    # 3. One task, which waits in the triggerer.
    TunnelJobOperator(task_id="submit_and_defer", deferrable=True, cleanup="on_success", **WHERE, **WORK)

if __name__ == "__main__":
    dag.test()
