//! `/Me`: who calls. Its `userName` is the application id of a service principal.

use serde_json::{Value, json};

use crate::answer::{Answer, ApiError};
use crate::call::Cx;

pub(super) fn me(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let caller = cx.caller()?.clone();
    let principal = cx.state.principals.get(&caller.principal).cloned();
    let principal = principal.ok_or_else(|| ApiError::missing("The caller does not exist."))?;
    let workspace = cx.workspace()?;
    let admin = caller.account_admin || workspace.is_admin(&caller.principal);
    let groups: Vec<Value> =
        if admin { vec![json!({"display": "admins", "value": "admins", "type": "direct"})] } else { Vec::new() };
    let entitlements: Vec<Value> = workspace
        .entitlements
        .get(&caller.principal)
        .map(|all| all.iter().map(|one| json!({"value": one})).collect())
        .unwrap_or_default();
    Ok(Answer::scim(&json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:workspace:2.0:User",
        ],
        "id": principal.id,
        "userName": principal.application_id,
        "displayName": principal.display_name,
        "active": principal.active,
        "emails": [{"type": "work", "value": principal.application_id, "primary": true}],
        "groups": groups,
        "entitlements": entitlements,
    })))
}
