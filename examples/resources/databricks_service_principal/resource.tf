resource "databricks_service_principal" "example" {
  display_name             = "example"
  disable_as_user_deletion = false
}
