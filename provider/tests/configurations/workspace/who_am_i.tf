# Who the provider is, and where.

data "databricks_current_user" "me" {}

data "databricks_current_config" "this" {}

output "home" {
  value = data.databricks_current_user.me.home
}

output "name" {
  value = data.databricks_current_user.me.alphanumeric
}

output "host" {
  value = data.databricks_current_config.this.host
}

output "is_account" {
  value = data.databricks_current_config.this.is_account
}
