output "example" {
  value = provider::databricks::aws_kms_storage_policy(
    "123456789012",
    "0d26daa6-5e44-4c97-a497-ef015f91254a",
    "arn:aws:iam::123456789012:role/databricks",
    { managed_services = true },
  )
}
