output "workspace_url" {
  description = "The workspace's address."
  value       = module.databricks_provisioning.workspace_url
}

output "workspace_id" {
  description = "The workspace's id."
  value       = module.databricks_provisioning.workspace_id
}

output "cluster_id" {
  description = "The cluster's id."
  value       = module.databricks_management.cluster_id
}

output "ssh_endpoint" {
  description = "What `tunnel connect` needs to reach the cluster, and to trust it. Holds no secret."
  value       = module.databricks_management.ssh_endpoint
}

output "service_principal" {
  description = "The service principal that manages the workspace."
  value       = module.databricks_management.service_principal
}
