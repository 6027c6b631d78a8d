#!/usr/bin/env bash
# Replaces the deployment's tokens, through the provisioning module alone.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/reset_tokens.sh [-auto-approve] [vars/databricks.tfvars]

Replaces the personal access token and the service principal's secret that a deployment with store_tokens hands on, and
touches nothing else. It does not matter whether the old ones have expired: Terraform itself signs in without them.
Programs that use the old ones need the new ones:

  terraform output -raw token
  terraform output -raw service_principal_client_secret

The old ones end before the new ones are issued. If the script is cut off between the two, run it again.

It does not change who the service principal is and what it may do, the credentials with which Terraform itself signs in, tokens
that somebody issued by hand, and the keys of the SSH endpoint (rotate_host_key and `tunnel keys` are for these).

Shows the plan and asks, unless -auto-approve is given.
TEXT
}

variables_file "$@"
tokens=(
  'module.databricks_provisioning.databricks_token.management[0]'
  'module.databricks_provisioning.databricks_service_principal_secret.management[0]'
)
say "Replacing the tokens of $var_file"
apply_only '^module\.databricks_provisioning\.databricks_(token|service_principal_secret)\.' \
  "store_tokens is not set in ${var_file#"$root/"}, so that the deployment hands on no tokens" \
  "${tokens[@]/#/-target=}" "${tokens[@]/#/-replace=}"
say "Done. The new token: terraform output -raw token. The new secret: terraform output -raw service_principal_client_secret"
