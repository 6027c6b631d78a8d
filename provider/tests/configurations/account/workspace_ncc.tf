# A network connectivity configuration with a private endpoint rule, bound to a workspace by its own resource.

resource "databricks_mws_credentials" "this" {
  credentials_name = "workspace-ncc-creds"
  role_arn         = "arn:aws:iam::123456789012:role/workspace-ncc"
}

resource "databricks_mws_storage_configurations" "this" {
  storage_configuration_name = "workspace-ncc-storage"
  bucket_name                = "workspace-ncc-root"
}

resource "databricks_mws_workspaces" "this" {
  workspace_name           = "ncc-workspace"
  aws_region               = "eu-west-1"
  credentials_id           = databricks_mws_credentials.this.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.this.storage_configuration_id
}

resource "databricks_mws_network_connectivity_config" "this" {
  name   = "ncc-for-eu-west-1"
  region = "eu-west-1"
}

resource "databricks_mws_ncc_binding" "this" {
  network_connectivity_config_id = databricks_mws_network_connectivity_config.this.network_connectivity_config_id
  workspace_id                   = databricks_mws_workspaces.this.workspace_id
}

resource "databricks_mws_ncc_private_endpoint_rule" "bucket" {
  network_connectivity_config_id = databricks_mws_network_connectivity_config.this.network_connectivity_config_id
  endpoint_service               = "com.amazonaws.eu-west-1.s3"
  resource_names                 = ["ncc-data-bucket"]
}
