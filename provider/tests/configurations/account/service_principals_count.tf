# Principals by count, with a secret of limited life that a rotation replaces.

resource "databricks_service_principal" "ci" {
  count = 2

  display_name = "ci-${count.index}"
  active       = true
}

resource "databricks_service_principal_secret" "ci" {
  count = 2

  service_principal_id = databricks_service_principal.ci[count.index].id
  lifetime             = "86400s"
}

output "client_ids" {
  value = databricks_service_principal.ci[*].application_id
}

output "client_secrets" {
  value     = databricks_service_principal_secret.ci[*].secret
  sensitive = true
}
