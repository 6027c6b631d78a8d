output "example" {
  value = provider::databricks::aws_privatelink_services("eu-west-1").workspace
}
