resource "databricks_group" "example" {
  display_name = "to be looked up"
}

data "databricks_group" "example" {
  display_name = databricks_group.example.display_name
}
