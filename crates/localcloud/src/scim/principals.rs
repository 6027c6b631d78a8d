//! Service principals, users and groups. An account has each of them once; a workspace shows those that are assigned to it, with
//! the entitlements and instance profiles that they have there, and groups of its own.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::view::{self, scim};
use super::{filter, me, patch};
use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::principal::{Principal, PrincipalKind};
use crate::store::fields;
use crate::store::serve::leave_principal;

const ENTITLEMENTS: &[&str] = &[
    "allow-cluster-create",
    "allow-instance-pool-create",
    "databricks-sql-access",
    "workspace-access",
    "workspace-consume",
];

pub(super) fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let kind = kind(cx)?;
    require_admin(cx)?;
    let wanted = wanted(cx, kind, cx.body_value().map_err(scim)?)?;
    let login = text(&wanted, login_field(kind)).map(str::to_owned);
    // A workspace can be given a principal that the account has already; its groups are its own.
    let here = cx.call.workspace;
    let known = login.as_deref().and_then(|login| {
        let same = |one: &&Principal| one.kind == kind && one.login().eq_ignore_ascii_case(login);
        let mut all = cx.state.principals.values().filter(same);
        all.find(|one| if kind == PrincipalKind::Group { one.workspace == here } else { true }).cloned()
    });
    let id = match known {
        Some(known) => {
            let there = here.is_none() || kind == PrincipalKind::Group || cx.workspace()?.is_member(&known.id);
            if there {
                return Err(already_there(kind, known.login()));
            }
            known.id
        }
        None => add(cx, kind, login, &wanted)?,
    };
    if here.is_some() && kind != PrincipalKind::Group {
        cx.workspace()?.assignments.insert(id.clone(), vec!["USER".to_owned()]);
    }
    store(cx, kind, &id, wanted)?;
    let shown = view::of(cx, kind, &id)?;
    Ok(Answer::scim(&shown).with_status(StatusCode::CREATED))
}

fn add(
    cx: &mut Cx<'_>,
    kind: PrincipalKind,
    login: Option<String>,
    wanted: &Map<String, Value>,
) -> Result<String, ApiError> {
    let application_id = match (kind, login) {
        (PrincipalKind::ServicePrincipal, None) => uuid::Uuid::new_v4().to_string(),
        (PrincipalKind::ServicePrincipal, Some(_)) => {
            let message = "On AWS a service principal's applicationId is given by Databricks.";
            return Err(scim(ApiError::invalid(message)));
        }
        (PrincipalKind::User, Some(name)) if name.contains('@') => name,
        (PrincipalKind::User, _) => return Err(scim(ApiError::invalid("userName must be an e-mail address."))),
        (PrincipalKind::Group, Some(_)) => String::new(),
        (PrincipalKind::Group, None) => return Err(scim(ApiError::invalid("Missing required field: displayName"))),
    };
    let id = cx.state.next_id().to_string();
    let display_name =
        text(wanted, "displayName").unwrap_or(if kind == PrincipalKind::User { &application_id } else { "" });
    let principal = Principal {
        id: id.clone(),
        kind,
        display_name: display_name.to_owned(),
        application_id,
        active: true,
        workspace: cx.call.workspace.filter(|_| kind == PrincipalKind::Group),
        ..Principal::default()
    };
    cx.state.principals.insert(id.clone(), principal);
    Ok(id)
}

pub(super) fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    if cx.param("resource") == "Me" && cx.call.workspace.is_some() {
        return me::me(cx);
    }
    let kind = kind(cx)?;
    let ids: Vec<String> =
        cx.state.principals.values().filter(|one| one.kind == kind).map(|one| one.id.clone()).collect();
    let wanted = cx.query("filter").map(filter::read).transpose().map_err(|error| scim(ApiError::invalid(error)))?;
    let mut found = Vec::new();
    for id in ids {
        let Ok(object) = view::of(cx, kind, &id) else { continue };
        if wanted.as_ref().is_none_or(|wanted| wanted.passes(&object)) {
            found.push(object);
        }
    }
    if let Some(attribute) = cx.query("sortBy") {
        let by = |object: &Map<String, Value>| {
            let value = object.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute)).map(|(_, value)| value);
            value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_lowercase)).unwrap_or_default()
        };
        found.sort_by_key(|object| by(object));
        if cx.query("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("descending")) {
            found.reverse();
        }
    }
    let number = |name: &str, default: usize| cx.query(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let start = number("startIndex", 1).max(1);
    let count = number("count", 100).min(10_000);
    let total = found.len();
    let page: Vec<Map<String, Value>> =
        found.into_iter().skip(start - 1).take(count).map(|object| view::asked(cx, object)).collect();
    Ok(Answer::scim(&json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": page.len(),
        "Resources": page,
    })))
}

