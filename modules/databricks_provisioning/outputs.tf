output "cluster_role_arn" {
  description = "The cross-account role."
  value       = databricks_aws_iam_role.cross_account.arn
}

output "workspace_url" {
  description = "The workspace's address."
  value       = databricks_mws_workspaces.this.workspace_url
}

output "workspace_id" {
  description = "The workspace's id."
  value       = databricks_mws_workspaces.this.workspace_id
}

output "token" {
  description = "A personal access token for the workspace; null without store_tokens."
  value       = one(databricks_token.management[*].token_value)
  sensitive   = true
}

output "service_principal_client_id" {
  description = "OAuth client id of the service principal."
  value       = databricks_service_principal.management.application_id
}

output "service_principal_client_secret" {
  description = "OAuth secret of the service principal; null without store_tokens."
  value       = one(databricks_service_principal_secret.management[*].secret)
  sensitive   = true
}
