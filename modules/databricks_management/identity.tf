# The deployment's service principal, as the workspace knows it: a login with its OAuth secret, tried on every plan.
data "databricks_current_user" "management" {
  provider = databricks.service_principal
}
