resource "databricks_catalog" "example" {
  name = "example_of_volumes"
}

resource "databricks_schema" "example" {
  catalog_name = databricks_catalog.example.name
  name         = "example"
}

resource "databricks_volume" "example" {
  catalog_name = databricks_catalog.example.name
  schema_name  = databricks_schema.example.name
  name         = "files"
  volume_type  = "MANAGED"
  comment      = "An example"
}
