resource "databricks_catalog" "example" {
  name    = "example"
  comment = "An example"
  properties = {
    purpose = "demo"
  }
}
