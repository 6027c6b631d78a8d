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

# The state of the demo is in the local cloud, as another one is in AWS.
place_of_the_state=vars/backend.localcloud.hcl

# refuse_foreign_state: a deployment of another account is not this script's to move or forget.
refuse_foreign_state() {
  local note=.terraform/terraform.tfstate
  ! grep -q '"instances"' terraform.tfstate 2>/dev/null ||
    die "terraform.tfstate here is of another deployment than the demo's: move it away, or use another clone"
  ! grep -q '"backend"' "$note" 2>/dev/null || is_initialized ||
    die "this folder keeps the state of another deployment than the demo's, as $note says: use another clone"
}

# is_initialized: whether this folder has the demo's backend.
is_initialized() {
  grep -q '"bucket": "localcloud-terraform-states"' .terraform/terraform.tfstate 2>/dev/null
}

down() {
  local terraform
  refuse_foreign_state
  if [ -f .localcloud/env ] && target/release/localcloud status >/dev/null 2>&1; then
    # shellcheck disable=SC1091
    source .localcloud/env
    terraform=$(terraform_program)
    if is_initialized && [ -n "$("$terraform" state list 2>/dev/null)" ]; then
      say "Destroying the deployment, with its logs"
      "$terraform" apply -input=false -auto-approve -var-file=vars/databricks.tfvars -target=module.storage -var=destroy_data_with_deployment=true
      "$terraform" destroy -input=false -auto-approve -var-file=vars/databricks.tfvars
    fi
  fi
  say "Stopping the local cloud, with the state in it"
  if [ -x target/release/localcloud ]; then target/release/localcloud down; fi
  if is_initialized; then rm .terraform/terraform.tfstate; fi
}

up() {
  local terraform
  refuse_foreign_state
  ensure_tools
  terraform=$(terraform_program)

  say "Building (the first time takes minutes, most of them for the AWS SDK)"
  cargo build --release --locked

  say "Starting the local cloud"
  target/release/localcloud up --detach
  # shellcheck disable=SC1091
  source .localcloud/env

  say "Making the bucket of the state"
  # The provider was built here, so its checksum changes with each build: the lock file is written anew.
  rm -f .terraform.lock.hcl
  scripts/bootstrap_state.sh -auto-approve "$place_of_the_state"

  say "Applying the root module"
  "$terraform" apply -input=false -auto-approve -var-file=vars/databricks.tfvars ||
    die "terraform apply failed: run scripts/demo.sh again to go on, or scripts/demo.sh --down"

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
