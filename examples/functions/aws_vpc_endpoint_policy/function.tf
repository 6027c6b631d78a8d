output "example" {
  value = provider::databricks::aws_vpc_endpoint_policy("s3", "123456789012", "eu-west-1", {
    root_buckets = ["acme-root"]
    buckets      = ["acme-lake"]
  })
}
