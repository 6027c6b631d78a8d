resource "databricks_environments_workspace_base_environment" "example" {
  display_name                  = "Example of a default"
  workspace_base_environment_id = "example-default"
}

resource "databricks_environments_workspace_base_environment" "another" {
  display_name                  = "Another example of a default"
  workspace_base_environment_id = "another-default"
}

resource "databricks_environments_default_workspace_base_environment" "example" {
  cpu_workspace_base_environment = databricks_environments_workspace_base_environment.example.name
}
