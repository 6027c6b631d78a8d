# Every choice of the deployment. No secret and no endpoint: these come from the environment.

name   = "lakehouse"
region = "eu-west-1"

tags = {
  project = "lakehouse"
}

# The network: a range, /16 to /23, that is cut by itself.
vpc_cidr = "10.4.0.0/16"
# zone_count         = 2      # the region's first zones
# zones              = ["eu-west-1a", "eu-west-1b"] # or by name
# nodes              = 500    # that shall fit into a zone: a plan with too small subnets fails
# network_generation = 1      # one more when other zones take the place of those of a living workspace
# nat_gateways       = "one"  # or per_zone, or none: no internet at all
# keep_addresses     = true   # the NAT gateways' addresses, asleep: 0.005 USD an hour each
# A network that is there already, in place of vpc_cidr:
# existing_network = { vpc_id = "vpc-…", private_subnet_ids = ["subnet-…", "subnet-…"], route_table_ids = ["rtb-…"] }

# Private, each by its own switch.
# vpc_endpoints           = true  # to S3, STS and Kinesis
# restrict_endpoints      = false # these reach the deployment's buckets and Databricks' alone
# further_buckets         = []    # and these
# back_end_private_link   = false # from clusters to Databricks
# front_end_private_link  = false # from people to the workspace, without public access
# front_end_vpc_endpoints = { office = "vpce-0123456789abcdef0" } # theirs, and no others
# flow_logs               = false # who talked to whom, into the logs bucket
# flow_log_bucket_arn     = "arn:aws:s3:::acme-logs/lakehouse" # or into this one

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

# USD an hour, where AWS's list prices are not yours.
# prices = { nat_gateway = 0.045 }
