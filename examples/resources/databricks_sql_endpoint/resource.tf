resource "databricks_sql_endpoint" "example" {
  name           = "example"
  cluster_size   = "2X-Small"
  auto_stop_mins = 10

  tags {
    custom_tags {
      key   = "team"
      value = "data"
    }
  }
}
