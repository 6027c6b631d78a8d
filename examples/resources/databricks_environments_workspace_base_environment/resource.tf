resource "databricks_catalog" "example" {
  name = "example_of_environments"
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
  path = "${databricks_volume.example.volume_path}/environment.yaml"
  content_base64 = base64encode(yamlencode({
    environment_version = "4"
    dependencies        = ["numpy"]
  }))
}

resource "databricks_environments_workspace_base_environment" "example" {
  display_name = "Example"
  filepath     = databricks_file.example.path
}
