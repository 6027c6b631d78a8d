#!/usr/bin/env bash
# Calls, seconds, processor time and memory of the provider with 126 Databricks objects on the local cloud, and the official
# provider's beside it where its program is at hand.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/bench_databricks.sh [PRINCIPALS: 40 by default]

Applies, plans and destroys 5 account objects, a workspace, and so many service principals, secrets of theirs and assignments to the
workspace. Calls are those that the local cloud answered, logins among them.

BENCH_BUILT=1 takes the programs in target/release as they are.

OFFICIAL names the official provider's program (terraform-provider-databricks of databricks/databricks). Without it, the plugin folder
the user's own plugins are searched.
TEXT
}

case ${1-} in
  "" | [1-9] | [1-9][0-9] | [1-9][0-9][0-9]) count=${1:-40} ;;
  *) no_arguments "$(usage)" "$@" ;;
esac

cd "$root"
need cargo "install Rust from https://rustup.rs"
need python3 "sudo apt-get install python3"
terraform=$(terraform_program)
[ -n "${BENCH_BUILT-}" ] || cargo build --release --locked --quiet -p terraform-provider-databricks -p localcloud

work=$(mktemp -d)
cleanup() {
  "$root/target/release/localcloud" --dir "$work/cloud" down >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

# find_official: the program of the official provider, or nothing.
find_official() {
  local found
  if [ -n "${OFFICIAL-}" ]; then
    [ -x "$OFFICIAL" ] || die "OFFICIAL names $OFFICIAL, which is no program"
    printf '%s\n' "$OFFICIAL"
    return
  fi
  found=$(find "$HOME/.terraform.d/plugins" -path '*/databricks/databricks/*' -name 'terraform-provider-databricks*' \
    -type f 2>/dev/null | sort | tail -n 1 || true)
  printf '%s' "$found"
}

# wrapped NAME SOURCE PROGRAM: a folder in which terraform finds the program under a wrapper that notes what it used.
wrapped() {
  mkdir -p "$work/$1/bin" "$work/$1/run"
  cat >"$work/$1/bin/terraform-provider-databricks" <<PYTHON
#!$(command -v python3)
import os, sys
child = os.fork()
if child == 0:
    os.execv("$3", ["$3"] + sys.argv[1:])
_, status, used = os.wait4(child, 0)
with open("$work/$1/used", "a") as file:
    file.write("%f %d\n" % (used.ru_utime + used.ru_stime, used.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status) & 255)
PYTHON
  chmod +x "$work/$1/bin/terraform-provider-databricks"
  cat >"$work/$1/terraformrc" <<HCL
provider_installation {
  dev_overrides {
    "$2" = "$work/$1/bin"
  }
  direct {}
}
HCL
  configuration "$2" >"$work/$1/run/main.tf"
}

configuration() {
  cat <<HCL
terraform {
  required_providers {
    databricks = {
      source = "$1"
    }
  }
}

provider "databricks" {
  account_id = "$DATABRICKS_ACCOUNT_ID"
}

resource "databricks_mws_credentials" "this" {
  credentials_name = "bench"
  role_arn         = "arn:aws:iam::123456789012:role/bench"
}

resource "databricks_mws_storage_configurations" "this" {
  account_id                 = "$DATABRICKS_ACCOUNT_ID"
  storage_configuration_name = "bench"
  bucket_name                = "bench-root"
}

resource "databricks_mws_networks" "this" {
  account_id         = "$DATABRICKS_ACCOUNT_ID"
  network_name       = "bench"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_ids = ["sg-0123456789abcdef0"]
}

resource "databricks_mws_customer_managed_keys" "this" {
  for_each   = toset(["MANAGED_SERVICES", "STORAGE"])
  account_id = "$DATABRICKS_ACCOUNT_ID"
  use_cases  = [each.key]

  aws_key_info {
    key_arn   = "arn:aws:kms:eu-west-1:123456789012:key/\${each.key == "STORAGE" ? "0" : "1"}d26daa6-5e44-4c97-a497-ef015f91254a"
    key_alias = "alias/bench"
  }
}

resource "databricks_mws_workspaces" "this" {
  account_id                               = "$DATABRICKS_ACCOUNT_ID"
  workspace_name                           = "bench"
  aws_region                               = "eu-west-1"
  pricing_tier                             = "ENTERPRISE"
  credentials_id                           = databricks_mws_credentials.this.credentials_id
  storage_configuration_id                 = databricks_mws_storage_configurations.this.storage_configuration_id
  network_id                               = databricks_mws_networks.this.network_id
  managed_services_customer_managed_key_id = databricks_mws_customer_managed_keys.this["MANAGED_SERVICES"].customer_managed_key_id
  storage_customer_managed_key_id          = databricks_mws_customer_managed_keys.this["STORAGE"].customer_managed_key_id
}

resource "databricks_service_principal" "this" {
  count        = $count
  display_name = "bench-\${count.index}"
}

resource "databricks_service_principal_secret" "this" {
  count                = $count
  service_principal_id = databricks_service_principal.this[count.index].id
}

resource "databricks_mws_permission_assignment" "this" {
  count        = $count
  workspace_id = databricks_mws_workspaces.this.workspace_id
  principal_id = databricks_service_principal.this[count.index].id
  permissions  = ["USER"]
}
HCL
}

calls() {
  wc -l <"$work/cloud/requests.log"
}

# phase NAME WORDS ARGUMENT…: one line of the table.
phase() {
  local name=$1 words=$2 before start end
  shift 2
  rm -f "$work/$name/used"
  before=$(calls)
  start=$(date +%s.%N)
  (
    cd "$work/$name/run"
    # The official provider reaches the local cloud's names through its proxy; ours resolves them.
    # shellcheck disable=SC1091
    [ "$name" = ours ] || source "$work/cloud/env-proxy"
    TF_CLI_CONFIG_FILE=$work/$name/terraformrc "$terraform" "$@" -input=false -no-color
  ) >"$work/$name/log" 2>&1 || {
    grep -A 20 Error "$work/$name/log" >&2
    die "terraform $1 with the provider $name failed"
  }
  end=$(date +%s.%N)
  grep -q 'No changes' "$work/$name/log" || [ "$1" != plan ] || die "the plan with the provider $name is not empty"
  awk -v name="$name" -v words="$words" -v calls=$(($(calls) - before)) -v seconds="$(echo "$end $start" | awk '{ print $1 - $2 }')" '
    { cpu += $1; if ($2 > peak) peak = $2 }
    END { printf "%-10s %-11s %7d %9.1f %9.2f %9.0f\n", name, words, calls, seconds, cpu, peak / 1024 }
  ' "$work/$name/used"
}

say "Starting the local cloud"
target/release/localcloud --dir "$work/cloud" up --detach --no-aws --provisioning 500ms >/dev/null 2>&1 ||
  die "the local cloud does not start: run 'target/release/localcloud --dir DIR up --no-aws' to see why"
# shellcheck disable=SC1091
source "$work/cloud/env"

wrapped ours databricks-aws/databricks "$root/target/release/terraform-provider-databricks"
names=ours
official=$(find_official)
if [ -n "$official" ]; then
  wrapped official databricks/databricks "$official"
  names="ours official"
else
  say "The official provider's program is not at hand (OFFICIAL names it): ours alone"
fi

printf '%-10s %-11s %7s %9s %9s %9s\n' provider phase calls seconds "CPU s" "peak MB"
for name in $names; do
  phase "$name" apply apply -auto-approve
  phase "$name" "empty plan" plan
  phase "$name" destroy destroy -auto-approve
done
