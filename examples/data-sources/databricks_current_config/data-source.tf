data "databricks_current_config" "example" {
}
