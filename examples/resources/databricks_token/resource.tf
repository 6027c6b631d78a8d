resource "databricks_token" "example" {
  comment               = "nightly import"
  lifetime_seconds      = 7776000
  rotate_before_seconds = 604800
}
