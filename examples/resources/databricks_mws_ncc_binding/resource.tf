resource "databricks_mws_credentials" "example" {
  credentials_name = "example"
  role_arn         = "arn:aws:iam::123456789012:role/databricks"
}

resource "databricks_mws_storage_configurations" "example" {
  storage_configuration_name = "example"
  bucket_name                = "example-root-bucket"
}

resource "databricks_mws_workspaces" "example" {
  workspace_name           = "example"
  aws_region               = "eu-west-1"
  credentials_id           = databricks_mws_credentials.example.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.example.storage_configuration_id
}

resource "databricks_mws_network_connectivity_config" "first" {
  name   = "first"
  region = "eu-west-1"
}

resource "databricks_mws_network_connectivity_config" "second" {
  name   = "second"
  region = "eu-west-1"
}

resource "databricks_mws_ncc_binding" "example" {
  workspace_id                   = databricks_mws_workspaces.example.workspace_id
  network_connectivity_config_id = databricks_mws_network_connectivity_config.first.network_connectivity_config_id
}
