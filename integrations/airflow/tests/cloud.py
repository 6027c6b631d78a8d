"""A local cloud with a workspace, a cluster, and an endpoint on it, as somebody has it who got its outputs from a colleague."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from sshd import end_with_children

from airflow_provider_tunnel.hooks.job import TunnelJobHook

# Of no region, account or network that there is.
NETWORK = {"vpc_id": "vpc-0a1b2c3d", "subnet_ids": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"], "security_group_ids": ["sg-0a1b2c3d"]}
CLUSTER = {
    "cluster_name": "demo",
    "spark_version": "17.3.x-scala2.13",
    "node_type_id": "m6gd.large",
    "num_workers": 0,
    "is_single_node": True,
    "kind": "CLASSIC_PREVIEW",
    "data_security_mode": "SINGLE_USER",
}


class Cloud:
    """Starts it, and publishes the endpoint; `outputs` is for `tunnel --outputs`, `env` for whoever calls it."""

    def __init__(self, folder: Path, tunnel: str):
        self.folder = folder
        self.program = os.environ["LOCALCLOUD_PROGRAM"]
        self.outputs = folder / "outputs.json"
        with (folder / "localcloud.log").open("wb") as log:
            command = [self.program, "--dir", folder / "cloud", "up", "--no-aws", "--provisioning", "0s"]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.env = self._environment()
            self._publish(tunnel)
        except BaseException:
            self.end()
            raise
        self.hook = TunnelJobHook(outputs=str(self.outputs), tunnel=tunnel)

    def _environment(self):
        until = time.monotonic() + 60
        while True:
            done = subprocess.run(
                [self.program, "--dir", self.folder / "cloud", "env"], capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                break
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "localcloud.log").read_text() + done.stderr)
            time.sleep(0.1)
        words = [shlex.split(line)[1] for line in done.stdout.splitlines() if line.startswith("export DATABRICKS_")]
        return dict(word.split("=", 1) for word in words)

    def _publish(self, tunnel):
        account = f"/api/2.0/accounts/{self.env['DATABRICKS_ACCOUNT_ID']}"
        at = self.env["DATABRICKS_HOST"]
        token = self._token(at, f"/oidc/accounts/{self.env['DATABRICKS_ACCOUNT_ID']}/v1/token")
        role = {"sts_role": {"role_arn": "arn:aws:iam::123456789012:role/demo"}}
        credentials = self.ask(at, f"{account}/credentials", token, {"credentials_name": "demo", "aws_credentials": role})
        storage = {"storage_configuration_name": "demo", "root_bucket_info": {"bucket_name": "demo-root"}}
        storage = self.ask(at, f"{account}/storage-configurations", token, storage)
        network = self.ask(at, f"{account}/networks", token, {"network_name": "demo", **NETWORK})
        workspace = {
            "workspace_name": "demo",
            "aws_region": "eu-west-1",
            "pricing_tier": "ENTERPRISE",
            "credentials_id": credentials["credentials_id"],
            "network_id": network["network_id"],
            "storage_configuration_id": storage["storage_configuration_id"],
        }
        workspace = self.ask(at, f"{account}/workspaces", token, workspace)
        until = time.monotonic() + 60
        path = f"{account}/workspaces/{workspace['workspace_id']}"
        while self.ask(at, path, token)["workspace_status"] != "RUNNING":
            assert time.monotonic() < until, "the workspace does not start"
            time.sleep(0.1)
        at = at.replace("accounts.", f"{workspace['deployment_name']}.")
        self.ask(at, "/api/2.1/clusters/create", self._token(at, "/oidc/v1/token"), CLUSTER)
        # A home of its own: what whoever publishes leaves there is not what the others have.
        home = self.folder / "publisher"
        self.env |= {"DATABRICKS_HOST": at, "DATABRICKS_TUNNEL_HOME": str(home)}
        publish = [tunnel, "connect", "--cluster", "demo", "--", "true"]
        done = subprocess.run(publish, env={**os.environ, **self.env}, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        (endpoint,) = (json.loads(file.read_text()) for file in home.glob("*.json"))
        self.outputs.write_text(json.dumps({"ssh_endpoint": {"sensitive": False, "type": "dynamic", "value": endpoint}}))
        del self.env["DATABRICKS_TUNNEL_HOME"]

    def _token(self, at, path):
        return self.ask(at, path, None, {"grant_type": "client_credentials", "scope": "all-apis"})["access_token"]

    def ask(self, at, path, token, body=None):
        """Ask as a form where there is no token yet, else in JSON. No resolver is asked for the name of a workspace."""
        address = urllib.parse.urlsplit(at)
        key = base64.b64encode(f"{self.env['DATABRICKS_CLIENT_ID']}:{self.env['DATABRICKS_CLIENT_SECRET']}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{address.port}{path}",
            data=None if body is None else json.dumps(body).encode() if token else urllib.parse.urlencode(body).encode(),
            headers={
                "Host": address.netloc,
                "Authorization": f"Bearer {token}" if token else f"Basic {key}",
                "Content-Type": "application/json" if token else "application/x-www-form-urlencoded",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def end(self):
        end_with_children(self.process)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    if not (os.environ.get("TUNNEL_PROGRAM") and os.environ.get("LOCALCLOUD_PROGRAM")):
        pytest.fail(
            "TUNNEL_PROGRAM and LOCALCLOUD_PROGRAM do not name a tunnel and a local cloud: run integrations/airflow/test.sh"
        )
    made = Cloud(tmp_path_factory.mktemp("c"), os.environ["TUNNEL_PROGRAM"])
    yield made
    made.end()
