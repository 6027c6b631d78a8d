ephemeral "databricks_sql_statement" "example" {
  warehouse_id = databricks_sql_endpoint.example.id
  statement    = "SELECT 'not a real one' AS password"
}

resource "databricks_sql_endpoint" "example" {
  name           = "example secrets"
  cluster_size   = "2X-Small"
  auto_stop_mins = 10
}
