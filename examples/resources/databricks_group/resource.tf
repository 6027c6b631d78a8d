resource "databricks_group" "example" {
  display_name = "data engineers"
}