pub(super) fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (kind, id) = (kind(cx)?, cx.param("id").to_owned());
    let object = view::of(cx, kind, &id)?;
    Ok(Answer::scim(&view::asked(cx, object)))
}

pub(super) fn replace(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    require_admin(cx)?;
    let (kind, id) = (kind(cx)?, cx.param("id").to_owned());
    let before = view::of(cx, kind, &id)?;
    let mut wanted = wanted(cx, kind, cx.body_value().map_err(scim)?)?;
    // A group's members are changed by patches; a replacement that does not name them keeps them.
    if let Some(members) = before.get("members").filter(|_| !wanted.contains_key("members")) {
        wanted.insert("members".to_owned(), members.clone());
    }
    store(cx, kind, &id, wanted)?;
    view::of(cx, kind, &id).map(|object| Answer::scim(&object))
}

pub(super) fn patch(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    require_admin(cx)?;
    let (kind, id) = (kind(cx)?, cx.param("id").to_owned());
    let mut object = view::of(cx, kind, &id)?;
    let changes: patch::Patch = cx.read("iam.PatchServicePrincipalRequest").map_err(scim)?;
    patch::apply(changes, &mut object).map_err(|error| scim(ApiError::invalid(error)))?;
    let wanted = wanted(cx, kind, Value::Object(object))?;
    store(cx, kind, &id, wanted)?;
    Ok(Answer::bytes("application/scim+json", "").with_status(StatusCode::NO_CONTENT))
}

pub(super) fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    require_admin(cx)?;
    let (kind, id) = (kind(cx)?, cx.param("id").to_owned());
    view::of(cx, kind, &id)?;
    let principal = cx.state.principals.get(&id).cloned().unwrap_or_default();
    if principal.built_in {
        return Err(scim(ApiError::denied(format!("Group {} cannot be deleted.", principal.display_name))));
    }
    let leave = |workspace: &mut crate::state::Workspace| {
        workspace.assignments.remove(&id);
        workspace.entitlements.remove(&id);
        workspace.roles.remove(&id);
        workspace.tokens.retain(|_, token| token.owner != id);
    };
    if cx.call.workspace.is_some() && principal.workspace.is_none() {
        leave(cx.workspace()?);
    } else {
        cx.state.principals.remove(&id);
        leave_principal(&mut cx.state.store, &id);
        cx.state.principals.values_mut().for_each(|one| one.members.retain(|member| *member != id));
        cx.state.oauth_secrets.retain(|_, secret| secret.principal != id);
        cx.state.sessions.retain(|_, session| session.principal != id);
        cx.state.refresh_tokens.retain(|_, refresh| refresh.principal != id);
        cx.state.workspaces.values_mut().for_each(leave);
    }
    Ok(Answer::bytes("application/scim+json", "").with_status(StatusCode::NO_CONTENT))
}

