"""A copy of the root module at a local cloud of its own, for kills.py and faults.py: what is applied, counted and cut off."""

import base64
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

import boto3

ROOT = pathlib.Path(__file__).resolve().parent.parent
VARIABLES = "vars/databricks.tfvars"
PROVIDER = "terraform-provi"
BUCKET = "cut-off-states"
SCRIPTS = {
    "sleep": ["scripts/sleep_network_infrastructure.sh", "-auto-approve", VARIABLES],
    "reset": ["scripts/reset_tokens.sh", "-auto-approve", VARIABLES],
}
# What a plan says of objects in a workspace whose address is not known yet.
LATE = "The provider's host is known only after"
# What the account has at each path.
LISTS = ["workspaces", "networks", "credentials", "storage-configurations", "customer-managed-keys"]
SECRETS = "secrets of principals"
# What a workspace has, and where it lists that.
INSIDE = {
    "clusters": "/api/2.1/clusters/list",
    "secret scopes": "/api/2.0/secrets/scopes/list",
    "tokens": "/api/2.0/token-management/tokens",
}


class States(http.server.BaseHTTPRequestHandler):
    """What Terraform's backend `http` asks of a server."""

    states = {}

    def log_message(self, *_):
        pass

    def do_GET(self):
        state = self.states.get(self.path)
        self.send_response(200 if state else 404)
        self.end_headers()
        self.wfile.write(state or b"")

    def do_POST(self):
        self.states[self.path] = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()


class Deployment:
    """A copy of the root module at a local cloud."""

    def __init__(self, work, backend, provisioning):
        self.work, self.backend = work, backend
        self.cloud = work / "cloud"
        self.program = pathlib.Path(os.environ["PROGRAMS"]) / "localcloud"
        self.folder = work / "root"
        self.localcloud("up", "--detach", "--provisioning", provisioning)
        text = subprocess.run(["bash", "-c", f"set -a; . {self.cloud}/env; env -0"], capture_output=True, check=True).stdout
        self.env = dict(line.split("=", 1) for line in text.decode().split("\0") if "=" in line)
        self.env["TF_IN_AUTOMATION"] = "1"
        self.env["TF_VAR_store_tokens"] = "true"
        # S3 tells the logs bucket of every call: it is never empty.
        self.env["TF_VAR_destroy_data_with_deployment"] = "true"
        self.region = re.search(r'region\s*=\s*"([^"]+)"', (ROOT / VARIABLES).read_text())[1]
        self.folder.mkdir(parents=True)
        for file in ROOT.glob("*.tf"):
            shutil.copy(file, self.folder)
        for name in ("modules", "vars", "scripts"):
            shutil.copytree(ROOT / name, self.folder / name)
        self.set_backend()
        self.initialize()

    def localcloud(self, *arguments):
        subprocess.run([self.program, "--dir", self.cloud, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def set_backend(self):
        if self.backend == "http":
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), States)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            body = f'address = "http://127.0.0.1:{server.server_port}/state"'
        elif self.backend == "s3":
            self.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": self.region})
            flags = ["use_path_style", "skip_credentials_validation", "skip_requesting_account_id", "skip_metadata_api_check"]
            lines = [f'bucket = "{BUCKET}"', 'key = "state"', f'region = "{self.region}"', "skip_region_validation = true"]
            body = "\n".join(lines + [f"{flag} = true" for flag in flags])
        else:
            body = ""
        (self.folder / "backend_override.tf").write_text(f'terraform {{\nbackend "{self.backend or "local"}" {{\n{body}\n}}\n}}\n')

    def initialize(self):
        done = self.terraform("init", "-input=false", "-no-color")
        if done.returncode:
            sys.exit(f"terraform init failed:\n{done.stdout}{done.stderr}")

    def terraform(self, *arguments):
        return subprocess.run(
            ["terraform", *arguments], cwd=self.folder, env=self.env, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )

    def skew(self, seconds):
        """Puts the clock of the provider, and not that of Terraform and the services, so far ahead."""
        libraries = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        if not libraries:
            sys.exit("--skew needs libfaketime: sudo apt-get install faketime")
        # Terraform is linked statically, and takes no notice.
        self.env |= {"LD_PRELOAD": str(libraries[0]), "FAKETIME": f"{seconds:+}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def put_back_emptied_state(self):
        """Terraform empties a state in a file before it writes it anew: a kill between the two leaves nothing but the backup."""
        state, backup = self.folder / "terraform.tfstate", self.folder / "terraform.tfstate.backup"
        if state.exists() and not state.stat().st_size and backup.exists():
            shutil.copy(backup, state)

    def change(self, verb):
        """The command line of an apply or destroy."""
        return [verb, "-auto-approve", "-input=false", "-no-color", f"-var-file={VARIABLES}"]

    def client(self, service):
        """A client of an AWS service at the local cloud."""
        return boto3.client(
            service,
            region_name=self.region,
            endpoint_url=self.env["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
        )

    def databricks(self, address, method, path, headers, body=None):
        # Names below localhost lead here, whatever the system's resolver says.
        host = urllib.parse.urlparse(address)
        connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=30)
        connection.request(method, path, body, {"Host": host.netloc, **headers})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)

    def signed_in(self, address, path):
        """The headers of somebody who has signed in at this host."""
        secret = f"{self.env['DATABRICKS_CLIENT_ID']}:{self.env['DATABRICKS_CLIENT_SECRET']}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(secret.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        token = self.databricks(address, "POST", path, headers, "grant_type=client_credentials&scope=all-apis")["access_token"]
        return {"Authorization": f"Bearer {token}"}

    def census(self):
        """How many objects of each kind there are."""
        return self.of_aws() | self.of_account()

    def of_account(self):
        address, account = self.env["DATABRICKS_HOST"], self.env["DATABRICKS_ACCOUNT_ID"]
        headers = self.signed_in(address, f"/oidc/accounts/{account}/v1/token")

        def answer(path):
            return self.databricks(address, "GET", f"/api/2.0/accounts/{account}/{path}", headers)

        found = {name: answer(name) for name in LISTS}
        principals = [one for one in answer("scim/v2/ServicePrincipals").get("Resources", []) if one.get("active", False)]
        found["principals"] = principals
        paths = [f"servicePrincipals/{one['id']}/credentials/secrets" for one in principals]
        found[SECRETS] = [secret for path in paths for secret in answer(path).get("secrets", [])]
        inside = dict.fromkeys(INSIDE, 0)
        for workspace in found["workspaces"]:
            if workspace["workspace_status"] == "RUNNING":
                for name, count in self.of_workspace(workspace).items():
                    inside[name] += count
        return {name: len(objects) for name, objects in found.items()} | inside

    def of_workspace(self, workspace):
        account = urllib.parse.urlparse(self.env["DATABRICKS_HOST"])
        address = workspace.get("workspace_url") or workspace["deployment_name"]
        address = address if "://" in address else f"{account.scheme}://{address}"
        headers = self.signed_in(address, "/oidc/v1/token")
        return {
            name: len(self.databricks(address, "GET", path, headers).get(name.split()[-1].replace("tokens", "token_infos"), []))
            for name, path in INSIDE.items()
        }

    def of_aws(self):
        ec2, iam, s3, kms = (self.client(service) for service in ("ec2", "iam", "s3", "kms"))

        def of(answer, kind, is_one=lambda one: True):
            return sum(map(is_one, answer[kind]))

        def is_enabled(key):
            return kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"

        return {
            "vpcs": of(ec2.describe_vpcs(), "Vpcs", lambda one: not one["IsDefault"]),
            "subnets": of(ec2.describe_subnets(), "Subnets", lambda one: not one.get("DefaultForAz")),
            "nat gateways": of(ec2.describe_nat_gateways(), "NatGateways", lambda one: one["State"] in ("available", "pending")),
            "security groups": of(ec2.describe_security_groups(), "SecurityGroups", lambda one: one["GroupName"] != "default"),
            "route tables": of(ec2.describe_route_tables(), "RouteTables"),
            "addresses": of(ec2.describe_addresses(), "Addresses"),
            "internet gateways": of(ec2.describe_internet_gateways(), "InternetGateways"),
            "endpoints": of(ec2.describe_vpc_endpoints(), "VpcEndpoints", lambda one: not one["State"].startswith("delet")),
            "roles": of(iam.list_roles(), "Roles", lambda one: not one["Path"].startswith("/aws-service-role")),
            "buckets": of(s3.list_buckets(), "Buckets", lambda one: one["Name"] != BUCKET),
            "keys": of(kms.list_keys(), "Keys", is_enabled),
        }


