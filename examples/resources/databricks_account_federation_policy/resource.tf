resource "databricks_account_federation_policy" "example" {
  policy_id   = "example"
  description = "Single sign-on for programs"

  oidc_policy = {
    issuer        = "https://idp.example.com"
    audiences     = ["databricks"]
    subject_claim = "email"
  }
}
