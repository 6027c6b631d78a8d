//! What the account, or a workspace, shows of a principal, and the part of it that a request asks for.

use serde_json::{Map, Value, json};

use crate::answer::{ApiError, Shape};
use crate::call::Cx;
use crate::principal::{Principal, PrincipalKind};

/// What is shown of the principal of an id.
pub(super) fn of(cx: &mut Cx<'_>, kind: PrincipalKind, id: &str) -> Result<Map<String, Value>, ApiError> {
    let missing = || scim(ApiError::missing(format!("{} with id {id} not found.", kind.noun())));
    let principal = cx.state.principals.get(id).filter(|one| one.kind == kind).cloned().ok_or_else(missing)?;
    if principal.workspace.is_some() && principal.workspace != cx.call.workspace {
        return Err(missing());
    }
    let mut object = plain(&principal);
    match cx.call.workspace {
        None => put(&mut object, "roles", values(principal.roles.iter())),
        Some(_) => {
            let workspace = cx.workspace()?;
            if principal.workspace.is_none() && !workspace.is_member(id) {
                return Err(missing());
            }
            put(&mut object, "entitlements", values(workspace.entitlements.get(id).into_iter().flatten()));
            put(&mut object, "roles", values(workspace.roles.get(id).into_iter().flatten()));
        }
    }
    let groups = groups_of(cx, id);
    put(&mut object, "groups", groups);
    if kind == PrincipalKind::Group {
        let members: Vec<Value> = cx.state.members(&principal).iter().filter_map(|id| member(cx, id)).collect();
        put(&mut object, "members", members);
        let resource = if principal.workspace.is_some() { "WorkspaceGroup" } else { "Group" };
        object.insert("meta".to_owned(), json!({"resourceType": resource}));
    }
    Ok(object)
}

fn plain(principal: &Principal) -> Map<String, Value> {
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
    set("id", json!(principal.id));
    set("displayName", json!(principal.display_name));
    match principal.kind {
        PrincipalKind::ServicePrincipal => {
            set("schemas", json!(["urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal"]));
            set("applicationId", json!(principal.application_id));
            set("active", json!(principal.active));
        }
        PrincipalKind::User => {
            set(
                "schemas",
                json!([
                    "urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:workspace:2.0:User"
                ]),
            );
            set("userName", json!(principal.application_id));
            set("active", json!(principal.active));
            set("emails", json!([{"type": "work", "value": principal.application_id, "primary": true}]));
            if let Some(name) = &principal.name {
                set("name", name.clone());
            }
        }
        PrincipalKind::Group => {
            set("schemas", json!(["urn:ietf:params:scim:schemas:core:2.0:Group"]));
        }
    }
    if let Some(external) = &principal.external_id {
        set("externalId", json!(external));
    }
    object
}

/// The groups that a principal is in, as far as the host shows them.
pub(super) fn groups_of(cx: &Cx<'_>, id: &str) -> Vec<Value> {
    let here = cx.call.workspace;
    let all = cx.state.principals.values().filter(|one| one.kind == PrincipalKind::Group);
    let shown = all.filter(|group| match group.workspace {
        Some(local) => here == Some(local) && group.display_name != "users",
        None => here.is_none_or(|here| cx.state.workspaces.get(&here).is_some_and(|of| of.is_member(&group.id))),
    });
    shown
        .filter(|group| cx.state.members(group).iter().any(|member| member == id))
        .map(|group| {
            let reference = format!("Groups/{}", group.id);
            json!({"display": group.display_name, "value": group.id, "type": "direct", "$ref": reference})
        })
        .collect()
}

fn member(cx: &Cx<'_>, id: &str) -> Option<Value> {
    let principal = cx.state.principals.get(id)?;
    let reference = format!("{}/{id}", principal.kind.resource());
    Some(json!({"value": id, "display": principal.display_name, "$ref": reference}))
}

/// The attributes that the query asks for (RFC 7644 section 3.9). The id and the schemas are always told.
pub(super) fn asked(cx: &Cx<'_>, mut object: Map<String, Value>) -> Map<String, Value> {
    let heads = |text: &str| -> Vec<String> {
        text.split(',').map(|name| name.trim().split('.').next().unwrap_or_default().to_lowercase()).collect()
    };
    if let Some(wanted) = cx.query("attributes").filter(|text| !text.is_empty()).map(heads) {
        object.retain(|name, _| matches!(name.as_str(), "id" | "schemas") || wanted.contains(&name.to_lowercase()));
    }
    if let Some(unwanted) = cx.query("excludedAttributes").map(heads) {
        object.retain(|name, _| matches!(name.as_str(), "id" | "schemas") || !unwanted.contains(&name.to_lowercase()));
    }
    object
}

fn values<'a>(all: impl Iterator<Item = &'a String>) -> Vec<Value> {
    all.map(|one| json!({"value": one})).collect()
}

/// A list that is empty is not told.
fn put(object: &mut Map<String, Value>, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        object.insert(name.to_owned(), list.into());
    }
}

/// A refusal in SCIM's form.
pub(super) fn scim(error: ApiError) -> ApiError {
    error.shaped(Shape::Scim)
}
