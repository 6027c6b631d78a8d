# Optional settings that arrive as empty texts from a module's defaults.

resource "databricks_mws_credentials" "this" {
  credentials_name = "workspace-empty-texts-creds"
  role_arn         = "arn:aws:iam::123456789012:role/workspace-empty-texts"
}

resource "databricks_mws_storage_configurations" "this" {
  storage_configuration_name = "workspace-empty-texts-storage"
  bucket_name                = "workspace-empty-texts-root"
}

variable "network_id" {
  default = ""
}

variable "managed_key_id" {
  default = ""
}

resource "databricks_mws_workspaces" "this" {
  workspace_name           = "empty-texts"
  aws_region               = "eu-west-1"
  credentials_id           = databricks_mws_credentials.this.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.this.storage_configuration_id
  network_id               = var.network_id

  managed_services_customer_managed_key_id = var.managed_key_id
  storage_customer_managed_key_id          = ""
  custom_tags                              = {}
}
