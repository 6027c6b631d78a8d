data "databricks_current_config" "this" {}

data "databricks_aws_caller_identity" "this" {}

module "network" {
  source = "./modules/network"

  name           = var.name
  region         = var.region
  aws_account_id = data.databricks_aws_caller_identity.this.account_id
  awake          = var.network_awake
  keep_addresses = var.keep_addresses

  existing_network   = var.existing_network
  vpc_cidr           = var.vpc_cidr
  zone_count         = var.zone_count
  zones              = var.zones
  nodes              = var.nodes
  network_generation = var.network_generation
  nat_gateways       = var.nat_gateways

  vpc_endpoints         = var.vpc_endpoints
  restrict_endpoints    = var.restrict_endpoints
  root_buckets          = [module.storage.root_bucket]
  buckets               = concat(compact([module.storage.lake_bucket, module.storage.dbfs_bucket]), var.further_buckets)
  back_end_private_link = var.back_end_private_link

  flow_logs           = var.flow_logs
  flow_log_bucket_arn = coalesce(var.flow_log_bucket_arn, module.storage.logs_bucket_arn)
}

module "storage" {
  source = "./modules/storage"

  name                  = var.name
  aws_account_id        = data.databricks_aws_caller_identity.this.account_id
  databricks_account_id = data.databricks_current_config.this.account_id
  cluster_role_arn      = module.databricks_provisioning.cluster_role_arn
  force_destroy         = var.destroy_data_with_deployment

  data_lake               = var.data_lake
  lake_old_versions_days  = var.lake_old_versions_days
  incomplete_uploads_days = var.incomplete_uploads_days
  access_logs             = var.access_logs
  log_retention_days      = var.log_retention_days

  datalake_client_side_enc = var.datalake_client_side_enc
  dbfs_client_side_enc     = var.dbfs_client_side_enc
}

module "databricks_provisioning" {
  source = "./modules/databricks_provisioning"

  name                   = var.name
  region                 = var.region
  databricks_account_id  = data.databricks_current_config.this.account_id
  root_bucket            = module.storage.root_bucket
  encryption_key_arn     = module.storage.encryption_key_arn
  pricing_tier           = var.pricing_tier
  members                = var.workspace_members
  pass_roles             = module.storage.cluster_role_arns
  metastore_id           = var.metastore_id
  audit_logs             = var.audit_logs
  logs_bucket            = module.storage.logs_bucket
  store_tokens           = var.store_tokens
  token_lifetime_seconds = var.token_lifetime_days * 24 * 60 * 60

  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.private_subnet_ids
  security_group_ids        = module.network.security_group_ids
  back_end_private_link     = var.back_end_private_link
  private_link_endpoint_ids = module.network.private_link_endpoint_ids
  front_end_private_link    = var.front_end_private_link
  front_end_vpc_endpoints   = var.front_end_vpc_endpoints

  providers = {
    databricks           = databricks
    databricks.workspace = databricks.workspace
  }
}

module "databricks_management" {
  source = "./modules/databricks_management"

  name                    = var.name
  spark_version           = var.spark_version
  node_type_id            = var.node_type_id
  autotermination_minutes = var.autotermination_minutes
  cluster_user            = var.cluster_user
  cluster_group           = var.cluster_group
  ssh_clients             = var.ssh_clients
  ssh_max_clients         = var.ssh_max_clients

  workspace_id          = module.databricks_provisioning.workspace_id
  aws_account_id        = data.databricks_aws_caller_identity.this.account_id
  data_lake             = var.data_lake
  lake_bucket           = module.storage.lake_bucket
  lake_key_arn          = module.storage.lake_key_arn
  instance_profile_arns = module.storage.instance_profile_arns
  client_side           = module.storage.client_side
  metastore_id          = var.metastore_id

  # Its provider instance is configured as soon as the workspace's address is known; the rest (permissions, the network
  # that clusters start in) must be there too.
  depends_on = [module.databricks_provisioning, module.network]

  providers = {
    databricks         = databricks.workspace
    databricks.account = databricks
  }
}

module "cost" {
  source = "./modules/cost"

  region = var.region
  awake  = merge(module.network.hourly.awake, { kms_key = module.storage.keys })
  asleep = merge(module.network.hourly.asleep, { kms_key = module.storage.keys })
  prices = var.prices
}
