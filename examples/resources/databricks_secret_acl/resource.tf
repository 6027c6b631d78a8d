resource "databricks_service_principal" "example" {
  display_name = "example reader"
}

resource "databricks_secret_scope" "example" {
  name = "example-acl"
}

resource "databricks_secret_acl" "example" {
  scope      = databricks_secret_scope.example.name
  principal  = databricks_service_principal.example.application_id
  permission = "READ"
}
