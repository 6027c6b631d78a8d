# A workspace in Databricks' own network, with what later resources need as outputs.

resource "databricks_mws_credentials" "this" {
  credentials_name = "workspace-plain-creds"
  role_arn         = "arn:aws:iam::123456789012:role/workspace-plain"
}

resource "databricks_mws_storage_configurations" "this" {
  storage_configuration_name = "workspace-plain-storage"
  bucket_name                = "workspace-plain-root"
}

resource "databricks_mws_workspaces" "this" {
  workspace_name = "plain-workspace"
  aws_region     = "eu-west-1"

  credentials_id           = databricks_mws_credentials.this.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.this.storage_configuration_id
}

output "host" {
  value = databricks_mws_workspaces.this.workspace_url
}

output "id" {
  value = databricks_mws_workspaces.this.workspace_id
}
