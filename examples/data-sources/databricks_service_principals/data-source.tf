data "databricks_service_principals" "example" {
  display_name_contains = "pipeline"
}
