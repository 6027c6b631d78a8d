resource "databricks_connection" "example" {
  name            = "example"
  connection_type = "POSTGRESQL"
  comment         = "An example"
  options = {
    host = "db.example.com"
    port = "5432"
  }
  options_wo = {
    user     = "reader"
    password = "not-a-real-password"
  }
  options_wo_version = 1
}
