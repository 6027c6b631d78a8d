# The account's objects, the workspace, and the identities and tokens with which it is managed.

# Databricks assumes this role to start and stop clusters in the account.
resource "databricks_aws_iam_role" "cross_account" {
  name               = "${var.name}-databricks"
  description        = "Databricks manages the clusters of ${var.name} with it"
  assume_role_policy = provider::databricks::aws_assume_role_policy(var.databricks_account_id)

  inline_policy {
    name   = "databricks"
    policy = provider::databricks::aws_crossaccount_policy("customer", { pass_roles = var.pass_roles })
  }
}

resource "databricks_mws_credentials" "this" {
  credentials_name = var.name
  role_arn         = databricks_aws_iam_role.cross_account.arn
}

resource "databricks_mws_storage_configurations" "this" {
  storage_configuration_name = var.name
  bucket_name                = var.root_bucket
}

resource "databricks_mws_customer_managed_keys" "this" {
  use_cases = ["MANAGED_SERVICES", "STORAGE"]

  aws_key_info {
    key_arn                       = var.encryption_key_arn
    reuse_key_for_cluster_volumes = true
  }
}

resource "databricks_mws_workspaces" "this" {
  workspace_name = var.name
  aws_region     = var.region
  pricing_tier   = var.pricing_tier

  credentials_id                           = databricks_mws_credentials.this.credentials_id
  storage_configuration_id                 = databricks_mws_storage_configurations.this.storage_configuration_id
  network_id                               = databricks_mws_networks.this.network_id
  private_access_settings_id               = one(databricks_mws_private_access_settings.this[*].private_access_settings_id)
  managed_services_customer_managed_key_id = databricks_mws_customer_managed_keys.this.customer_managed_key_id
  storage_customer_managed_key_id          = databricks_mws_customer_managed_keys.this.customer_managed_key_id
}

resource "databricks_metastore_assignment" "this" {
  count = var.metastore_id == null ? 0 : 1

  workspace_id = databricks_mws_workspaces.this.workspace_id
  metastore_id = var.metastore_id
}
