data "databricks_aws_availability_zones" "example" {}

output "zones" {
  value = slice(data.databricks_aws_availability_zones.example.names, 0, 2)
}
