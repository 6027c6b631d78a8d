"""The benchmark of scripts/bench_aws.sh: units of AWS objects, and one network with everything, by two providers.

Each provider runs behind a wrapper that notes what the process used (CPU seconds and peak memory, of the kernel's own count).
Calls are the lines of the local cloud's log of requests.
"""

import argparse
import os
import pathlib
import stat
import subprocess
import sys
import textwrap
import time

WRAPPER = """#!{python}
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = os.posix_spawn({real!r}, [{real!r}] + sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
with open({usage!r}, "a") as notes:
    notes.write(f"{{used.ru_utime + used.ru_stime}} {{used.ru_maxrss}}\\n")
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)
"""

TRUST = '{Version = "2012-10-17", Statement = [{Effect = "Allow", Action = "sts:AssumeRole", Principal = {Service = "ec2.amazonaws.com"}}]}'
READ = '{Version = "2012-10-17", Statement = [{Effect = "Allow", Action = "ec2:Describe*", Resource = "*"}]}'
BUCKET = '{Version = "2012-10-17", Statement = [{Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::BUCKET/*", Principal = {AWS = "arn:aws:iam::414351767826:root"}}]}'
BUCKET = BUCKET.replace("BUCKET", "bench-KIND-${count.index}")
PORTS = [22, 80, 443, 3306, 6666, 8443]

# What both providers have under the same names: PRE is the beginning of the types.
COMMON = """
variable "units" { type = number }
variable "tags" { type = map(string) }

resource "PREvpc" "u" {
  count                = var.units
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  tags                 = var.tags
}
resource "PREinternet_gateway" "u" {
  count  = var.units
  vpc_id = PREvpc.u[count.index].id
  tags   = var.tags
}
resource "PREsubnet" "u" {
  count      = 4 * var.units
  vpc_id     = PREvpc.u[floor(count.index / 4)].id
  cidr_block = "10.0.${count.index % 4}.0/24"
  tags       = var.tags
}
resource "PREroute_table" "u" {
  count  = 2 * var.units
  vpc_id = PREvpc.u[floor(count.index / 2)].id
  tags   = var.tags
}
resource "PREroute" "u" {
  count                  = var.units
  route_table_id         = PREroute_table.u[2 * count.index].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = PREinternet_gateway.u[count.index].id
}
resource "PREroute_table_association" "u" {
  count          = 4 * var.units
  subnet_id      = PREsubnet.u[count.index].id
  route_table_id = PREroute_table.u[floor(count.index / 2)].id
}
resource "PREvpc_endpoint" "s3" {
  count           = var.units
  vpc_id          = PREvpc.u[count.index].id
  service_name    = "com.amazonaws.eu-west-1.s3"
  route_table_ids = [PREroute_table.u[2 * count.index].id]
  tags            = var.tags
}
resource "PREvpc_endpoint" "sts" {
  count              = var.units
  vpc_id             = PREvpc.u[count.index].id
  service_name       = "com.amazonaws.eu-west-1.sts"
  vpc_endpoint_type  = "Interface"
  subnet_ids         = [PREsubnet.u[4 * count.index].id]
  security_group_ids = [PREsecurity_group.u[2 * count.index].id]
  tags               = var.tags
}
"""


def blocks(ports):
    block = 'ingress {{\n  from_port = {0}\n  to_port = {0}\n  protocol = "tcp"\n  cidr_blocks = ["10.0.0.0/16"]\n}}\n'
    return "".join(block.format(port) for port in ports)


OURS = (
    """
resource "databricks_aws_security_group" "u" {
  count  = 2 * var.units
  name   = "bench-${count.index}"
  vpc_id = databricks_aws_vpc.u[floor(count.index / 2)].id
  tags   = var.tags
"""
    + blocks(PORTS)
    + """}
resource "databricks_aws_s3_bucket" "u" {
  count  = 2 * var.units
  bucket = "bench-ours-${count.index}"
  policy = jsonencode(BUCKET_POLICY)
  server_side_encryption { sse_algorithm = "AES256" }
  public_access_block {}
  versioning { enabled = true }
  tags = var.tags
}
resource "databricks_aws_iam_role" "u" {
  count              = var.units
  name               = "bench-ours-${count.index}"
  assume_role_policy = jsonencode(TRUST)
  inline_policy {
    name   = "first"
    policy = jsonencode(READ)
  }
  inline_policy {
    name   = "second"
    policy = jsonencode(READ)
  }
  tags = var.tags
}
"""
)

