resource "databricks_catalog" "example" {
  name = "example_of_files"
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
}

resource "databricks_file" "example" {
  path           = "${databricks_volume.example.volume_path}/settings/example.json"
  content_base64 = base64encode(jsonencode({ purpose = "demo" }))
}
