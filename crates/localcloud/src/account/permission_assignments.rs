//! Who may enter a workspace. <https://docs.databricks.com/api/account/workspaceassignment>

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::principal::{Principal, PrincipalKind};
use crate::route::{Route, route};
use crate::state::Workspace;

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::GET, "/api/2.0/accounts/{account_id}/workspaces/{id}/permissionassignments", list),
    route(
        Method::PUT,
        "/api/2.0/accounts/{account_id}/workspaces/{id}/permissionassignments/principals/{principal}",
        put,
    ),
    route(
        Method::DELETE,
        "/api/2.0/accounts/{account_id}/workspaces/{id}/permissionassignments/principals/{principal}",
        delete,
    ),
];

/// The same at the workspace's own host. <https://docs.databricks.com/api/workspace/permissionassignment>
pub(crate) const WORKSPACE: &[Route] = &[
    route(Method::GET, "/api/2.0/preview/permissionassignments", list),
    route(Method::PUT, "/api/2.0/preview/permissionassignments/principals/{principal}", put),
    route(Method::DELETE, "/api/2.0/preview/permissionassignments/principals/{principal}", delete),
];

#[derive(Deserialize)]
struct Put {
    #[serde(default)]
    permissions: Vec<String>,
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let principals = cx.state.principals.clone();
    let workspace = workspace(cx)?;
    let all: Vec<Value> = workspace
        .assignments
        .iter()
        .filter_map(|(id, permissions)| Some(assignment(principals.get(id)?, permissions)))
        .collect();
    Ok(Answer::json(&json!({"permission_assignments": all})))
}

fn put(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Put = cx.read("iam.UpdateWorkspaceAssignments")?;
    if let Some(other) = wanted.permissions.iter().find(|one| !["ADMIN", "USER"].contains(&one.as_str())) {
        return Err(ApiError::invalid(format!("Permission {other} is not ADMIN or USER.")));
    }
    let id = cx.param("principal").to_owned();
    let principal = cx
        .state
        .principals
        .get(&id)
        .cloned()
        .ok_or_else(|| ApiError::missing(format!("Principal {id} does not exist.")))?;
    let workspace = workspace(cx)?;
    if wanted.permissions.is_empty() {
        workspace.assignments.remove(&id);
    } else {
        workspace.assignments.insert(id, wanted.permissions.clone());
    }
    Ok(Answer::json(&assignment(&principal, &wanted.permissions)))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("principal").to_owned();
    let workspace = workspace(cx)?;
    workspace.entitlements.remove(&id);
    match workspace.assignments.remove(&id) {
        Some(_) => Ok(Answer::empty()),
        None => Err(ApiError::missing(format!("Principal {id} is not assigned to the workspace."))),
    }
}

fn workspace<'a>(cx: &'a mut Cx<'_>) -> Result<&'a mut Workspace, ApiError> {
    if cx.call.workspace.is_some() {
        cx.require_workspace_admin("assign principals")?;
        return cx.workspace();
    }
    let text = cx.param("id").to_owned();
    let id: Option<i64> = text.parse().ok();
    id.and_then(|id| cx.state.workspaces.get_mut(&id))
        .ok_or_else(|| ApiError::missing(format!("Workspace {text} does not exist.")))
}

fn assignment(principal: &Principal, permissions: &[String]) -> Value {
    let field = match principal.kind {
        PrincipalKind::ServicePrincipal => "service_principal_name",
        PrincipalKind::User => "user_name",
        PrincipalKind::Group => "group_name",
    };
    json!({
        "principal": {
            "principal_id": principal.id.parse::<i64>().unwrap_or_default(),
            (field): principal.login(),
            "display_name": principal.display_name,
        },
        "permissions": permissions,
    })
}
