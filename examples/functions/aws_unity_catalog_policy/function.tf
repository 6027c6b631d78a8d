output "example" {
  value = provider::databricks::aws_unity_catalog_policy("123456789012", "acme-data", "acme-catalog")
}
