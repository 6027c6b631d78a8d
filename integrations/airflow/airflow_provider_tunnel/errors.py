"""What goes wrong between Airflow and the machine that runs the jobs."""

from __future__ import annotations

from airflow_provider_tunnel.compat import AirflowException


class TunnelError(AirflowException):
    """`tunnel` failed. The message is tunnel's own."""


class JobNotFoundError(TunnelError):
    """The machine answered, and knows no such job: its files were removed, or it is another machine."""
