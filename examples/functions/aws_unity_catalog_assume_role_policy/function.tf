output "example" {
  value = provider::databricks::aws_unity_catalog_assume_role_policy(
    "123456789012",
    "acme-catalog",
    "0d26daa6-5e44-4c97-a497-ef015f91254a",
  )
}
