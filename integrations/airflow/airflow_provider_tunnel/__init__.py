"""Remote jobs over SSH for Apache Airflow 3, on top of the program `tunnel` and its `tunnel job`."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def get_provider_info() -> dict[str, Any]:
    """What Airflow reads through the entry point `apache_airflow_provider`."""
    nullable = {"type": ["string", "null"]}
    return {
        "package-name": "airflow-provider-tunnel",
        "name": "Tunnel",
        "description": "Remote jobs over SSH: submit, disconnect, come back for the result.",
        "versions": [__version__],
        "integrations": [{"integration-name": "Tunnel", "tags": ["service"]}],
        "operators": [
            {
                "integration-name": "Tunnel",
                "python-modules": [
                    "airflow_provider_tunnel.operators.job",
                    "airflow_provider_tunnel.operators.submit",
                ],
            }
        ],
        "sensors": [
            {"integration-name": "Tunnel", "python-modules": ["airflow_provider_tunnel.sensors.job"]},
        ],
        "hooks": [
            {"integration-name": "Tunnel", "python-modules": ["airflow_provider_tunnel.hooks.job"]},
        ],
        "triggers": [
            {"integration-name": "Tunnel", "python-modules": ["airflow_provider_tunnel.triggers.job"]},
        ],
        "connection-types": [
            {
                "connection-type": "tunnel",
                "hook-class-name": "airflow_provider_tunnel.hooks.job.TunnelJobHook",
                "hook-name": "Tunnel (jobs over SSH)",
                "ui-field-behaviour": {"hidden-fields": ["schema", "password"], "relabeling": {}, "placeholders": {}},
                "conn-fields": {
                    "key_file": {"label": "Key file", "schema": nullable},
                    "ssh_config": {"label": "ssh configuration (-F)", "schema": nullable},
                    "options": {"label": "ssh options (-o), one a line", "schema": nullable},
                    "tunnel": {"label": "Path of tunnel", "schema": nullable},
                },
            }
        ],
    }
