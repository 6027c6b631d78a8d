resource "databricks_sql_endpoint" "example" {
  name           = "example statements"
  cluster_size   = "2X-Small"
  auto_stop_mins = 10
}

resource "databricks_sql_statement" "example" {
  warehouse_id      = databricks_sql_endpoint.example.id
  statement         = "CREATE CATALOG terraform_example COMMENT 'An example'"
  destroy_statement = "DROP CATALOG terraform_example CASCADE"
}
