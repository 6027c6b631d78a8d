output "example" {
  value = provider::databricks::aws_bucket_policy("acme-root", "0d26daa6-5e44-4c97-a497-ef015f91254a")
}
