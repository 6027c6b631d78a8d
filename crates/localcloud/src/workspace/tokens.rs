//! Personal access tokens of the caller. <https://docs.databricks.com/api/workspace/tokens>

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, ApiError, set};
use crate::call::Cx;
use crate::principal::{fresh_secret, hash};
use crate::route::{Route, route};

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

/// A personal access token. Its value is not kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    id: String,
    pub(crate) hash: String,
    /// SCIM id.
    pub(crate) owner: String,
    comment: String,
    created: i64,
    /// Milliseconds since 1970, or -1 for never.
    expires: i64,
    scopes: Vec<String>,
}

impl Token {
    pub(crate) fn is_expired(&self, now: i64) -> bool {
        self.expires >= 0 && self.expires <= now
    }

    fn view(&self) -> Value {
        let mut view = json!({
            "token_id": self.id,
            "creation_time": self.created,
            "expiry_time": self.expires,
            "comment": self.comment,
        });
        if !self.scopes.is_empty() {
            set(&mut view, "scopes", json!(self.scopes));
        }
        view
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    lifetime_seconds: Option<i64>,
    comment: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(rename = "autoscope_enabled")]
    _autoscope_enabled: Option<bool>,
}

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Create = cx.body()?;
    let expires = match wanted.lifetime_seconds {
        None => -1,
        Some(seconds) if (1..=LONGEST_SECONDS).contains(&seconds) => cx.now.saturating_add(seconds * 1000),
        Some(seconds) => {
            return Err(ApiError::invalid(format!(
                "lifetime_seconds {seconds} is not between 1 and {LONGEST_SECONDS}."
            )));
        }
    };
    let owner = cx.caller()?.principal.clone();
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
        comment: wanted.comment.unwrap_or_default(),
        created: now,
        expires,
        scopes: wanted.scopes,
    };
    let answer = Answer::json(&json!({"token_value": value.expose(), "token_info": token.view()}));
    workspace.tokens.insert(token.id.clone(), token);
    Ok(answer)
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let owner = cx.caller()?.principal.clone();
    let now = cx.now;
    let tokens = cx.workspace()?.tokens.values();
    let mine: Vec<Value> =
        tokens.filter(|token| token.owner == owner && !token.is_expired(now)).map(Token::view).collect();
    Ok(Answer::json(&json!({"token_infos": mine})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {
    token_id: String,
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Delete = cx.body()?;
    own(cx, &wanted.token_id)?;
    cx.workspace()?.tokens.remove(&wanted.token_id);
    Ok(Answer::empty())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    token: Changes,
    update_mask: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    comment: Option<String>,
    scopes: Option<Vec<String>>,
    #[serde(rename = "token_id")]
    _token_id: Option<String>,
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Update = cx.body()?;
    let id = cx.param("id").to_owned();
    let token = own(cx, &id)?;
    for field in wanted.update_mask.split(',').map(str::trim) {
        match field {
            "comment" => token.comment = wanted.token.comment.clone().unwrap_or_default(),
            "scopes" => token.scopes = wanted.token.scopes.clone().unwrap_or_default(),
            other => return Err(ApiError::invalid(format!("{other:?} in update_mask cannot be updated."))),
        }
    }
    Ok(Answer::json(&json!({"token_info": token.view()})))
}

/// A token of the caller.
fn own<'a>(cx: &'a mut Cx<'_>, id: &str) -> Result<&'a mut Token, ApiError> {
    let owner = cx.caller()?.principal.clone();
    let token = cx.workspace()?.tokens.get_mut(id).filter(|token| token.owner == owner);
    token.ok_or_else(|| ApiError::missing(format!("Token with ID {id} does not exist!")))
}
