"""
Runs the DAG of a file with dag.test(), once for each environment that is given in JSON.

Prints after each run what became of it, in JSON, on a line that begins with RESULT.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys

from airflow.models.xcom import XComModel
from airflow.utils.session import create_session


def outcome(run):
    with create_session() as session:
        tasks = {task.task_id: {"state": task.state, "xcoms": {}} for task in run.get_task_instances(session=session)}
        for xcom in session.query(XComModel).filter_by(dag_id=run.dag_id, run_id=run.run_id):
            tasks[xcom.task_id]["xcoms"][xcom.key] = XComModel.deserialize_value(xcom)
    return {"state": run.state, "run_id": run.run_id, "tasks": tasks}


if __name__ == "__main__":
    for number, environment in enumerate(sys.argv[2:]):
        os.environ.update(json.loads(environment))
        spec = importlib.util.spec_from_file_location(f"dag_of_the_test_{number}", sys.argv[1])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        print("RESULT", json.dumps(outcome(module.dag.test())), flush=True)
