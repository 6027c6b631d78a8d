resource "databricks_group" "example" {
  display_name = "group of a member"
}

resource "databricks_service_principal" "example" {
  display_name             = "member of a group"
  disable_as_user_deletion = false
}

resource "databricks_group_member" "example" {
  group_id  = databricks_group.example.id
  member_id = databricks_service_principal.example.id
}
