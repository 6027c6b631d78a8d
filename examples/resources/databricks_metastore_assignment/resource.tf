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

resource "databricks_metastore" "example" {
  name   = "example"
  region = "eu-west-1"
}

resource "databricks_metastore_assignment" "example" {
  workspace_id = databricks_mws_workspaces.example.workspace_id
  metastore_id = databricks_metastore.example.metastore_id
}
