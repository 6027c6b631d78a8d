resource "databricks_mws_credentials" "example" {
  credentials_name = "logs"
  role_arn         = "arn:aws:iam::123456789012:role/logs"
}

resource "databricks_mws_storage_configurations" "example" {
  storage_configuration_name = "logs"
  bucket_name                = "example-logs"
}

resource "databricks_mws_log_delivery" "example" {
  config_name              = "audit logs"
  log_type                 = "AUDIT_LOGS"
  output_format            = "JSON"
  credentials_id           = databricks_mws_credentials.example.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.example.storage_configuration_id
  delivery_path_prefix     = "audit"
}