THEIRS = """
provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false
}
resource "aws_security_group" "u" {
  count  = 2 * var.units
  name   = "bench-${count.index}"
  vpc_id = aws_vpc.u[floor(count.index / 2)].id
  tags   = var.tags
}
resource "aws_vpc_security_group_ingress_rule" "u" {
  count             = 12 * var.units
  security_group_id = aws_security_group.u[floor(count.index / 6)].id
  from_port         = PORTS[count.index % 6]
  to_port           = PORTS[count.index % 6]
  ip_protocol       = "tcp"
  cidr_ipv4         = "10.0.0.0/16"
}
resource "aws_s3_bucket" "u" {
  count  = 2 * var.units
  bucket = "bench-theirs-${count.index}"
  tags   = var.tags
}
resource "aws_s3_bucket_policy" "u" {
  count  = 2 * var.units
  bucket = aws_s3_bucket.u[count.index].id
  policy = jsonencode(BUCKET_POLICY)
}
resource "aws_s3_bucket_server_side_encryption_configuration" "u" {
  count  = 2 * var.units
  bucket = aws_s3_bucket.u[count.index].id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}
resource "aws_s3_bucket_public_access_block" "u" {
  count                   = 2 * var.units
  bucket                  = aws_s3_bucket.u[count.index].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_versioning" "u" {
  count  = 2 * var.units
  bucket = aws_s3_bucket.u[count.index].id
  versioning_configuration { status = "Enabled" }
}
resource "aws_iam_role" "u" {
  count              = var.units
  name               = "bench-theirs-${count.index}"
  assume_role_policy = jsonencode(TRUST)
  tags               = var.tags
}
resource "aws_iam_role_policy" "u" {
  count  = 2 * var.units
  name   = "policy-${count.index % 2}"
  role   = aws_iam_role.u[floor(count.index / 2)].name
  policy = jsonencode(READ)
}
"""

# One network as a workspace has it, NAT gateway and endpoints included.
NETWORK = """
variable "units" { type = number }
variable "tags" { type = map(string) }

resource "PREvpc" "n" {
  cidr_block           = "10.1.0.0/16"
  enable_dns_hostnames = true
  tags                 = var.tags
}
resource "PREinternet_gateway" "n" {
  vpc_id = PREvpc.n.id
  tags   = var.tags
}
resource "PREsubnet" "n" {
  count      = 3
  vpc_id     = PREvpc.n.id
  cidr_block = "10.1.${count.index}.0/24"
  tags       = var.tags
}
resource "PREeip" "n" {
  domain = "vpc"
  tags   = var.tags
}
resource "PREnat_gateway" "n" {
  subnet_id     = PREsubnet.n[0].id
  allocation_id = PREeip.n.id
  tags          = var.tags
  depends_on    = [PREinternet_gateway.n]
}
resource "PREroute_table" "n" {
  count  = 2
  vpc_id = PREvpc.n.id
  tags   = var.tags
}
resource "PREroute" "public" {
  route_table_id         = PREroute_table.n[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = PREinternet_gateway.n.id
}
resource "PREroute" "private" {
  route_table_id         = PREroute_table.n[1].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = PREnat_gateway.n.id
}
resource "PREroute_table_association" "n" {
  count          = 3
  subnet_id      = PREsubnet.n[count.index].id
  route_table_id = PREroute_table.n[count.index == 0 ? 0 : 1].id
}
resource "PREsecurity_group" "n" {
  name   = "bench-network"
  vpc_id = PREvpc.n.id
  ingress {
    from_port = 0
    to_port   = 65535
    protocol  = "tcp"
    self      = true
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = var.tags
}
resource "PREvpc_endpoint" "s3" {
  vpc_id          = PREvpc.n.id
  service_name    = "com.amazonaws.eu-west-1.s3"
  route_table_ids = PREroute_table.n[*].id
  tags            = var.tags
}
resource "PREvpc_endpoint" "interface" {
  for_each           = toset(["sts", "kinesis-streams"])
  vpc_id             = PREvpc.n.id
  service_name       = "com.amazonaws.eu-west-1.${each.key}"
  vpc_endpoint_type  = "Interface"
  subnet_ids         = [PREsubnet.n[1].id]
  security_group_ids = [PREsecurity_group.n.id]
  tags               = var.tags
}
"""
PROVIDER_AWS = THEIRS[: THEIRS.index("resource")]


