# A principal with what the official provider takes and few set.

resource "databricks_service_principal" "this" {
  display_name             = "old-form"
  external_id              = ""
  force                    = true
  disable_as_user_deletion = false
  force_delete_repos       = true
  force_delete_home_dir    = false
}

data "databricks_current_config" "this" {}

output "account" {
  value = data.databricks_current_config.this.account_id
}
