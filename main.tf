data "databricks_current_config" "this" {}

data "databricks_aws_caller_identity" "this" {}

module "network" {
  source = "./modules/network"

  name               = var.name
  region             = var.region
  vpc_cidr           = var.vpc_cidr
  public_subnet_cidr = var.public_subnet_cidr
  private_subnets    = var.private_subnets
  awake              = var.network_awake
}

module "storage" {
  source = "./modules/storage"

  name                  = var.name
  aws_account_id        = data.databricks_aws_caller_identity.this.account_id
  databricks_account_id = data.databricks_current_config.this.account_id
  cluster_role_arn      = module.databricks_provisioning.cluster_role_arn
  force_destroy         = var.destroy_data_with_deployment
}

module "databricks_provisioning" {
  source = "./modules/databricks_provisioning"

  name                   = var.name
  region                 = var.region
  databricks_account_id  = data.databricks_current_config.this.account_id
  vpc_id                 = module.network.vpc_id
  subnet_ids             = module.network.private_subnet_ids
  security_group_ids     = [module.network.workspace_security_group_id]
  root_bucket            = module.storage.root_bucket
  encryption_key_arn     = module.storage.encryption_key_arn
  pricing_tier           = var.pricing_tier
  members                = var.workspace_members
  store_tokens           = var.store_tokens
  token_lifetime_seconds = var.token_lifetime_days * 24 * 60 * 60

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

  # Its provider instance is configured as soon as the workspace's address is known; the rest (permissions, the network
  # that clusters start in) must be there too.
  depends_on = [module.databricks_provisioning, module.network]

  providers = {
    databricks = databricks.workspace
  }
}
