data "databricks_current_user" "example" {
}
