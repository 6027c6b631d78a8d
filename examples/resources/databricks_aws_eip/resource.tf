resource "databricks_aws_eip" "example" {
  tags = { Name = "analytics-nat" }
}
