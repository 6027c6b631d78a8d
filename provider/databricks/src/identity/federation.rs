//! What a federation policy says of the tokens that it trusts, whether it is the account's or a service principal's.

use tfplugin::Error;

use crate::rest::prelude::*;

/// Which tokens of an identity provider (OpenID Connect) log in, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OidcPolicy {
    /// Who issues the tokens: their claim `iss`, an address with https.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub issuer: Attr<String>,
    /// Whom the tokens are for: their claim `aud` is one of these. The account's id where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub audiences: Attr<Vec<String>>,
    /// The subject that a service principal's policy trusts: `repo:org/app:environment:prod` of GitHub Actions, for example.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub subject: Attr<String>,
    /// The claim with the subject; `sub` where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub subject_claim: Attr<String>,
    /// The issuer's public keys as a JSON document, where the service cannot fetch them.
    #[schemars(extend("x-tf" = OPTIONAL.json()))]
    pub jwks_json: Attr<String>,
    /// Address of the issuer's public keys, where it is not the issuer's well-known one.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub jwks_uri: Attr<String>,
}

/// What no such policy can be.
pub(super) fn problems(policy: &Attr<OidcPolicy>) -> Vec<Diagnostic> {
    let Some(policy) = policy.known() else { return Vec::new() };
    let mut problems: Vec<Diagnostic> = Vec::new();
    let mut say = |said: &str, detail: &str| problems.push(Error::new(said).detail(detail).at("oidc_policy").into());
    if policy.issuer.is_null() {
        say("A policy trusts one issuer", "Set issuer: https://token.actions.githubusercontent.com, for example.");
    }
    if policy.issuer.known().is_some_and(|issuer| !issuer.starts_with("https://")) {
        say("An issuer is an address with https", "Write it as the claim iss of its tokens has it.");
    }
    if policy.jwks_json.is_set() == Some(true) && policy.jwks_uri.is_set() == Some(true) {
        say("The issuer's keys are said once", "Set jwks_json or jwks_uri, or neither.");
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_trusts_one_issuer_whose_keys_are_said_once() {
        let check = |policy: OidcPolicy, expected: &str| {
            let said: Vec<String> = problems(&policy.into()).into_iter().map(|one| one.summary).collect();
            assert!(
                said.len() == usize::from(!expected.is_empty()) && said.iter().all(|one| one.contains(expected)),
                "{said:?}"
            );
        };
        let good = || OidcPolicy { issuer: "https://example.com".into(), ..Default::default() };
        check(good(), "");
        check(OidcPolicy { issuer: Attr::Unknown, ..good() }, "");
        check(OidcPolicy::default(), "one issuer");
        check(OidcPolicy { issuer: "example.com".into(), ..good() }, "with https");
        check(OidcPolicy { jwks_json: "{}".into(), jwks_uri: "https://k".into(), ..good() }, "said once");
    }
}
