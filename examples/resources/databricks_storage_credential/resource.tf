resource "databricks_storage_credential" "example" {
  name    = "example"
  comment = "An example"

  aws_iam_role {
    role_arn = "arn:aws:iam::123456789012:role/data"
  }
}
