# Who manages the workspace. scripts/reset_tokens.sh replaces the two secrets here, and nothing else.

resource "databricks_service_principal" "management" {
  display_name = "${var.name}-management"

  # An account only deactivates what Terraform destroys, unless it is told otherwise.
  disable_as_user_deletion = false
}

resource "databricks_mws_permission_assignment" "management" {
  workspace_id = databricks_mws_workspaces.this.workspace_id
  principal_id = databricks_service_principal.management.id
  permissions  = ["ADMIN"]
}

resource "databricks_service_principal_secret" "management" {
  service_principal_id = databricks_service_principal.management.id
}

resource "databricks_token" "management" {
  provider = databricks.workspace

  comment          = "Terraform, module databricks_management of ${var.name}"
  lifetime_seconds = var.token_lifetime_seconds
}
