# The token block of most tutorials: a token of the new workspace configures the provider for what is in it.

resource "databricks_mws_credentials" "this" {
  credentials_name = "workspace-token-creds"
  role_arn         = "arn:aws:iam::123456789012:role/workspace-token"
}

resource "databricks_mws_storage_configurations" "this" {
  storage_configuration_name = "workspace-token-storage"
  bucket_name                = "workspace-token-root"
}

resource "databricks_mws_workspaces" "this" {
  workspace_name = "token-workspace"
  aws_region     = "eu-west-1"

  credentials_id           = databricks_mws_credentials.this.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.this.storage_configuration_id

  token {
    comment = "Terraform"
  }
}

provider "databricks" {
  alias = "workspace"
  host  = databricks_mws_workspaces.this.workspace_url
  token = databricks_mws_workspaces.this.token[0].token_value
}

resource "databricks_token" "pat" {
  provider = databricks.workspace

  comment          = "nightly"
  lifetime_seconds = 8640000
}

data "databricks_current_user" "me" {
  provider   = databricks.workspace
  depends_on = [databricks_mws_workspaces.this]
}

output "databricks_token" {
  value     = databricks_mws_workspaces.this.token[0].token_value
  sensitive = true
}
