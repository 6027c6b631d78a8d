resource "databricks_catalog" "example" {
  name = "example_of_a_grant"
}

resource "databricks_grant" "example" {
  catalog    = databricks_catalog.example.name
  principal  = "data-engineers"
  privileges = ["USE_CATALOG", "CREATE_SCHEMA"]
}