def below(process):
    """The processes that a process has started, and those that they have."""
    found = []
    try:
        for task in pathlib.Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *below(int(child))]
    except OSError:
        pass
    return found


def is_called(process, name):
    try:
        return pathlib.Path(f"/proc/{process}/comm").read_text().startswith(name)
    except OSError:
        return False


def send(processes, number):
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            pass


def kill(process):
    """Kills it with all that it has started, before one of them sees another one die."""
    everything = [process, *below(process)]
    send(everything, signal.SIGSTOP)
    send(everything, signal.SIGKILL)


def wait_for_providers(processes):
    """Providers that Terraform has left behind end by themselves."""
    while any(is_called(one, PROVIDER) for one in processes):
        time.sleep(0.05)


def converge(deployment):
    """Applies until that succeeds, with the import blocks that the errors give; None where an apply fails twice in the same way.

    What stood in a workspace that is made anew needs another apply, as the first one says.
    """
    imports = deployment.folder / "imports.tf"
    blocks, failures = [], []
    for _ in range(6):
        done = deployment.terraform(*deployment.change("apply"))
        if done.returncode == 0 and LATE in done.stdout and LATE not in failures:
            failures.append(LATE)
            continue
        if done.returncode == 0:
            imports.unlink(missing_ok=True)
            return len(failures) + 1, len(blocks)
        errors = done.stderr.replace("│", " ").split("Error: ")[1:]
        failure = sorted(error.splitlines()[0] for error in errors)
        if failure in failures:
            break
        failures.append(failure)
        for error in errors:
            block_id = re.search(r'id = "([^"]+)"', error)
            address = re.search(r"^\s*with ([^,\s]+),$", error, re.M)
            if block_id and address:
                blocks.append(f'import {{\n  to = {address[1]}\n  id = "{block_id[1]}"\n}}\n')
        imports.write_text("\n".join(dict.fromkeys(blocks)))
    print(done.stderr, file=sys.stderr)
    imports.unlink(missing_ok=True)
    return None
