//! Service principals. An account has each of them once; a workspace shows those that are assigned to it, with the
//! entitlements that they have there.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{filter, patch};
use crate::answer::{Answer, ApiError, Shape, set};
use crate::call::Cx;
use crate::principal::Principal;

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal";
const ENTITLEMENTS: &[&str] = &[
    "allow-cluster-create",
    "allow-instance-pool-create",
    "databricks-sql-access",
    "workspace-access",
    "workspace-consume",
];

/// What a create, a replacement or the outcome of a patch says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Wanted {
    #[serde(rename = "schemas")]
    _schemas: Vec<String>,
    id: Option<String>,
    application_id: Option<String>,
    display_name: Option<String>,
    active: Option<bool>,
    external_id: Option<String>,
    roles: Vec<Entry>,
    entitlements: Vec<Entry>,
    #[serde(rename = "groups")]
    _groups: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    value: String,
    #[serde(rename = "$ref", default)]
    _reference: Option<String>,
    #[serde(rename = "display", default)]
    _display: Option<String>,
    #[serde(rename = "type", default)]
    _kind: Option<String>,
    #[serde(rename = "primary", default)]
    _primary: Option<bool>,
}

pub(super) fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    require_admin(cx)?;
    let wanted: Wanted = parse(cx.body_value().map_err(scim)?)?;
    // A workspace can be given a principal that the account has already.
    let known = wanted.application_id.as_ref().and_then(|id| cx.state.principal_by_application(id)).cloned();
    let principal = match (known, cx.call.workspace) {
        (Some(known), Some(workspace)) => {
            let there = cx.state.workspaces.get(&workspace).is_some_and(|workspace| workspace.is_member(&known.id));
            if there {
                return Err(already_there(&known.application_id));
            }
            known
        }
        (Some(known), None) => return Err(already_there(&known.application_id)),
        (None, _) if wanted.application_id.is_some() => {
            return Err(scim(ApiError::invalid("On AWS a service principal's applicationId is given by Databricks.")));
        }
        (None, _) => {
            let id = cx.state.next_id().to_string();
            Principal {
                id,
                application_id: uuid::Uuid::new_v4().to_string(),
                display_name: wanted.display_name.clone().unwrap_or_default(),
                active: wanted.active.unwrap_or(true),
                external_id: wanted.external_id.clone(),
                roles: Vec::new(),
            }
        }
    };
    let id = principal.id.clone();
    cx.state.principals.insert(id.clone(), principal);
    if cx.call.workspace.is_some() {
        cx.workspace()?.assignments.insert(id.clone(), vec!["USER".to_owned()]);
    }
    store(cx, &id, wanted)?;
    Ok(Answer::scim(&view(cx, &id)?).with_status(http::StatusCode::CREATED))
}

pub(super) fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let ids: Vec<String> = cx.state.principals.keys().cloned().collect();
    let mut found = Vec::new();
    for id in ids {
        let Ok(object) = view(cx, &id) else { continue };
        let passes = match cx.query("filter") {
            Some(text) => filter::passes(text, &object).map_err(|error| scim(ApiError::invalid(error)))?,
            None => true,
        };
        if passes {
            found.push(object);
        }
    }
    let number = |name: &str, default: usize| cx.query(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let start = number("startIndex", 1).max(1);
    let count = number("count", 100).min(10_000);
    let total = found.len();
    let page: Vec<Value> = found.into_iter().skip(start - 1).take(count).collect();
    Ok(Answer::scim(&json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": page.len(),
        "Resources": page,
    })))
}

pub(super) fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("id").to_owned();
    view(cx, &id).map(|object| Answer::scim(&object))
}

pub(super) fn replace(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    require_admin(cx)?;
    let id = cx.param("id").to_owned();
    view(cx, &id)?;
    let wanted: Wanted = parse(cx.body_value().map_err(scim)?)?;
    store(cx, &id, wanted)?;
    view(cx, &id).map(|object| Answer::scim(&object))
}

