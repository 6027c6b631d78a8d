output "cluster_id" {
  description = "The cluster."
  value       = databricks_cluster.this.id
}

output "ssh_endpoint" {
  description = "What `tunnel connect` needs."
  value       = databricks_ssh_endpoint.this.endpoint
}

output "external_location" {
  description = "External location of the data lake; null without one."
  value       = one(databricks_external_location.lake[*].name)
}

output "client_side_cluster_id" {
  description = "The cluster that encrypts what it writes; null without one."
  value       = one(databricks_cluster.client_side[*].id)
}
