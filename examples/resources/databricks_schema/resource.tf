resource "databricks_catalog" "example" {
  name = "example_of_schemas"
}

resource "databricks_schema" "example" {
  catalog_name = databricks_catalog.example.name
  name         = "example"
  comment      = "An example"
}
