#!/usr/bin/env bash
# Brings back what sleeping removed from the network.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/wake_network_infrastructure.sh [-auto-approve] [vars/databricks.tfvars]

Brings back the NAT gateways and the endpoints that scripts/sleep_network_infrastructure.sh removed, and changes nothing else. A plain
apply does it too. Clusters and SQL warehouses that were stopped are started by whoever uses them.

Shows the plan and asks, unless -auto-approve is given.
TEXT
}

variables_file "$@"
say "Waking the network of $var_file"
apply_only "$sleeping_parts" "the network is awake already" -target=module.network -var=network_awake=true
say "Awake"
