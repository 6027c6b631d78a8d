# Every choice of the deployment. No secret and no endpoint: these come from the environment.

name   = "lakehouse"
region = "eu-west-1"

tags = {
  project = "lakehouse"
}

vpc_cidr           = "10.4.0.0/16"
public_subnet_cidr = "10.4.0.0/24"
private_subnets = {
  "eu-west-1a" = "10.4.16.0/20"
  "eu-west-1b" = "10.4.32.0/20"
}

token_lifetime_days = 90

# The provider uploads the `tunnel` for the node's processors: m5d.large is x86_64, and m6gd.large aarch64, for which
# scripts/build_tunnel.sh aarch64 builds one.
spark_version           = "17.3.x-scala2.13"
node_type_id            = "m5d.large"
autotermination_minutes = 60

# Whose cluster it is, where it is not the deployment's own: one user's, or one group's. Both are in the workspace first.
# workspace_members = ["1234567890123"]
# cluster_group     = "engineers"

# The data lake, and what is kept how long in its bucket and in that of the logs.
# data_lake               = true
# metastore_id            = "0d26daa6-5e44-4c97-a497-ef015f91254a"
# datalake_client_side_enc = false
# dbfs_client_side_enc     = false
# lake_old_versions_days  = 30
# incomplete_uploads_days = 7
# access_logs             = true
# audit_logs              = false
# log_retention_days      = 365

# Set at once: destroy_data_with_deployment with the step of the README, network_awake by the scripts.
# destroy_data_with_deployment = false
# network_awake                = true

# pricing_tier    = "ENTERPRISE"
# store_tokens    = false
# cluster_user    = "ada@example.com"
# ssh_clients     = ["ssh-ed25519 AAAA… ada"]
# ssh_max_clients = 10
