resource "databricks_user" "example" {
  user_name                = "looked-up@example.com"
  disable_as_user_deletion = false
}

data "databricks_user" "example" {
  user_name = databricks_user.example.user_name
}
