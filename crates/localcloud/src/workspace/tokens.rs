//! Personal access tokens of the caller. <https://docs.databricks.com/api/workspace/tokens>

use http::Method;
use secret::Secret;
use serde_json::{Map, Value, json};

use super::token::Token;
use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::principal::{fresh_secret, hash};
use crate::route::{Route, route};
use crate::store::{fields, mask};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/token/create", create),
    route(Method::GET, "/api/2.0/token/list", list),
    route(Method::POST, "/api/2.0/token/delete", delete),
    route(Method::PATCH, "/api/2.0/token/{id}", update),
];

/// The longest lifetime of a token: 730 days.
const LONGEST_SECONDS: i64 = 63_072_000;
/// Tokens that one principal can have in a workspace.
const MOST: usize = 600;

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("settings.CreateTokenRequest", cx.body_value()?, cx.strictness())?;
    let owner = cx.caller()?.principal.clone();
    let (token, value) = issue(cx, owner, &wanted)?;
    Ok(Answer::json(&json!({"token_value": value.expose(), "token_info": token.view()})))
}

/// Makes a token for somebody, with its value.
pub(crate) fn issue(
    cx: &mut Cx<'_>,
    owner: String,
    wanted: &Map<String, Value>,
) -> Result<(Token, Secret<String>), ApiError> {
    let expires = match wanted.get("lifetime_seconds").and_then(Value::as_i64) {
        None => -1,
        Some(seconds) if (1..=LONGEST_SECONDS).contains(&seconds) => cx.now.saturating_add(seconds * 1000),
        Some(seconds) => {
            return Err(ApiError::invalid(format!(
                "lifetime_seconds {seconds} is not between 1 and {LONGEST_SECONDS}."
            )));
        }
    };
    let now = cx.now;
    let workspace = cx.workspace()?;
    if workspace.tokens.values().filter(|token| token.owner == owner).count() >= MOST {
        return Err(ApiError::new(
            http::StatusCode::BAD_REQUEST,
            "QUOTA_EXCEEDED",
            format!("A principal can have {MOST} tokens in a workspace."),
        ));
    }
    let value = fresh_secret("dapi");
    let id: [u8; 32] = rand::random();
    let token = Token {
        id: hex::encode(id),
        hash: hash(value.expose()),
        owner,
        comment: wanted.get("comment").and_then(Value::as_str).unwrap_or_default().to_owned(),
        created: now,
        expires,
        scopes: scopes_of(wanted),
    };
    workspace.tokens.insert(token.id.clone(), token.clone());
    Ok((token, value))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let owner = cx.caller()?.principal.clone();
    let now = cx.now;
    let tokens = cx.workspace()?.tokens.values();
    let mine: Vec<Value> =
        tokens.filter(|token| token.owner == owner && !token.is_expired(now)).map(Token::view).collect();
    Ok(Answer::json(&json!({"token_infos": mine})))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("settings.RevokeTokenRequest", cx.body_value()?, cx.strictness())?;
    let id = wanted.get("token_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    own(cx, &id)?;
    cx.workspace()?.tokens.remove(&id);
    Ok(Answer::empty())
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("settings.UpdateTokenRequest", cx.body_value()?, cx.strictness())?;
    let changes = wanted.get("token").and_then(Value::as_object).cloned().unwrap_or_default();
    let id = cx.param("id").to_owned();
    let token = own(cx, &id)?;
    for field in mask::paths(wanted.get("update_mask").and_then(Value::as_str).unwrap_or_default()) {
        match field {
            "comment" => {
                token.comment = changes.get("comment").and_then(Value::as_str).unwrap_or_default().to_owned();
            }
            "scopes" => token.scopes = scopes_of(&changes),
            other => return Err(ApiError::invalid(format!("{other:?} in update_mask cannot be updated."))),
        }
    }
    Ok(Answer::json(&json!({"token_info": token.view()})))
}

fn scopes_of(wanted: &Map<String, Value>) -> Vec<String> {
    let scopes = wanted.get("scopes").and_then(Value::as_array).into_iter().flatten();
    scopes.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// A token of the caller.
fn own<'a>(cx: &'a mut Cx<'_>, id: &str) -> Result<&'a mut Token, ApiError> {
    let owner = cx.caller()?.principal.clone();
    let token = cx.workspace()?.tokens.get_mut(id).filter(|token| token.owner == owner);
    token.ok_or_else(|| ApiError::missing(format!("Token with ID {id} does not exist!")))
}
