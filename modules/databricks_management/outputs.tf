output "cluster_id" {
  description = "The cluster."
  value       = databricks_cluster.this.id
}

output "ssh_endpoint" {
  description = "What `tunnel connect` needs."
  value       = databricks_ssh_endpoint.this.endpoint
}