def filled(text, prefix, kind):
    policies = {"BUCKET_POLICY": BUCKET.replace("KIND", kind), "TRUST": TRUST, "READ": READ, "PORTS": str(PORTS)}
    for name, value in policies.items():
        text = text.replace(name, value)
    return text.replace("PRE", prefix)


class Bench:
    """One provider with one configuration."""

    def __init__(self, options, name, source, binary, program, text):
        self.name, self.options = name, options
        self.folder = pathlib.Path(options.work) / name.replace(" ", "-")
        plugins = self.folder / "plugins"
        plugins.mkdir(parents=True)
        self.usage = self.folder / "usage"
        wrapper = plugins / program
        real = str(pathlib.Path(binary).resolve())
        wrapper.write_text(WRAPPER.format(python=sys.executable, real=real, usage=str(self.usage)))
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IEXEC)
        overrides = f'provider_installation {{\n  dev_overrides {{ "{source}" = "{plugins}" }}\n  direct {{}}\n}}\n'
        (self.folder / "cli.tfrc").write_text(overrides)
        alias = program.removeprefix("terraform-provider-")
        required = f'terraform {{\n  required_providers {{\n    {alias} = {{ source = "{source}" }}\n  }}\n}}\n'
        (self.folder / "main.tf").write_text(required + text)

    def run(self, title, *arguments, tags="{}"):
        self.usage.write_text("")
        variables = ["-var", f"units={self.options.units}", "-var", f"tags={tags}"]
        env = os.environ | {"TF_CLI_CONFIG_FILE": str(self.folder / "cli.tfrc"), "CHECKPOINT_DISABLE": "1"}
        log = pathlib.Path(self.options.log)
        before = sum(1 for _ in log.open())
        began = time.monotonic()
        command = [self.options.terraform, *arguments, "-input=false", "-no-color", *variables]
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        if done.returncode:
            sys.exit(f"{self.name}: {title} failed:\n{textwrap.indent(done.stderr or done.stdout, '  ')[:4000]}")
        calls = sum(1 for _ in log.open()) - before
        used = [line.split() for line in self.usage.read_text().splitlines()]
        cpu = sum(float(cpu) for cpu, _ in used)
        peak = max((int(peak) for _, peak in used), default=0) / 1024
        print(f"{self.name:<24} {title:<16} {seconds:>8.2f} {calls:>7} {cpu:>8.2f} {peak:>8.0f}", flush=True)
        if title == "empty plan" and "No changes" not in done.stdout:
            sys.exit(f"{self.name}: the plan is not empty:\n{done.stdout[:4000]}")

    def all(self):
        self.run("apply", "apply", "-auto-approve")
        self.run("empty plan", "plan")
        self.run("one tag on all", "apply", "-auto-approve", tags='{ bench = "yes" }')
        self.run("destroy", "destroy", "-auto-approve", tags='{ bench = "yes" }')


def main():
    parser = argparse.ArgumentParser()
    for name in ["work", "terraform", "log", "ours", "peer"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--units", type=int, required=True)
    options = parser.parse_args()
    ours = ("databricks-aws/databricks", options.ours, "terraform-provider-databricks")
    theirs = ("hashicorp/aws", options.peer, "terraform-provider-aws")
    sides = [("ours", ours, "databricks_aws_", OURS, "")]
    if options.peer:
        sides.append(("hashicorp/aws", theirs, "aws_", THEIRS, PROVIDER_AWS))
    else:
        print("hashicorp/aws is not on this machine: ours runs alone. AWS_PROVIDER names its binary.")
    print(f"{options.units} units; seconds of the clock, calls, CPU seconds of the provider, its peak memory in MB")
    print(f"{'':<24} {'':<16} {'seconds':>8} {'calls':>7} {'CPU':>8} {'MB':>8}")
    for name, side, prefix, own, _ in sides:
        Bench(options, f"{name} units", *side, filled(COMMON + own, prefix, "ours" if prefix != "aws_" else "theirs")).all()
    for name, side, prefix, _, provider in sides:
        Bench(options, f"{name} network", *side, filled(provider + NETWORK, prefix, "")).all()


main()
