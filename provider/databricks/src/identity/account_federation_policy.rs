//! databricks_account_federation_policy. API: <https://docs.databricks.com/api/account/accountfederationpolicy>

use super::federation::{self, OidcPolicy};
use crate::rest::prelude::*;

/// That users and service principals of an account log in with tokens of an identity provider, instead of secrets: the token's subject is the user
/// name, or the application id.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AccountFederationPolicy {
    /// Id of the policy.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Last part of the policy's name. The service gives it one where it is not set.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub policy_id: Attr<String>,
    /// Words about the policy.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub description: Attr<String>,
    /// Which tokens log in, and as whom.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub oidc_policy: Attr<OidcPolicy>,
    /// Kept from the official provider's states: an account's policy is no service principal's.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub service_principal_id: Attr<i64>,
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

impl Rest for AccountFederationPolicy {
    const NAME: &'static str = "databricks_account_federation_policy";
    const NOUN: &'static str = "federation policy";
    const EXAMPLE: &'static str = r#"resource "databricks_account_federation_policy" "example" {
  policy_id   = "example"
  description = "Single sign-on for programs"

  oidc_policy = {
    issuer        = "https://idp.example.com"
    audiences     = ["databricks"]
    subject_claim = "email"
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"email\"", "\"sub\""));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("= \"example\"", "= \"another\""));
    const API: Api = Api::collection("/federationPolicies", "policy_id")
        .patch_with_mask()
        .named_in_query()
        .items("policies")
        .created("create_time");

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems = federation::problems(&config.oidc_policy);
        let subject = config.oidc_policy.known().map(|policy| &policy.subject);
        if subject.is_some_and(Attr::is_known) {
            let error =
                Error::new("A policy of the account trusts every subject that is a user or a service principal");
            let detail = "Leave subject out, or use databricks_service_principal_federation_policy.";
            problems.push(error.detail(detail).at("oidc_policy").into());
        }
        problems
    }
}
