resource "databricks_aws_kms_key" "example" {
  description             = "Databricks: root bucket and volumes"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  tags = { Name = "analytics" }
}
