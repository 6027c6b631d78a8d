variable "people" {
  type = map(list(string))
  default = {
    engineers = ["ada@example.com", "bob@example.com"]
    analysts  = ["ada@example.com"]
  }
}

locals {
  memberships = merge([for group, people in var.people : { for person in people : "${group}/${person}" => { group = group, person = person } }]...)
}

resource "databricks_user" "each" {
  for_each                 = toset(flatten(values(var.people)))
  user_name                = each.value
  disable_as_user_deletion = false
}

resource "databricks_group" "each" {
  for_each     = var.people
  display_name = each.key
}

resource "databricks_group_member" "each" {
  for_each  = local.memberships
  group_id  = databricks_group.each[each.value.group].id
  member_id = databricks_user.each[each.value.person].id
}

resource "databricks_service_principal" "ci" {
  display_name             = "ci"
  disable_as_user_deletion = false
}

resource "databricks_account_federation_policy" "sso" {
  oidc_policy = {
    issuer        = "https://idp.example.com"
    subject_claim = "email"
    audiences     = []
    jwks_uri      = ""
  }
}

resource "databricks_service_principal_federation_policy" "github" {
  service_principal_id = databricks_service_principal.ci.id
  policy_id            = "github"
  description          = ""
  oidc_policy = {
    issuer    = "https://token.actions.githubusercontent.com"
    audiences = ["https://github.com/example"]
    subject   = "repo:example/app:ref:refs/heads/main"
  }
}
