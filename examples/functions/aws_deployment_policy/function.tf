output "example" {
  value = provider::databricks::aws_deployment_policy("lakehouse", "123456789012", {
    state_bucket = "acme-terraform-states"
  })
}
