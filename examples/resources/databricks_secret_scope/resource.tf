resource "databricks_secret_scope" "example" {
  name = "example"
}
