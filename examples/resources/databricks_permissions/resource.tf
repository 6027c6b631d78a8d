resource "databricks_sql_endpoint" "example" {
  name         = "example of permissions"
  cluster_size = "2X-Small"
}

resource "databricks_permissions" "example" {
  sql_endpoint_id = databricks_sql_endpoint.example.id

  access_control {
    group_name       = "users"
    permission_level = "CAN_USE"
  }
}
