data "databricks_group" "users" {
  display_name = "users"
}

resource "databricks_entitlements" "example" {
  group_id             = data.databricks_group.users.id
  workspace_access     = true
  allow_cluster_create = true
}
