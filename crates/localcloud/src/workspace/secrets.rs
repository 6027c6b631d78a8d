//! Secret scopes, secrets and their access lists. <https://docs.databricks.com/api/workspace/secrets>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::scope::{Kept, Permission, Scope};
use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::principal::PrincipalKind;
use crate::route::{Route, route};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/secrets/scopes/create", create_scope),
    route(Method::POST, "/api/2.0/secrets/scopes/delete", delete_scope),
    route(Method::GET, "/api/2.0/secrets/scopes/list", list_scopes),
    route(Method::POST, "/api/2.0/secrets/put", put),
    route(Method::POST, "/api/2.0/secrets/delete", delete),
    route(Method::GET, "/api/2.0/secrets/list", list),
    route(Method::GET, "/api/2.0/secrets/get", get),
    route(Method::POST, "/api/2.0/secrets/acls/put", put_acl),
    route(Method::POST, "/api/2.0/secrets/acls/delete", delete_acl),
    route(Method::GET, "/api/2.0/secrets/acls/get", get_acl),
    route(Method::GET, "/api/2.0/secrets/acls/list", list_acls),
];

/// Bytes that a secret can have.
const LARGEST: usize = 128 * 1024;
/// Secrets that a scope can have.
const MOST: usize = 1000;

#[derive(Deserialize)]
struct CreateScope {
    scope: String,
    initial_manage_principal: Option<String>,
    scope_backend_type: Option<String>,
}

fn create_scope(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: CreateScope = cx.read("workspace.CreateScope")?;
    check_name("Scope", &wanted.scope)?;
    if wanted.scope_backend_type.is_some_and(|kind| kind != "DATABRICKS") {
        return Err(ApiError::invalid("On AWS scope_backend_type is DATABRICKS."));
    }
    let manager = match wanted.initial_manage_principal.as_deref() {
        None => name_of_caller(cx)?,
        Some("users") => "users".to_owned(),
        Some(_) => return Err(ApiError::invalid("initial_manage_principal can only be users.")),
    };
    let workspace = cx.workspace()?;
    if workspace.scopes.contains_key(&wanted.scope) {
        return Err(ApiError::exists(format!("Scope {} already exists!", wanted.scope)));
    }
    let scope = Scope { secrets: BTreeMap::new(), acls: BTreeMap::from([(manager, Permission::Manage)]) };
    workspace.scopes.insert(wanted.scope, scope);
    Ok(Answer::empty())
}

#[derive(Deserialize)]
struct DeleteScope {
    scope: String,
}

fn delete_scope(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: DeleteScope = cx.read("workspace.DeleteScope")?;
    scope(cx, &wanted.scope, Permission::Manage)?;
    cx.workspace()?.scopes.remove(&wanted.scope);
    Ok(Answer::empty())
}

fn list_scopes(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let names: Vec<String> = cx.workspace()?.scopes.keys().cloned().collect();
    let seen = names.into_iter().filter(|name| scope(cx, name, Permission::Read).is_ok());
    let all: Vec<Value> = seen.map(|name| json!({"name": name, "backend_type": "DATABRICKS"})).collect();
    Ok(Answer::json(&json!({"scopes": all})))
}

#[derive(Deserialize)]
struct Put {
    scope: String,
    key: String,
    string_value: Option<String>,
    bytes_value: Option<String>,
}

fn put(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Put = cx.read("workspace.PutSecret")?;
    check_name("Key", &wanted.key)?;
    let bytes = match (wanted.string_value, wanted.bytes_value) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(text)) => STANDARD.decode(text).map_err(|_| ApiError::invalid("bytes_value is not base64."))?,
        _ => return Err(ApiError::invalid("Exactly one of string_value and bytes_value is needed.")),
    };
    if bytes.len() > LARGEST {
        return Err(ApiError::invalid(format!("A secret has at most {LARGEST} bytes.")));
    }
    let now = cx.now;
    let scope = scope(cx, &wanted.scope, Permission::Write)?;
    if scope.secrets.len() >= MOST && !scope.secrets.contains_key(&wanted.key) {
        return Err(ApiError::new(
            http::StatusCode::BAD_REQUEST,
            "RESOURCE_LIMIT_EXCEEDED",
            format!("A scope has at most {MOST} secrets."),
        ));
    }
    scope.secrets.insert(wanted.key, Kept { value: STANDARD.encode(bytes), updated: now });
    Ok(Answer::empty())
}

