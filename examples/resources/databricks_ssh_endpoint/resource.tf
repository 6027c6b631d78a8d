resource "databricks_service_principal" "training" {
  display_name = "training"
}

resource "databricks_cluster" "example" {
  cluster_name       = "ssh"
  spark_version      = "17.3.x-scala2.13"
  node_type_id       = "m5d.large"
  kind               = "CLASSIC_PREVIEW"
  is_single_node     = true
  data_security_mode = "SINGLE_USER"
  single_user_name   = databricks_service_principal.training.application_id
}

resource "databricks_ssh_endpoint" "example" {
  name               = "example"
  cluster_id         = databricks_cluster.example.id
  users              = [databricks_service_principal.training.application_id]
  client_public_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxQm3nGkzhkSqmBPXlhPF1TiLmCqTvnGPpbdbVXUNnd ada@example.com"]
  max_clients        = 10
}

output "ssh_endpoint" {
  value = databricks_ssh_endpoint.example.endpoint
}
