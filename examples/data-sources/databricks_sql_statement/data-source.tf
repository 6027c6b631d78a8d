resource "databricks_sql_endpoint" "example" {
  name           = "example rows"
  cluster_size   = "2X-Small"
  auto_stop_mins = 10
}

data "databricks_sql_statement" "example" {
  warehouse_id = databricks_sql_endpoint.example.id
  statement    = "SELECT id, id * :factor AS product FROM range(3)"

  parameters {
    name  = "factor"
    value = "2"
    type  = "INT"
  }
}

output "products" {
  value = data.databricks_sql_statement.example.rows[*].product
}
