//! Federation policies of the account, and of its service principals: which tokens of others log in.
//! <https://docs.databricks.com/api/account/accountfederationpolicy>, <https://docs.databricks.com/api/account/serviceprincipalfederationpolicy>

use serde_json::Value;

use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{COLLECTION, Id, Kind, PATCH, Parent, Told};
use crate::store::serve::PRINCIPALS;
use crate::time::rfc3339;

/// The row of the account's.
pub(crate) const OF_ACCOUNT: Kind = Kind {
    noun: "Federation policy",
    key: "federation_policies",
    path: "/api/2.0/accounts/{account_id}/federationPolicies",
    calls: &[COLLECTION, PATCH],
    id: ("policy_id", Id::Given),
    create: "oauth2.FederationPolicy",
    change: "oauth2.FederationPolicy",
    object: "oauth2.FederationPolicy",
    items: "policies",
    created: Told::Object,
    deleted: Told::Nothing,
    make,
    alter,
    ..Kind::OF_ACCOUNT
};

/// The row of those of a service principal.
pub(crate) const OF_SERVICE_PRINCIPAL: Kind = Kind {
    noun: "Service principal federation policy",
    key: "service_principal_federation_policies",
    path: "/api/2.0/accounts/{account_id}/servicePrincipals/{parent}/federationPolicies",
    parent: Some(Parent { key: PRINCIPALS, fields: &["service_principal_id"] }),
    is_scoped: true,
    ..OF_ACCOUNT
};

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    let now = rfc3339(cx.now);
    let mut place = format!("accounts/{}", cx.state.account_id);
    let principal = cx.call.params.get("parent").cloned();
    if let Some(id) = &principal {
        place = format!("{place}/servicePrincipals/{id}");
        object.set("service_principal_id", id.parse::<i64>().unwrap_or_default());
    } else if object.fields.remove("service_principal_id").is_some() {
        return Err(ApiError::invalid("service_principal_id stands in the path."));
    }
    let name = format!("{place}/federationPolicies/{}", object.text("policy_id"));
    object.set("name", name);
    object.set("uid", uuid::Uuid::new_v4().to_string());
    object.set("create_time", now.clone());
    object.set("update_time", now);
    check(object, principal.is_some())
}

/// What the service says of a policy stays as it is.
fn alter(cx: &mut Cx<'_>, before: &Object, after: &mut Object) -> Result<(), ApiError> {
    for field in ["name", "uid", "create_time", "service_principal_id"] {
        match before.fields.get(field) {
            Some(value) => after.set(field, value.clone()),
            None => drop(after.fields.remove(field)),
        }
    }
    after.set("update_time", rfc3339(cx.now));
    check(after, cx.call.params.contains_key("parent"))
}

fn check(object: &Object, is_of_principal: bool) -> Result<(), ApiError> {
    let policy = object.fields.get("oidc_policy").and_then(Value::as_object);
    let policy = policy.ok_or_else(|| ApiError::invalid("oidc_policy is needed."))?;
    let has = |field: &str| policy.get(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let issuer = policy.get("issuer").and_then(Value::as_str).unwrap_or_default();
    if !issuer.starts_with("https://") {
        return Err(ApiError::invalid(format!("oidc_policy.issuer {issuer:?} must begin with https://.")));
    }
    if has("jwks_json") && has("jwks_uri") {
        return Err(ApiError::invalid("Only one of jwks_json and jwks_uri can be given."));
    }
    match (is_of_principal, has("subject")) {
        (true, false) => Err(ApiError::invalid("oidc_policy.subject is needed.")),
        (false, true) => Err(ApiError::invalid("oidc_policy.subject is of a service principal's policies.")),
        _ => Ok(()),
    }
}
