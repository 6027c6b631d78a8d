resource "databricks_metastore" "example" {
  name         = "example"
  region       = "eu-west-1"
  storage_root = "s3://example-metastore/root"
}
