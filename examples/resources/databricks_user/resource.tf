resource "databricks_user" "example" {
  user_name                = "ada@example.com"
  display_name             = "Ada"
  force                    = true
  disable_as_user_deletion = false
}
