//! All tokens of a workspace, for its admins. <https://docs.databricks.com/api/workspace/tokenmanagement>

use http::Method;
use serde_json::{Value, json};

use super::token::Token;
use super::tokens;
use crate::answer::{Answer, ApiError, set};
use crate::call::Cx;
use crate::route::{Route, route};
use crate::store::fields;

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/token-management/on-behalf-of/tokens", create),
    route(Method::GET, "/api/2.0/token-management/tokens", list),
    route(Method::GET, "/api/2.0/token-management/tokens/{id}", get),
    route(Method::DELETE, "/api/2.0/token-management/tokens/{id}", delete),
];

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.require_workspace_admin("make tokens for others")?;
    let wanted = fields::check("settings.CreateOboTokenRequest", cx.body_value()?, cx.strictness())?;
    let text = |field: &str| wanted.get(field).and_then(Value::as_str).unwrap_or_default();
    let application = text("application_id");
    let owner = cx.state.principal_by_application(application).map(|one| one.id.clone());
    let owner = owner.filter(|id| cx.workspace().is_ok_and(|workspace| workspace.is_member(id)));
    let missing = || ApiError::missing(format!("Service principal {application} does not exist."));
    let owner = owner.ok_or_else(missing)?;
    let (token, value) = tokens::issue(cx, owner, &wanted)?;
    let info = view(cx, &token);
    Ok(Answer::json(&json!({"token_value": value.expose(), "token_info": info})))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    cx.require_workspace_admin("list the tokens of others")?;
    let now = cx.now;
    let id = match cx.query("created_by_id") {
        None => None,
        Some(id) => {
            Some(id.parse::<i64>().map_err(|_| ApiError::invalid(format!("created_by_id {id} is no number.")))?)
        }
    };
    let name = cx.query("created_by_username").map(str::to_owned);
    let all: Vec<Token> = cx.workspace()?.tokens.values().filter(|token| !token.is_expired(now)).cloned().collect();
    let all: Vec<Value> = all
        .iter()
        .map(|token| view(cx, token))
        .filter(|view| {
            id.is_none_or(|id| view.get("created_by_id") == Some(&json!(id)))
                && name.as_ref().is_none_or(|name| view.get("created_by_username") == Some(&json!(name)))
        })
        .collect();
    Ok(Answer::json(&json!({"token_infos": all})))
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let token = find(cx)?;
    Ok(Answer::json(&json!({"token_info": view(cx, &token)})))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let token = find(cx)?;
    cx.workspace()?.tokens.remove(&token.id);
    Ok(Answer::empty())
}

fn find(cx: &mut Cx<'_>) -> Result<Token, ApiError> {
    cx.require_workspace_admin("manage the tokens of others")?;
    let id = cx.param("id").to_owned();
    let found = cx.workspace()?.tokens.get(&id).cloned();
    found.ok_or_else(|| ApiError::missing(format!("Token with ID {id} does not exist!")))
}

fn view(cx: &Cx<'_>, token: &Token) -> Value {
    let mut view = token.view();
    let owner = cx.state.principals.get(&token.owner);
    let number: i64 = token.owner.parse().unwrap_or_default();
    set(&mut view, "owner_id", json!(number));
    set(&mut view, "created_by_id", json!(number));
    set(&mut view, "created_by_username", json!(owner.map(|one| one.application_id.as_str()).unwrap_or_default()));
    set(&mut view, "workspace_id", json!(cx.call.workspace));
    view
}
