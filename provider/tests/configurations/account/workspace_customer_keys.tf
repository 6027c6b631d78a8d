# One key for managed services, one for storage, and a workspace with both.

resource "databricks_mws_credentials" "this" {
  credentials_name = "workspace-customer-keys-creds"
  role_arn         = "arn:aws:iam::123456789012:role/workspace-customer-keys"
}

resource "databricks_mws_storage_configurations" "this" {
  storage_configuration_name = "workspace-customer-keys-storage"
  bucket_name                = "workspace-customer-keys-root"
}

resource "databricks_aws_kms_key" "this" {
  for_each = toset(["managed", "storage"])

  description             = "Databricks ${each.key}"
  deletion_window_in_days = 7
  enable_key_rotation     = true
}

resource "databricks_mws_customer_managed_keys" "managed" {
  aws_key_info {
    key_arn   = databricks_aws_kms_key.this["managed"].arn
    key_alias = "alias/managed"
  }
  use_cases = ["MANAGED_SERVICES"]
}

resource "databricks_mws_customer_managed_keys" "storage" {
  aws_key_info {
    key_arn                       = databricks_aws_kms_key.this["storage"].arn
    reuse_key_for_cluster_volumes = true
  }
  use_cases = ["STORAGE"]
}

resource "databricks_mws_workspaces" "this" {
  workspace_name = "customer-keys"
  aws_region     = "eu-west-1"
  pricing_tier   = "ENTERPRISE"

  credentials_id                           = databricks_mws_credentials.this.credentials_id
  storage_configuration_id                 = databricks_mws_storage_configurations.this.storage_configuration_id
  managed_services_customer_managed_key_id = databricks_mws_customer_managed_keys.managed.customer_managed_key_id
  storage_customer_managed_key_id          = databricks_mws_customer_managed_keys.storage.customer_managed_key_id
}

output "key_arn" {
  value = databricks_mws_customer_managed_keys.storage.aws_key_info[0].key_arn
}

output "first_use_case" {
  value = databricks_mws_customer_managed_keys.storage.use_cases[0]
}
