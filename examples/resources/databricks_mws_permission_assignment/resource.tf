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

resource "databricks_service_principal" "example" {
  display_name = "example"
}

resource "databricks_mws_permission_assignment" "example" {
  workspace_id = databricks_mws_workspaces.example.workspace_id
  principal_id = databricks_service_principal.example.id
  permissions  = ["USER"]
}
