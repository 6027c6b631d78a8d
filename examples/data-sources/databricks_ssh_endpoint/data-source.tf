data "databricks_ssh_endpoint" "example" {
  name = "example"
}

output "ssh_endpoint" {
  value = data.databricks_ssh_endpoint.example.endpoint
}