#[derive(Deserialize)]
struct Delete {
    scope: String,
    key: String,
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Delete = cx.read("workspace.DeleteSecret")?;
    let scope = scope(cx, &wanted.scope, Permission::Write)?;
    scope.secrets.remove(&wanted.key).map(|_| Answer::empty()).ok_or_else(|| no_secret(&wanted.scope, &wanted.key))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let name = cx.required("scope")?.to_owned();
    let scope = scope(cx, &name, Permission::Read)?;
    let all: Vec<Value> =
        scope.secrets.iter().map(|(key, kept)| json!({"key": key, "last_updated_timestamp": kept.updated})).collect();
    Ok(Answer::json(&json!({"secrets": all})))
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (name, key) = (cx.required("scope")?.to_owned(), cx.required("key")?.to_owned());
    let scope = scope(cx, &name, Permission::Read)?;
    let kept = scope.secrets.get(&key).ok_or_else(|| no_secret(&name, &key))?;
    Ok(Answer::json(&json!({"key": key, "value": kept.value})))
}

#[derive(Deserialize)]
struct PutAcl {
    scope: String,
    principal: String,
    permission: Permission,
}

fn put_acl(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: PutAcl = cx.read("workspace.PutAcl")?;
    let kinds = [PrincipalKind::User, PrincipalKind::Group, PrincipalKind::ServicePrincipal];
    let is_known = kinds.into_iter().any(|kind| cx.knows(kind, &wanted.principal));
    let scope = scope(cx, &wanted.scope, Permission::Manage)?;
    if !is_known {
        return Err(ApiError::invalid(format!("User or group {} does not exist.", wanted.principal)));
    }
    scope.acls.insert(wanted.principal, wanted.permission);
    Ok(Answer::empty())
}

#[derive(Deserialize)]
struct DeleteAcl {
    scope: String,
    principal: String,
}

fn delete_acl(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: DeleteAcl = cx.read("workspace.DeleteAcl")?;
    let scope = scope(cx, &wanted.scope, Permission::Manage)?;
    scope
        .acls
        .remove(&wanted.principal)
        .map(|_| Answer::empty())
        .ok_or_else(|| no_acl(&wanted.scope, &wanted.principal))
}

fn get_acl(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (name, principal) = (cx.required("scope")?.to_owned(), cx.required("principal")?.to_owned());
    let scope = scope(cx, &name, Permission::Manage)?;
    let permission = scope.acls.get(&principal).ok_or_else(|| no_acl(&name, &principal))?;
    Ok(Answer::json(&json!({"principal": principal, "permission": permission})))
}

fn list_acls(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let name = cx.required("scope")?.to_owned();
    let scope = scope(cx, &name, Permission::Manage)?;
    let all: Vec<Value> = scope
        .acls
        .iter()
        .map(|(principal, permission)| json!({"principal": principal, "permission": permission}))
        .collect();
    Ok(Answer::json(&json!({"items": all})))
}

/// A scope in which the caller may do as much as `least`.
fn scope<'a>(cx: &'a mut Cx<'_>, name: &str, least: Permission) -> Result<&'a mut Scope, ApiError> {
    let me = name_of_caller(cx)?;
    let caller = cx.caller()?.clone();
    let admin = cx.administers(&caller)?;
    let groups: Vec<String> = caller
        .groups
        .iter()
        .filter_map(|id| cx.state.principals.get(id).map(|group| group.display_name.clone()))
        .collect();
    let workspace = cx.workspace()?;
    let scope =
        workspace.scopes.get_mut(name).ok_or_else(|| ApiError::missing(format!("Scope {name} does not exist!")))?;
    let allowed = admin
        || groups
            .iter()
            .map(String::as_str)
            .chain([me.as_str(), "users"])
            .any(|who| scope.acls.get(who).is_some_and(|have| *have >= least));
    if allowed {
        Ok(scope)
    } else {
        Err(ApiError::denied(format!("User {me} does not have {least:?} permission on scope {name}.")))
    }
}

fn name_of_caller(cx: &Cx<'_>) -> Result<String, ApiError> {
    let caller = cx.caller()?;
    Ok(cx.state.principals.get(&caller.principal).map(|one| one.application_id.clone()).unwrap_or_default())
}

fn no_secret(scope: &str, key: &str) -> ApiError {
    ApiError::missing(format!("Failed to get secret {key} for scope {scope}: it does not exist."))
}

fn no_acl(scope: &str, principal: &str) -> ApiError {
    ApiError::missing(format!("No ACL for {principal} on scope {scope}."))
}

/// `^[\w\.@_/-]{1,128}$`.
fn check_name(what: &str, name: &str) -> Result<(), ApiError> {
    let good = (1..=128).contains(&name.chars().count())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@' | '/' | '-'));
    if good {
        Ok(())
    } else {
        Err(ApiError::invalid(format!("{what} name {name:?} must match the regex [\\w\\.@_/-]{{1,128}}.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let check = |name: &str, expected: bool| assert_eq!(check_name("Scope", name).is_ok(), expected, "{name}");
        check("ssh-tunnel-demo", true);
        check("a.b@c/d_e", true);
        check("", false);
        check("a b", false);
        check(&"a".repeat(129), false);
    }

    #[test]
    fn a_stronger_permission_includes_the_weaker() {
        assert!(Permission::Manage > Permission::Write && Permission::Write > Permission::Read);
    }
}
