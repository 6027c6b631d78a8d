//! `/Me`: who calls. Its `userName` is the application id of a service principal.

use serde_json::{Map, Value, json};

use super::view;
use crate::answer::{Answer, ApiError};
use crate::call::Cx;

pub(super) fn me(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let caller = cx.caller()?.clone();
    let principal = cx.state.principals.get(&caller.principal).cloned();
    let principal = principal.ok_or_else(|| ApiError::missing("The caller does not exist."))?;
    let mut groups = view::groups_of(cx, &caller.principal);
    let workspace = cx.workspace()?.id;
    // An account admin administers every workspace, in it or not.
    if caller.account_admin && !groups.iter().any(|group| group.get("display") == Some(&json!("admins"))) {
        let mut local = cx.state.principals.values().filter(|one| one.workspace == Some(workspace) && one.built_in);
        let admins = local.find(|one| one.display_name == "admins");
        groups.extend(admins.map(|one| json!({"display": "admins", "value": one.id, "type": "direct"})));
    }
    let entitlements: Vec<Value> = cx
        .workspace()?
        .entitlements
        .get(&caller.principal)
        .map(|all| all.iter().map(|one| json!({"value": one})).collect())
        .unwrap_or_default();
    let object = json!({
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
    });
    let object: Map<String, Value> = object.as_object().cloned().unwrap_or_default();
    Ok(Answer::scim(&view::asked(cx, object)))
}
