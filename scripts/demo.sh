#!/usr/bin/env bash
# Deploys Databricks on AWS on this machine, and runs a command over SSH on its cluster.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/demo.sh [--down]

Builds everything, starts the local cloud, applies the root module with vars/databricks.tfvars, prints the outputs, and
runs a command over SSH on the cluster. Safe to run again: it goes on from where it is.

  --down   destroys the deployment and stops the local cloud
TEXT
}

# refuse_foreign_state: a state of another deployment (of a real account, say) is not this script's to change or remove.
refuse_foreign_state() {
  grep -q '"instances"' terraform.tfstate 2>/dev/null || return 0
  grep -q '://[^"]*\.localhost:' terraform.tfstate && return
  [ -s .cache/demo.lineage ] && [ "$(lineage)" = "$(cat .cache/demo.lineage)" ] && return
  die "terraform.tfstate here is of another deployment than the demo's: move it away, or use another clone"
}

# lineage: what tells one state from another through all of its versions.
lineage() {
  sed -n 's/^  "lineage": "\(.*\)",$/\1/p' terraform.tfstate
}

down() {
  local terraform
  refuse_foreign_state
  if [ -f "$root/.localcloud/env" ] && "$root/target/release/localcloud" status >/dev/null 2>&1; then
    # shellcheck disable=SC1091
    source "$root/.localcloud/env"
    terraform=$(terraform_program)
    if grep -q '"instances"' terraform.tfstate 2>/dev/null; then
      say "Destroying the deployment"
      "$terraform" destroy -input=false -auto-approve -var-file=vars/databricks.tfvars
    fi
  elif grep -q '"instances"' terraform.tfstate 2>/dev/null; then
    say "The local cloud is not running: what it held is gone, and so is terraform.tfstate"
    rm -f "$root/terraform.tfstate" "$root/terraform.tfstate.backup"
  fi
  say "Stopping the local cloud"
  if [ -x "$root/target/release/localcloud" ]; then "$root/target/release/localcloud" down; fi
}

up() {
  local terraform applied=0
  refuse_foreign_state
  ensure_tools
  terraform=$(terraform_program)

  say "Building (the first time takes minutes, most of them for the AWS SDK)"
  cargo build --release --locked

  say "Starting the local cloud"
  if ! target/release/localcloud status >/dev/null 2>&1 && grep -q '"instances"' terraform.tfstate 2>/dev/null; then
    say "The local cloud was stopped, with all that it held: its terraform.tfstate goes too"
    rm -f terraform.tfstate terraform.tfstate.backup
  fi
  target/release/localcloud up --detach
  # shellcheck disable=SC1091
  source .localcloud/env

  say "Applying the root module"
  # The provider was built here, so its checksum changes with each build: the lock file is written anew.
  rm -f .terraform.lock.hcl
  "$terraform" init -input=false >.cache/init.log 2>&1 || { cat .cache/init.log >&2; die "terraform init failed"; }
  "$terraform" apply -input=false -auto-approve -var-file=vars/databricks.tfvars || applied=$?
  if [ -f terraform.tfstate ]; then lineage >.cache/demo.lineage; fi
  [ "$applied" = 0 ] || die "terraform apply failed: run scripts/demo.sh again to go on, or scripts/demo.sh --down"

  say "Running uname over SSH on the cluster"
  tunnel connect -- uname -a

  say "Done. A shell on the cluster:   . .localcloud/env && tunnel connect"
  say "The end of it:                  scripts/demo.sh --down"
}

cd "$root"
# A state holds secrets, and so does its backup: they are readable by their owner alone.
umask 077
# The local cloud of this script is this repository's.
unset LOCALCLOUD_DIR
[ $# -le 1 ] || die "one option at most is taken (see --help)"
case ${1-} in
  "") up ;;
  --down) down ;;
  -h | --help) usage ;;
  *) die "unknown option $1 (see --help)" ;;
esac
