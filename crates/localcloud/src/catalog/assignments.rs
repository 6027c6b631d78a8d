//! Which metastore a workspace has. <https://docs.databricks.com/api/account/metastoreassignments>

use http::Method;
use serde_json::{Value, json};

use super::metastores;
use crate::answer::{Answer, ApiError};
use crate::call::{Cx, created};
use crate::route::{Route, route};
use crate::state::Workspace;
use crate::store::fields;

/// The endpoints at the account's host.
pub(crate) const ACCOUNT: &[Route] = &[
    route(Method::GET, "/api/2.0/accounts/{account_id}/workspaces/{workspace}/metastore", get),
    route(Method::POST, "/api/2.0/accounts/{account_id}/workspaces/{workspace}/metastores/{id}", assign),
    route(Method::PUT, "/api/2.0/accounts/{account_id}/workspaces/{workspace}/metastores/{id}", assign),
    route(Method::DELETE, "/api/2.0/accounts/{account_id}/workspaces/{workspace}/metastores/{id}", end),
    route(Method::GET, "/api/2.0/accounts/{account_id}/metastores/{id}/workspaces", workspaces),
];

/// The endpoints at a workspace's host.
pub(crate) const WORKSPACE: &[Route] = &[
    route(Method::PUT, "/api/2.1/unity-catalog/workspaces/{workspace}/metastore", assign),
    route(Method::PATCH, "/api/2.1/unity-catalog/workspaces/{workspace}/metastore", assign),
    route(Method::DELETE, "/api/2.1/unity-catalog/workspaces/{workspace}/metastore", end),
    route(Method::GET, "/api/2.1/unity-catalog/current-metastore-assignment", current),
    route(Method::GET, "/api/2.1/unity-catalog/metastore_summary", summary),
];

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let assignment = view(of_path(cx)?)?;
    Ok(Answer::json(&json!({"metastore_assignment": assignment})))
}

fn current(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    view(cx.workspace()?).map(|assignment| Answer::json(&assignment))
}

fn summary(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.metastore()?;
    let object = metastores::KIND.find(cx, &id)?.clone();
    Ok(Answer::json(&metastores::KIND.shown(&object)))
}

fn assign(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let mut body = cx.body_value()?;
    let at_account = cx.call.workspace.is_none();
    if at_account {
        body = body.get("metastore_assignment").cloned().unwrap_or_else(|| json!({}));
    } else {
        cx.require_workspace_admin("assign metastores")?;
    }
    let wanted = fields::check("catalog.Assignment", body, cx.strictness())?;
    let text = |field: &str| wanted.get(field).and_then(Value::as_str).map(str::to_owned);
    let id = cx.call.params.get("id").cloned().or_else(|| text("metastore_id"));
    let id = match id {
        Some(id) => id,
        None => of_path(cx)?.metastore.clone().ok_or_else(|| fields::missing("metastore_id"))?,
    };
    let region = metastores::KIND.find(cx, &id)?.text("region").to_owned();
    let workspace = of_path(cx)?;
    if workspace.info.text("aws_region") != region {
        return Err(ApiError::invalid(format!("Metastore {id} is in {region}, and the workspace is not.")));
    }
    workspace.metastore = Some(id);
    workspace.default_catalog = text("default_catalog_name").or_else(|| workspace.default_catalog.take());
    Ok(if at_account { created(&json!({})) } else { Answer::empty() })
}

fn end(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let named = cx.call.params.get("id").cloned().or_else(|| cx.query("metastore_id").map(str::to_owned));
    let workspace = of_path(cx)?;
    if workspace.metastore.is_none() || workspace.metastore != named {
        return Err(not_assigned(workspace));
    }
    workspace.metastore = None;
    workspace.default_catalog = None;
    Ok(Answer::empty())
}

fn workspaces(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("id").to_owned();
    metastores::KIND.find(cx, &id)?;
    let of = cx.state.workspaces.values().filter(|workspace| workspace.metastore.as_ref() == Some(&id));
    Ok(Answer::json(&json!({"workspace_ids": of.map(|workspace| workspace.id).collect::<Vec<_>>()})))
}

fn view(workspace: &Workspace) -> Result<Value, ApiError> {
    let metastore = workspace.metastore.as_ref().ok_or_else(|| not_assigned(workspace))?;
    Ok(json!({
        "workspace_id": workspace.id,
        "metastore_id": metastore,
        "default_catalog_name": workspace.default_catalog.as_deref().unwrap_or("hive_metastore"),
    }))
}

fn of_path<'a>(cx: &'a mut Cx<'_>) -> Result<&'a mut Workspace, ApiError> {
    let text = cx.param("workspace").to_owned();
    let id: Option<i64> = text.parse().ok();
    let found = id.and_then(|id| cx.state.workspaces.get_mut(&id));
    found.ok_or_else(|| ApiError::missing(format!("Workspace {text} does not exist.")))
}

fn not_assigned(workspace: &Workspace) -> ApiError {
    let message = format!("No metastore assigned for workspace {}.", workspace.id);
    ApiError { code: "METASTORE_DOES_NOT_EXIST".to_owned(), ..ApiError::missing(message) }
}
