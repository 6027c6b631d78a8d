resource "databricks_service_principal" "example" {
  display_name             = "to be looked up"
  disable_as_user_deletion = false
}

data "databricks_service_principal" "example" {
  application_id = databricks_service_principal.example.application_id
}
