"""A large SQL result to CSV, beside databricks-sql-connector in the same run: see bench_sql.sh."""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

BIN = pathlib.Path(os.environ["PROGRAMS"])

STATEMENT = (
    "SELECT id, concat('name of row ', id) AS name, id * 1.5D AS price, CAST(id % 97 AS DECIMAL(10,2)) AS amount, "
    "id % 2 = 0 AS is_even, concat(id, '-', id * 7, '-', id * 11) AS note FROM range({rows})"
)

CONNECTOR = """
import csv, os, resource, sys, time
from databricks import sql
connection = sql.connect(
    server_hostname=os.environ["DATABRICKS_HOST"], http_path="/sql/1.0/warehouses/" + os.environ["WAREHOUSE"],
    access_token=os.environ["DATABRICKS_TOKEN"], _tls_trusted_ca_file=os.environ["SSL_CERT_FILE"], use_sea=True, enable_telemetry=False,
)
cursor = connection.cursor()
cursor.execute(sys.argv[1])
start, count = time.monotonic(), 0
with open(sys.argv[2], "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\\n")
    writer.writerow([column[0] for column in cursor.description])
    while rows := cursor.fetchmany(100_000):
        writer.writerows(rows)
        count += len(rows)
print(count, time.monotonic() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


class Cloud:
    """A local cloud with a workspace and a warehouse."""

    def __init__(self, work):
        self.dir = work / "cloud"
        self.cloud("up", "--detach", "--no-aws")
        self.envs = self.sourced("env")
        host = self.envs["DATABRICKS_HOST"]
        account = "/api/2.0/accounts/{account_id}"
        role = {"sts_role": {"role_arn": "arn:aws:iam::123456789012:role/demo"}}
        credentials = self.api(host, "POST", account + "/credentials", {"credentials_name": "demo", "aws_credentials": role})
        bucket = {"bucket_name": "demo-root"}
        storage = self.api(
            host, "POST", account + "/storage-configurations", {"storage_configuration_name": "demo", "root_bucket_info": bucket}
        )
        made = self.api(
            host,
            "POST",
            account + "/workspaces",
            {
                "workspace_name": "demo",
                "aws_region": "eu-west-1",
                "credentials_id": credentials["credentials_id"],
                "storage_configuration_id": storage["storage_configuration_id"],
            },
        )
        while self.api(host, "GET", f"{account}/workspaces/{made['workspace_id']}")["workspace_status"] != "RUNNING":
            time.sleep(0.2)
        port = host.rsplit(":", 1)[1]
        self.name = f"{made['deployment_name']}.localhost"
        self.host = f"http://{self.name}:{port}"
        self.warehouse = self.api(self.host, "POST", "/api/2.0/sql/warehouses", {"name": "bench", "cluster_size": "Small"})["id"]

    def cloud(self, *words):
        command = [BIN / "localcloud", "--dir", self.dir, *words]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def sourced(self, file):
        """The variables that a file of the local cloud sets."""
        script = f". {self.dir}/{file} && env -0"
        out = subprocess.run(["sh", "-c", script], check=True, stdout=subprocess.PIPE, text=True).stdout
        return dict(pair.split("=", 1) for pair in out.split("\0") if pair)

    def tunnel(self, *words, host=None):
        return [BIN / "tunnel", *words, "--host", host or self.host]

    def api(self, host, method, path, body=None):
        words = ["api", method, path, *(["--data", json.dumps(body)] if body else [])]
        out = subprocess.run(self.tunnel(*words, host=host), env=self.envs, check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(out.stdout)


def measured(command, envs):
    """Seconds and the most memory (bytes) of a program."""
    start = time.monotonic()
    process = subprocess.Popen(command, env=envs)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[:3]} failed: {status}")
    return time.monotonic() - start, usage.ru_maxrss * 1024


def digest(file):
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def line(name, seconds, size, memory):
    print(f"{name:32} {seconds:8.1f} s {size / 1e6 / seconds:8.0f} MB/s {memory / 1e6:8.0f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=25_000_000)
    arguments = parser.parse_args()
    work, statement = arguments.work, STATEMENT.format(rows=arguments.rows)
    cloud = Cloud(work)
    try:
        compare(cloud, work, statement, arguments.rows)
    finally:
        cloud.cloud("down")


def compare(cloud, work, statement, rows):
    start = time.monotonic()
    words = ["sql", "--async", statement]
    identifier = subprocess.run(cloud.tunnel(*words), env=cloud.envs, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    while True:
        out = subprocess.run(cloud.tunnel("sql", "status", identifier, "--json"), env=cloud.envs, stdout=subprocess.PIPE, text=True)
        state = json.loads(out.stdout)["state"]
        if state not in ("PENDING", "RUNNING"):
            break
        time.sleep(0.5)
    print(f"the statement is {state} after {time.monotonic() - start:.1f} s, {rows} rows", flush=True)

    def fetch(file):
        return measured(cloud.tunnel("sql", "fetch", identifier, "--output", "csv", "--output-file", file), cloud.envs)

    ours = work / "ours.csv"
    seconds, memory = fetch(ours)
    size = ours.stat().st_size
    line("tunnel sql fetch", seconds, size, memory)
    whole = digest(ours)
    for at in range(10):
        fault = {"match": "GET /sql-results/*", "skip": at, "cut_after": 3_000_000 + 1_000_000 * at}
        cloud.cloud("fault", "add", json.dumps(fault))
    cut, memory = fetch(ours)
    line("tunnel, ten links cut", cut, size, memory)
    if digest(ours) != whole:
        sys.exit("the file is another one after the cuts")
    ours.unlink()

    theirs = work / "theirs.csv"
    token = cloud.api(cloud.host, "POST", "/api/2.0/token/create", {"comment": "bench"})["token_value"]
    envs = cloud.sourced("env-proxy") | {"DATABRICKS_HOST": cloud.name, "DATABRICKS_TOKEN": token, "WAREHOUSE": cloud.warehouse}
    for name in ("DATABRICKS_ACCOUNT_ID", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"):
        envs.pop(name, None)
    out = subprocess.run([sys.executable, "-c", CONNECTOR, statement, theirs], env=envs, check=True, stdout=subprocess.PIPE, text=True)
    count, their_seconds, memory = out.stdout.split()
    line("databricks-sql-connector", float(their_seconds), theirs.stat().st_size, int(memory) * 1024)
    if int(count) != rows:
        sys.exit(f"the connector has read {count} rows")
    print(f"the tunnel takes 1/{float(their_seconds) / seconds:.1f} of the connector's time")


main()
