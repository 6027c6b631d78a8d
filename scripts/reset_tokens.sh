#!/usr/bin/env bash
# Replaces the deployment's tokens, through the provisioning module alone.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/reset_tokens.sh [-auto-approve] [vars/databricks.tfvars]

Replaces the personal access token and the service principal's secret, and touches nothing else: the management module,
whose providers log in with them, is neither planned nor refreshed, so it does not matter that the old ones have expired.
Shows the plan and asks, unless -auto-approve is given.
TEXT
}

variables_file "$@"
tokens=(
  module.databricks_provisioning.databricks_token.management
  module.databricks_provisioning.databricks_service_principal_secret.management
)
say "Replacing the tokens of $var_file"
apply_only '^module\.databricks_provisioning\.databricks_(token|service_principal_secret)\.' \
  "${tokens[@]/#/-target=}" "${tokens[@]/#/-replace=}"