/// Takes what a create, a replacement or the outcome of a patch says.
fn store(cx: &mut Cx<'_>, kind: PrincipalKind, id: &str, wanted: Map<String, Value>) -> Result<(), ApiError> {
    let invalid = |message: &str| Err(scim(ApiError::invalid(message)));
    if text(&wanted, "id").is_some_and(|given| given != id) {
        return invalid("The id of a principal cannot be changed.");
    }
    let entitlements: BTreeSet<String> = values(&wanted, "entitlements").into_iter().collect();
    if let Some(other) = entitlements.iter().find(|one| !ENTITLEMENTS.contains(&one.as_str())) {
        return Err(scim(ApiError::invalid(format!("The entitlement {other} does not exist."))));
    }
    if cx.call.workspace.is_none() && !entitlements.is_empty() {
        return invalid("Entitlements are given in a workspace, not at the account.");
    }
    let members = values(&wanted, "members");
    if let Some(other) = members.iter().find(|member| !cx.state.principals.contains_key(*member)) {
        return Err(scim(ApiError::missing(format!("Member {other} does not exist."))));
    }
    let roles = values(&wanted, "roles");
    let at_account = cx.call.workspace.is_none();
    let Some(principal) = cx.state.principals.get_mut(id) else { return Ok(()) };
    let login = text(&wanted, login_field(kind)).unwrap_or(principal.login());
    if kind != PrincipalKind::Group && login != principal.login() {
        return Err(scim(ApiError::invalid(format!("The {} of a principal cannot be changed.", login_field(kind)))));
    }
    if principal.built_in && login != principal.display_name {
        return invalid("The name of this group cannot be changed.");
    }
    match text(&wanted, "displayName") {
        Some(name) => name.clone_into(&mut principal.display_name),
        None if kind == PrincipalKind::ServicePrincipal => principal.display_name.clear(),
        None => {}
    }
    principal.active = wanted.get("active").and_then(Value::as_bool).unwrap_or(true);
    principal.external_id = text(&wanted, "externalId").filter(|id| !id.is_empty()).map(str::to_owned);
    principal.name = wanted.get("name").cloned();
    if at_account {
        principal.roles = roles.clone();
    }
    let (built_in, admins) = (principal.built_in, principal.display_name == "admins");
    if !built_in {
        principal.members.clone_from(&members);
    }
    if at_account {
        return Ok(());
    }
    let workspace = cx.workspace()?;
    workspace.entitlements.insert(id.to_owned(), entitlements);
    workspace.roles.insert(id.to_owned(), roles.into_iter().collect());
    if built_in && admins {
        // Who is in `admins` has the permission ADMIN, and who leaves is a user.
        for (principal, permissions) in &mut workspace.assignments {
            if !members.contains(principal) && permissions.iter().any(|one| one == "ADMIN") {
                *permissions = vec!["USER".to_owned()];
            }
        }
        for member in members {
            workspace.assignments.insert(member, vec!["ADMIN".to_owned()]);
        }
    }
    Ok(())
}

/// What the path is about.
fn kind(cx: &Cx<'_>) -> Result<PrincipalKind, ApiError> {
    let all = [PrincipalKind::ServicePrincipal, PrincipalKind::User, PrincipalKind::Group];
    let found = all.into_iter().find(|kind| kind.resource() == cx.param("resource"));
    found.ok_or_else(|| ApiError::no_endpoint(&cx.call.method, &cx.call.path))
}

/// The field that others know a principal by.
fn login_field(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::ServicePrincipal => "applicationId",
        PrincipalKind::User => "userName",
        PrincipalKind::Group => "displayName",
    }
}

fn wanted(cx: &Cx<'_>, kind: PrincipalKind, value: Value) -> Result<Map<String, Value>, ApiError> {
    let form = match kind {
        PrincipalKind::ServicePrincipal => "iam.ServicePrincipal",
        PrincipalKind::User => "iam.User",
        PrincipalKind::Group => "iam.Group",
    };
    fields::check(form, value, cx.strictness()).map_err(scim)
}

fn text<'a>(wanted: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    wanted.get(field).and_then(Value::as_str)
}

/// The values of a list of complex values; an entry without one says nothing.
fn values(wanted: &Map<String, Value>, field: &str) -> Vec<String> {
    let all = wanted.get(field).and_then(Value::as_array).into_iter().flatten();
    let mut values: Vec<String> = Vec::new();
    for value in all.filter_map(|one| one.get("value")?.as_str()) {
        if !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    }
    values
}

fn require_admin(cx: &mut Cx<'_>) -> Result<(), ApiError> {
    if cx.call.workspace.is_none() {
        return Ok(());
    }
    cx.require_workspace_admin("manage principals").map_err(scim)
}

fn already_there(kind: PrincipalKind, login: &str) -> ApiError {
    let message = match kind {
        PrincipalKind::ServicePrincipal => format!("Service principal with application ID {login} already exists."),
        PrincipalKind::User => format!("User with username {login} already exists."),
        PrincipalKind::Group => format!("Group with name {login} already exists."),
    };
    scim(ApiError::new(StatusCode::CONFLICT, "RESOURCE_ALREADY_EXISTS", message))
}
