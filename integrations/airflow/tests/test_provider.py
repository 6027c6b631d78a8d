"""Airflow finds the provider, its connection type, and no mistake in the example DAG."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from airflow.providers_manager import ProvidersManager

from airflow_provider_tunnel import __version__, get_provider_info

try:
    from airflow.serialization.serialized_objects import DagSerialization

    serialize = DagSerialization.serialize_dag
except ImportError:  # before 3.2
    from airflow.serialization.serialized_objects import SerializedDAG

    serialize = SerializedDAG.serialize_dag


def test_airflow_finds_the_provider():
    provider = ProvidersManager().providers["airflow-provider-tunnel"]
    assert provider.version == __version__
    assert ProvidersManager().hooks["tunnel"].hook_name == "Tunnel (jobs over SSH)"


def test_each_module_that_is_named_is_there():
    info = get_provider_info()
    modules = [
        name for kind in ("operators", "sensors", "hooks", "triggers") for entry in info[kind] for name in entry["python-modules"]
    ]
    assert len(modules) == 5
    for name in modules:
        import_module(name)


def test_the_example_dag_can_be_mapped_serialized_and_loaded():
    namespace = {
        "__name__": "example",
        "__doc__": "",
        "__file__": str(Path(__file__).parent / "../example_dags/example_tunnel_job.py"),
    }
    exec(Path(namespace["__file__"]).read_text(), namespace)
    dag = namespace["dag"]
    assert set(dag.task_dict) == {"submit", "wait", "submit_and_wait", "submit_and_defer"}
    operator = import_module("airflow_provider_tunnel.operators.job").TunnelJobOperator
    operator.partial(task_id="mapped", dag=dag, host="h", deferrable=True).expand(command=[["true"], ["false"]])
    tasks = {task["__var"]["task_id"]: task["__var"] for task in serialize(dag)["tasks"]}
    # The scheduler waits between two pokes only where it reads this.
    assert tasks["submit_and_wait"]["reschedule"]
    assert tasks["mapped"]["_is_mapped"]
