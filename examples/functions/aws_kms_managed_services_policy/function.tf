output "example" {
  value = provider::databricks::aws_kms_managed_services_policy(
    "123456789012",
    "0d26daa6-5e44-4c97-a497-ef015f91254a",
  )
}
