resource "databricks_service_principal" "example" {
  display_name             = "deploys from GitHub"
  disable_as_user_deletion = false
}

resource "databricks_service_principal_federation_policy" "example" {
  service_principal_id = databricks_service_principal.example.id
  policy_id            = "example"

  oidc_policy = {
    issuer    = "https://token.actions.githubusercontent.com"
    audiences = ["https://github.com/example"]
    subject   = "repo:example/app:environment:prod"
  }
}
