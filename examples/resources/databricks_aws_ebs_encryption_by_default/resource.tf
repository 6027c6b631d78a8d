resource "databricks_aws_ebs_encryption_by_default" "example" {
  enabled = true
}
