#!/usr/bin/env bash
# Removes what the network costs by the hour, until the next plain apply.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/sleep_network_infrastructure.sh [-auto-approve] [vars/databricks.tfvars]

Removes the NAT gateways and the endpoints to STS and Kinesis. Clusters cannot start meanwhile, and running ones lose
their connection: stop them first. A plain apply brings everything back:

  terraform apply -var-file=vars/databricks.tfvars

It does not stop clusters, and these go on costing: the NAT gateways' addresses, which stay the same for allow lists elsewhere
(keep_addresses = false lets them go), PrivateLink's endpoints, which would lose their registration, a running cluster's instances and DBUs, the KMS key, what lies in the root bucket,
serverless compute, and whatever else the workspace's users have made.

Shows the plan and asks, unless -auto-approve is given.
TEXT
}

variables_file "$@"
say "Putting the network of $var_file to sleep"
apply_only '^module\.network\.databricks_aws_(nat_gateway\.this|eip\.nat|route\.nat|vpc_endpoint\.interface)\[' \
  "the network sleeps already" \
  -target=module.network -var=network_awake=false
say "Asleep. To wake it: terraform apply -var-file=${var_file#"$root/"}"
