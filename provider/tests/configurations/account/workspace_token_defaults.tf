# A token block with nothing in it.

resource "databricks_mws_credentials" "this" {
  credentials_name = "workspace-token-defaults-creds"
  role_arn         = "arn:aws:iam::123456789012:role/workspace-token-defaults"
}

resource "databricks_mws_storage_configurations" "this" {
  storage_configuration_name = "workspace-token-defaults-storage"
  bucket_name                = "workspace-token-defaults-root"
}

resource "databricks_mws_workspaces" "this" {
  workspace_name           = "token-defaults"
  aws_region               = "eu-west-1"
  credentials_id           = databricks_mws_credentials.this.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.this.storage_configuration_id

  token {}
}
