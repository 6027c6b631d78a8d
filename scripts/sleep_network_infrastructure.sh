#!/usr/bin/env bash
# Removes what the network costs by the hour, until it is woken.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/sleep_network_infrastructure.sh [-auto-approve] [-stop-compute] [vars/databricks.tfvars]

Removes the NAT gateways and the endpoints to STS and Kinesis, and says what that saves. Clusters cannot start meanwhile, and running
ones lose their connection: they are named first, and with -stop-compute clusters are terminated and SQL warehouses stopped.

Everything comes back, and just that:

  scripts/wake_network_infrastructure.sh vars/databricks.tfvars

So does a plain apply. These stay, and go on costing: the NAT gateways' addresses, which allow lists elsewhere may name
(keep_addresses = false lets them go), PrivateLink's endpoints, which would lose their registration, keys, what lies in buckets,
compute that runs, and whatever else the workspace's users have made.

Shows the plan and asks, unless -auto-approve is given.
TEXT
}

# name_what_runs: warns about clusters and warehouses, and stops them where that was asked for.
name_what_runs() {
  local running kind id name
  if ! running=$(running_compute); then
    [ -z "$stop_compute" ] || die "what runs in the workspace cannot be known: nothing was changed"
    say "What runs in the workspace is not known: clusters that run lose their connection"
    return
  fi
  while read -r kind id name; do
    [ -n "$kind" ] || continue
    if [ -z "$stop_compute" ]; then
      say "The $kind $id runs and goes on costing (-stop-compute stops it): $name"
    else
      say "Stopping the $kind $id: $name"
      if [ "$kind" = cluster ]; then
        tunnel cluster terminate "$id" --host "$(output workspace_url)" --wait </dev/null
      else
        tunnel warehouse stop "$id" --host "$(output workspace_url)" --wait </dev/null
      fi || die "the $kind $id could not be stopped: the network is as it was"
    fi
  done <<<"$running"
}

stop_compute=
arguments=()
for argument; do
  case $argument in
    -stop-compute | --stop-compute) stop_compute=yes ;;
    *) arguments+=("$argument") ;;
  esac
done
variables_file "${arguments[@]}"
say "Putting the network of $var_file to sleep"
before_applying() {
  local saved
  saved=$(output saved_asleep)
  [ -z "$saved" ] || say "Asleep it saves about $saved"
  name_what_runs
}
apply_only "$sleeping_parts" "the network sleeps already" -target=module.network -var=network_awake=false
say "Asleep. To wake it: scripts/wake_network_infrastructure.sh ${var_file#"$root/"}"
