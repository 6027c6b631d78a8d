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
  description = "OAuth client id of the service principal that manages the workspace."
  value       = module.databricks_provisioning.service_principal_client_id
}

output "destroy" {
  description = "How the deployment is destroyed as it stands, with the data in its root bucket."
  value = join(" && ", concat(
    var.destroy_data_with_deployment ? [] : ["terraform apply -var-file=FILE -target=module.storage.databricks_aws_s3_bucket.root -var=destroy_data_with_deployment=true"],
    ["terraform destroy -var-file=FILE"],
  ))
}

output "token" {
  description = "A personal access token for the workspace, with store_tokens."
  value       = module.databricks_provisioning.token
  sensitive   = true
}

output "service_principal_client_secret" {
  description = "OAuth secret of the service principal, with store_tokens."
  value       = module.databricks_provisioning.service_principal_client_secret
  sensitive   = true
}
