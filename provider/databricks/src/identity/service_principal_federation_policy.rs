//! databricks_service_principal_federation_policy. API: <https://docs.databricks.com/api/account/serviceprincipalfederationpolicy>

use super::federation::{self, OidcPolicy};
use crate::rest::prelude::*;

/// That a program logs in as a service principal with a token of its own platform (GitHub Actions, GitLab, any issuer of OpenID Connect), instead of
/// a secret.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServicePrincipalFederationPolicy {
    /// `service_principal_id,policy_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Id of the service principal.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub service_principal_id: Attr<i64>,
    /// Last part of the policy's name. The service gives it one where it is not set.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub policy_id: Attr<String>,
    /// Words about the policy.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub description: Attr<String>,
    /// Which tokens log in, and as whom.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub oidc_policy: Attr<OidcPolicy>,
    /// Name of the policy in the account, which `policy_id` is the end of.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub name: Attr<String>,
    /// Id of the policy, which no other one of its name will have.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub uid: Attr<String>,
    /// When it was made, as RFC 3339 has it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub create_time: Attr<String>,
    /// When it was last changed, as RFC 3339 has it.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub update_time: Attr<String>,
}

impl Rest for ServicePrincipalFederationPolicy {
    const NAME: &'static str = "databricks_service_principal_federation_policy";
    const NOUN: &'static str = "federation policy";
    const EXAMPLE: &'static str = r#"resource "databricks_service_principal" "example" {
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
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("environment:prod", "environment:test"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("= \"example\"\n\n", "= \"another\"\n\n"));
    const API: Api = Api::collection(
        "/servicePrincipals/{service_principal_id}/federationPolicies",
        "service_principal_id,policy_id",
    )
    .patch_with_mask()
    .named_in_query()
    .items("policies")
    .created("create_time");

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems = federation::problems(&config.oidc_policy);
        let subject = config.oidc_policy.known().map(|policy| &policy.subject);
        if subject.is_some_and(Attr::is_null) {
            let error = Error::new("A policy of a service principal trusts one subject");
            let detail = "Set subject: repo:ORGANISATION/REPOSITORY:environment:NAME of GitHub Actions, for example.";
            problems.push(error.detail(detail).at("oidc_policy").into());
        }
        problems
    }
}
