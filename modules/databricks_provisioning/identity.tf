# Who manages the workspace. With store_tokens there are two secrets to hand on; scripts/reset_tokens.sh replaces these, and
# nothing else.

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

# Those who use the workspace.
resource "databricks_mws_permission_assignment" "member" {
  for_each = var.members

  workspace_id = databricks_mws_workspaces.this.workspace_id
  principal_id = each.value
  permissions  = ["USER"]
}

resource "databricks_service_principal_secret" "management" {
  count = var.store_tokens ? 1 : 0

  service_principal_id = databricks_service_principal.management.id
}

resource "databricks_token" "management" {
  count    = var.store_tokens ? 1 : 0
  provider = databricks.workspace

  comment          = "Handed on by the deployment ${var.name}"
  lifetime_seconds = var.token_lifetime_seconds
}
