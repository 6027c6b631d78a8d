"""What Airflow's templates make of an operator's fields, and which of them name files."""

from __future__ import annotations

import json

import pendulum
import pytest
from airflow.sdk import DAG

from airflow_provider_tunnel.compat import AirflowException
from airflow_provider_tunnel.operators.job import TunnelJobOperator
from airflow_provider_tunnel.operators.submit import TunnelSubmitJobOperator
from airflow_provider_tunnel.sensors.job import TunnelJobSensor


@pytest.fixture
def dag(tmp_path):
    """A DAG whose folder has scripts."""
    (tmp_path / "work.sh").write_text("echo {{ params.word }}\n")
    (tmp_path / "work.bash").write_text("#!/bin/bash\n{% include 'work.sh' %}")
    with DAG(
        "of_templates",
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        template_searchpath=[str(tmp_path)],
        params={"word": "hello"},
    ) as made:
        yield made


def rendered(dag, kind=TunnelJobOperator, **arguments):
    operator = kind(task_id=f"task_{len(dag.task_ids)}", dag=dag, **arguments)
    operator.resolve_template_files()
    operator.render_template_fields({"params": {"word": "hello"}}, dag.get_template_env())
    return operator


@pytest.mark.parametrize("kind", [TunnelJobOperator, TunnelSubmitJobOperator])
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("work.sh", "echo hello"),
        ("work.bash", "#!/bin/bash\necho hello"),
        ("sh work.sh", "sh work.sh"),
        ("cd /srv\n./{{ params.word }}.sh", "cd /srv\n./hello.sh"),
        ("/opt/work.sh ", "/opt/work.sh "),
        (["sh", "work.sh"], ["sh", "work.sh"]),
        (["{{ params.word }}.sh"], ["hello.sh"]),
    ],
)
def test_a_command_that_is_the_name_of_a_script_is_that_script(dag, kind, command, expected):
    assert rendered(dag, kind, command=command, host="h").command == expected
    assert set(kind.template_ext) == {".sh", ".bash"}


def test_nothing_else_names_a_file(dag):
    fields = {
        "host": "work.sh",
        "dir": "/srv/work.sh",
        "stdin": "work.sh",
        "name": "{{ params.word }}.sh",
        "uploads": ["work.sh"],
        "env": {"SCRIPT": "work.bash"},
    }
    operator = rendered(dag, command=["true"], **fields)
    assert {name: getattr(operator, name) for name in fields} == {**fields, "name": "hello.sh"}
    operator = rendered(dag, command="work.sh", **fields)
    assert {name: getattr(operator, name) for name in ("command", *fields)} == {
        "command": "echo hello",
        **fields,
        "name": "hello.sh",
    }


@pytest.mark.parametrize("command", ["none.sh", "/opt/work.sh"])
def test_a_script_that_is_not_there_says_where_it_was_looked_for(dag, command):
    with pytest.raises(AirflowException, match=r"no such file in the folder of the DAG.*write a list"):
        rendered(dag, command=command, host="h")


def test_a_mapped_task_reads_its_script(dag):
    mapped = TunnelJobOperator.partial(task_id="m", dag=dag, host="work.sh").expand(command=["work.sh", ["sh", "work.sh"]])
    for index, expected in enumerate(["echo hello", ["sh", "work.sh"]]):
        task = mapped.unmap({"command": ["work.sh", ["sh", "work.sh"]][index]})
        task.resolve_template_files()
        task.render_template_fields({"params": {"word": "hello"}}, dag.get_template_env())
        assert (task.command, task.host) == (expected, "work.sh")


def test_the_connection_is_a_template(dag, fake, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_GPU_HELLO", json.dumps({"conn_type": "ssh", "host": "gpu", "login": "ann"}))
    arguments = {
        "tunnel_conn_id": "gpu_{{ params.word }}",
        "tunnel": str(fake.program),
        "remote_base_dir": "/srv/{{ params.word }}",
    }
    for operator in (
        rendered(dag, command="true", **arguments),
        rendered(dag, TunnelJobSensor, job_id="{{ params.word }}", **arguments),
    ):
        operator.hook.jobs()
        assert operator.hook.destination.host == "ann@gpu"
    assert fake.calls("list")[1]["where"] == [["--host", "ann@gpu"], ["--jobs-dir", "/srv/hello"]]