pub(super) fn patch(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    require_admin(cx)?;
    let id = cx.param("id").to_owned();
    let mut object: Map<String, Value> = match view(cx, &id)? {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    let changes: patch::Patch = cx.body().map_err(scim)?;
    patch::apply(changes, &mut object).map_err(|error| scim(ApiError::invalid(error)))?;
    let wanted: Wanted = parse(Value::Object(object))?;
    store(cx, &id, wanted)?;
    Ok(Answer::bytes("application/scim+json", "").with_status(http::StatusCode::NO_CONTENT))
}

pub(super) fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    require_admin(cx)?;
    let id = cx.param("id").to_owned();
    view(cx, &id)?;
    let leave = |workspace: &mut crate::state::Workspace| {
        workspace.assignments.remove(&id);
        workspace.entitlements.remove(&id);
        workspace.tokens.retain(|_, token| token.owner != id);
    };
    if cx.call.workspace.is_some() {
        leave(cx.workspace()?);
    } else {
        cx.state.principals.remove(&id);
        cx.state.oauth_secrets.retain(|_, secret| secret.principal != id);
        cx.state.sessions.retain(|_, session| session.principal != id);
        cx.state.workspaces.values_mut().for_each(leave);
    }
    Ok(Answer::bytes("application/scim+json", "").with_status(http::StatusCode::NO_CONTENT))
}

/// What the account, or the workspace, shows of a principal.
fn view(cx: &mut Cx<'_>, id: &str) -> Result<Value, ApiError> {
    let missing = || scim(ApiError::missing(format!("Service principal with id {id} not found.")));
    let principal = cx.state.principals.get(id).cloned().ok_or_else(missing)?;
    let values =
        |all: &mut dyn Iterator<Item = &String>| -> Vec<Value> { all.map(|one| json!({"value": one})).collect() };
    let mut object = json!({
        "schemas": [SCHEMA],
        "id": principal.id,
        "applicationId": principal.application_id,
        "displayName": principal.display_name,
        "active": principal.active,
    });
    if let Some(external) = &principal.external_id {
        set(&mut object, "externalId", json!(external));
    }
    match cx.call.workspace {
        None if !principal.roles.is_empty() => set(&mut object, "roles", values(&mut principal.roles.iter()).into()),
        None => {}
        Some(_) => {
            let workspace = cx.workspace()?;
            if !workspace.is_member(id) {
                return Err(missing());
            }
            if let Some(entitlements) = workspace.entitlements.get(id).filter(|all| !all.is_empty()) {
                set(&mut object, "entitlements", values(&mut entitlements.iter()).into());
            }
            if workspace.is_admin(id) {
                set(&mut object, "groups", json!([{"display": "admins", "value": "admins", "type": "direct"}]));
            }
        }
    }
    Ok(object)
}

fn store(cx: &mut Cx<'_>, id: &str, wanted: Wanted) -> Result<(), ApiError> {
    if wanted.id.is_some_and(|given| given != id) {
        return Err(scim(ApiError::invalid("The id of a service principal cannot be changed.")));
    }
    let entitlements: BTreeSet<String> = wanted.entitlements.into_iter().map(|entry| entry.value).collect();
    if let Some(other) = entitlements.iter().find(|one| !ENTITLEMENTS.contains(&one.as_str())) {
        return Err(scim(ApiError::invalid(format!("The entitlement {other} does not exist."))));
    }
    if let Some(principal) = cx.state.principals.get_mut(id) {
        if wanted.application_id.is_some_and(|given| given != principal.application_id) {
            return Err(scim(ApiError::invalid("The applicationId of a service principal cannot be changed.")));
        }
        principal.display_name = wanted.display_name.unwrap_or_default();
        principal.active = wanted.active.unwrap_or(true);
        principal.external_id = wanted.external_id;
        if cx.call.workspace.is_none() {
            principal.roles = wanted.roles.into_iter().map(|entry| entry.value).collect();
        }
    }
    match cx.call.workspace {
        Some(_) => {
            cx.workspace()?.entitlements.insert(id.to_owned(), entitlements);
            Ok(())
        }
        None if entitlements.is_empty() => Ok(()),
        None => Err(scim(ApiError::invalid("Entitlements are given in a workspace, not at the account."))),
    }
}

fn require_admin(cx: &mut Cx<'_>) -> Result<(), ApiError> {
    if cx.call.workspace.is_none() {
        return Ok(());
    }
    cx.require_workspace_admin("manage service principals").map_err(scim)
}

fn parse(value: Value) -> Result<Wanted, ApiError> {
    serde_json::from_value(value)
        .map_err(|error| scim(ApiError::malformed(format!("Could not parse request object: {error}"))))
}

fn already_there(application_id: &str) -> ApiError {
    let message = format!("Service principal with application ID {application_id} already exists.");
    scim(ApiError::new(http::StatusCode::CONFLICT, "RESOURCE_ALREADY_EXISTS", message))
}

fn scim(error: ApiError) -> ApiError {
    error.shaped(Shape::Scim)
}
