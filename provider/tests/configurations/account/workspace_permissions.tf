# Principals from a map, each with its permission in the workspace, and a secret for one.

resource "databricks_mws_credentials" "this" {
  credentials_name = "workspace-permissions-creds"
  role_arn         = "arn:aws:iam::123456789012:role/workspace-permissions"
}

resource "databricks_mws_storage_configurations" "this" {
  storage_configuration_name = "workspace-permissions-storage"
  bucket_name                = "workspace-permissions-root"
}

resource "databricks_mws_workspaces" "this" {
  workspace_name           = "permissions"
  aws_region               = "eu-west-1"
  credentials_id           = databricks_mws_credentials.this.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.this.storage_configuration_id
}

locals {
  people = {
    admin  = "ADMIN"
    reader = "USER"
  }
}

resource "databricks_service_principal" "this" {
  for_each = local.people

  display_name = "permissions-${each.key}"
  force        = true
}

resource "databricks_mws_permission_assignment" "this" {
  for_each = local.people

  workspace_id = databricks_mws_workspaces.this.workspace_id
  principal_id = databricks_service_principal.this[each.key].id
  permissions  = [each.value]
}

resource "databricks_service_principal_secret" "admin" {
  service_principal_id = databricks_service_principal.this["admin"].id
  lifetime             = ""
}
