"""Kills applies, destroys and the scripts of the root module at random moments, and says what the next apply makes of it.

One run is one cloud: a local cloud of its own, a copy of the root module, and a state in a file (local), behind a server of states
(http) or in a bucket (s3). A round kills one command, converges, compares what there is on both sides with what one whole deployment
has, plans, destroys, and compares again. Started by kills.sh.
"""

import argparse
import base64
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
VARIABLES = "vars/databricks.tfvars"
BUCKET = "killed-states"
# How a command is ended: all of it, its providers, Terraform alone, or by Ctrl-C once and twice.
WAYS = ["all", "all", "providers", "terraform", "int", "int-int"]
COMMANDS = ["apply", "apply", "destroy", "sleep", "wake", "reset"]
# What the account has at each path.
LISTS = ["workspaces", "networks", "credentials", "storage-configurations", "customer-managed-keys"]


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
        self.folder = work / "root"
        self.localcloud("up", "--detach", "--provisioning", provisioning)
        text = subprocess.run(["bash", "-c", f"set -a; . {self.cloud}/env; env -0"], capture_output=True, check=True).stdout
        self.env = dict(line.split("=", 1) for line in text.decode().split("\0") if "=" in line)
        self.env["TF_IN_AUTOMATION"] = "1"
        self.env["TF_VAR_store_tokens"] = "true"
        self.region = re.search(r'region\s*=\s*"([^"]+)"', (ROOT / VARIABLES).read_text())[1]
        self.folder.mkdir()
        for file in ROOT.glob("*.tf"):
            shutil.copy(file, self.folder)
        for name in ("modules", "vars", "scripts"):
            shutil.copytree(ROOT / name, self.folder / name)
        self.set_backend()
        self.initialize()

    def localcloud(self, *arguments):
        command = [ROOT / "target/release/localcloud", "--dir", self.cloud, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def set_backend(self):
        if self.backend == "http":
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), States)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            body = f'address = "http://127.0.0.1:{server.server_port}/state"'
        elif self.backend == "s3":
            self.aws(f's3.create_bucket(Bucket="{BUCKET}", CreateBucketConfiguration={{"LocationConstraint": region}})')
            flags = ["use_path_style", "skip_credentials_validation", "skip_requesting_account_id", "skip_metadata_api_check"]
            lines = [f'bucket = "{BUCKET}"', 'key = "state"', f'region = "{self.region}"', "skip_region_validation = true"]
            body = "\n".join(lines + [f"{flag} = true" for flag in flags])
        else:
            return
        (self.folder / "backend_override.tf").write_text(f'terraform {{\nbackend "{self.backend}" {{\n{body}\n}}\n}}\n')

    def initialize(self):
        done = self.terraform("init", "-input=false", "-no-color")
        if done.returncode:
            sys.exit(f"terraform init failed:\n{done.stdout}{done.stderr}")

    def terraform(self, *arguments):
        return subprocess.run(
            ["terraform", *arguments], cwd=self.folder, env=self.env, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )

    def change(self, verb):
        """The command line of an apply or destroy."""
        return [verb, "-auto-approve", "-input=false", "-no-color", f"-var-file={VARIABLES}"]

    def aws(self, code):
        """Runs code of boto3 in the tests' Python."""
        head = f"import boto3, json\nregion = {self.region!r}\n"
        head += "".join(f"{name} = boto3.client({name!r}, region_name=region)\n" for name in ("ec2", "iam", "s3", "kms"))
        done = subprocess.run(
            [ROOT / ".cache/venv/bin/python", "-c", head + code], env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr)
        return done.stdout

    def databricks(self, method, path, headers, body=None):
        # Names below localhost lead here, whatever the system's resolver says.
        host = urllib.parse.urlparse(self.env["DATABRICKS_HOST"])
        connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=30)
        connection.request(method, path, body, {"Host": host.netloc, **headers})
        return json.loads(connection.getresponse().read())

    def census(self):
        """How many objects of each kind there are."""
        found = json.loads(self.aws(CENSUS))
        account = self.env["DATABRICKS_ACCOUNT_ID"]
        secret = f"{self.env['DATABRICKS_CLIENT_ID']}:{self.env['DATABRICKS_CLIENT_SECRET']}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(secret.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = "grant_type=client_credentials&scope=all-apis"
        token = self.databricks("POST", f"/oidc/accounts/{account}/v1/token", headers, body)["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        for name in LISTS:
            found[name] = len(self.databricks("GET", f"/api/2.0/accounts/{account}/{name}", headers))
        principals = self.databricks("GET", f"/api/2.0/accounts/{account}/scim/v2/ServicePrincipals", headers)
        found["principals"] = sum(one.get("active", False) for one in principals.get("Resources", []))
        return found


CENSUS = """
def of(answer, kind, is_one=lambda one: True):
    return sum(map(is_one, answer[kind]))
print(json.dumps({
    "vpcs": of(ec2.describe_vpcs(), "Vpcs", lambda one: not one["IsDefault"]),
    "subnets": of(ec2.describe_subnets(), "Subnets", lambda one: not one.get("DefaultForAz")),
    "nat gateways": of(ec2.describe_nat_gateways(), "NatGateways", lambda one: one["State"] in ("available", "pending")),
    "addresses": of(ec2.describe_addresses(), "Addresses"),
    "internet gateways": of(ec2.describe_internet_gateways(), "InternetGateways"),
    "endpoints": of(ec2.describe_vpc_endpoints(), "VpcEndpoints", lambda one: not one["State"].startswith("delet")),
    "roles": of(iam.list_roles(), "Roles", lambda one: not one["Path"].startswith("/aws-service-role")),
    "buckets": of(s3.list_buckets(), "Buckets", lambda one: one["Name"] != "BUCKET"),
    "keys": of(kms.list_keys(), "Keys", lambda one: kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"),
}))
""".replace("BUCKET", BUCKET)


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


def cut(deployment, command, seconds, way):
    """Starts a command and ends it so after so many seconds; whether it was over before."""
    script = command[0].startswith("scripts/")
    started = command if script else ["terraform", *command]
    with subprocess.Popen(
        started, cwd=deployment.folder, env=deployment.env,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as running:
        end = time.monotonic() + seconds
        while time.monotonic() < end and running.poll() is None:
            time.sleep(0.01)
        if running.poll() is not None:
            return True
        everything = [running.pid, *below(running.pid)]
        terraforms = [one for one in everything if is_called(one, "terraform") and not is_called(one, "terraform-provi")]
        providers = [one for one in everything if is_called(one, "terraform-provi")]
        match way:
            case "all":
                # Terraform is not to see its providers die, and to write what it knows.
                send(everything, signal.SIGSTOP)
                send(everything, signal.SIGKILL)
            case "providers":
                send(providers, signal.SIGKILL)
            case "terraform":
                send(terraforms, signal.SIGKILL)
            case "int":
                send(terraforms, signal.SIGINT)
            case "int-int":
                send(terraforms, signal.SIGINT)
                time.sleep(0.3)
                send(terraforms, signal.SIGINT)
        running.wait()
        # Providers that Terraform has left behind end by themselves.
        while any(is_called(one, "terraform-provi") for one in providers):
            time.sleep(0.05)
    return False


def converge(deployment):
    """Applies until that succeeds, with the import blocks that the errors give; None where an apply fails twice in the same way."""
    imports = deployment.folder / "imports.tf"
    blocks, failures = [], []
    for _ in range(6):
        done = deployment.terraform(*deployment.change("apply"))
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


def round_of(deployment, name, seconds, way, elsewhere, whole, nothing):
    """One kill and what comes of it: a line, and whether all is well."""
    scripts = {
        "sleep": ["scripts/sleep_network_infrastructure.sh", "-auto-approve", VARIABLES],
        "reset": ["scripts/reset_tokens.sh", "-auto-approve", VARIABLES],
    }
    if name != "apply":
        assert converge(deployment), "a first apply"
    if name == "wake":
        subprocess.run(scripts["sleep"], cwd=deployment.folder, env=deployment.env, capture_output=True, check=True)
    command = scripts.get(name) or deployment.change("destroy" if name == "destroy" else "apply")
    was_over = cut(deployment, command, seconds, way)
    if elsewhere:
        shutil.rmtree(deployment.folder / ".terraform")
        deployment.initialize()
    converged = converge(deployment)
    said = f"{name:8} {way:10} {seconds:5.1f} s{' (was over)' if was_over else ''}"
    if not converged:
        return f"{said}: an apply fails twice in the same way", False
    applies, imports = converged
    plan = deployment.terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", f"-var-file={VARIABLES}")
    wrong = []
    if plan.returncode != 0:
        wrong.append("the plan is not empty\n" + plan.stdout + plan.stderr)
    there = deployment.census()
    wrong += [f"{kind}: {there[kind]} and not {count}" for kind, count in whole.items() if there[kind] != count]
    destroyed = deployment.terraform(*deployment.change("destroy"))
    if destroyed.returncode != 0:
        wrong.append("the destroy failed\n" + destroyed.stderr)
    left = deployment.census()
    wrong += [f"{left[kind]} {kind} are left" for kind, count in nothing.items() if left[kind] != count]
    said = f"{said}: {applies} applies, {imports} imports"
    return (f"{said}: {'; '.join(wrong)}", False) if wrong else (f"{said}: well", True)


def main():
    parser = argparse.ArgumentParser(prog="scripts/kills.sh")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--backend", choices=["local", "s3", "http"], default="s3")
    parser.add_argument("--elsewhere", action="store_true")
    parser.add_argument("--provisioning", default="0s")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--commands", default=",".join(COMMANDS))
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    sys.stdout.reconfigure(line_buffering=True)
    print(f"seed {asked.seed}, state {asked.backend}, {'elsewhere' if asked.elsewhere else 'same folder'}, provisioning {asked.provisioning}")
    deployment = Deployment(asked.work, asked.backend, asked.provisioning)
    try:
        nothing = deployment.census()
        begun = time.monotonic()
        if not converge(deployment):
            sys.exit("the first apply failed")
        lasts = time.monotonic() - begun
        whole = deployment.census()
        deployment.terraform(*deployment.change("destroy"))
        if deployment.census() != nothing:
            sys.exit("the first destroy left something")
        good = 0
        for number in range(asked.rounds):
            name, way = chance.choice(asked.commands.split(",")), chance.choice(WAYS)
            seconds = chance.uniform(0.4, lasts * 1.05)
            line, is_well = round_of(deployment, name, seconds, way, asked.elsewhere, whole, nothing)
            print(f"{number + 1:3} {line}")
            good += is_well
            if not is_well and deployment.census() != nothing:
                print("what is left spoils the rounds that would follow")
                break
        print(f"{good} of {number + 1} rounds are well")
        sys.exit(0 if good == asked.rounds else 1)
    finally:
        deployment.localcloud("down")


main()
