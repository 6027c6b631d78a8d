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

output "encryption" {
  description = "Where data rests: the place, the key and its ARN, who may use it, which variable decides, what an auditor checks."
  value       = module.storage.encryption
}

output "lake_bucket" {
  description = "Name of the data lake's bucket; null without data_lake."
  value       = module.storage.lake_bucket
}

output "instance_profile_arns" {
  description = "Instance profiles with which clusters reach data: lake for what S3 encrypts, client-side for what clusters encrypt themselves."
  value       = module.storage.instance_profile_arns
}

output "client_side_cluster_id" {
  description = "The cluster that encrypts what it writes, with datalake_client_side_enc or dbfs_client_side_enc."
  value       = module.databricks_management.client_side_cluster_id
}

output "dbfs_bucket" {
  description = "Name of the bucket for /mnt; null without dbfs_client_side_enc."
  value       = module.storage.dbfs_bucket
}

output "external_location" {
  description = "External location of the data lake; null without data_lake or metastore_id."
  value       = module.databricks_management.external_location
}

output "logs_bucket" {
  description = "Name of the bucket of access logs and flow logs."
  value       = module.storage.logs_bucket
}

output "network_addresses" {
  description = "Public addresses from which clusters reach the internet, for allow lists elsewhere."
  value       = module.network.addresses
}

output "destroy" {
  description = "How the deployment is destroyed as it stands, with the data in its buckets."
  value = join(" && ", concat(
    var.destroy_data_with_deployment ? [] : ["terraform apply -var-file=FILE -target=module.storage -var=destroy_data_with_deployment=true"],
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

output "cost" {
  description = "What the deployment costs in USD while nobody uses it, an hour and a month, awake and asleep: an estimate, by the prices of as_of."
  value       = module.cost.cost
}

output "saved_asleep" {
  description = "What sleeping saves."
  value       = module.cost.saved_asleep
}
