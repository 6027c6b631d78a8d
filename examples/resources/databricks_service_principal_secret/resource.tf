resource "databricks_service_principal" "example" {
  display_name             = "example"
  disable_as_user_deletion = false
}

resource "databricks_service_principal_secret" "example" {
  service_principal_id  = databricks_service_principal.example.id
  lifetime              = "7776000s"
  rotate_before_seconds = 604800
}
