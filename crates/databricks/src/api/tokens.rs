//! Personal access tokens of the caller: `/api/2.0/token/{create,list,delete}` and `PATCH /api/2.0/token/{id}`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/tokens>. Times are epoch milliseconds; an expiry of −1 or 0 is never.

use secret::Secret;
use serde_json::json;

use super::wire;
use crate::{Client, Error, IfExists, Request};

wire! {
    /// `POST /api/2.0/token/create`.
    pub struct CreateToken {
        /// What it is for.
        pub comment: String,
        /// Seconds that it lives; without one, as long as the workspace allows.
        pub lifetime_seconds: Option<i64>,
        /// API scopes; none is all.
        pub scopes: Vec<String>,
        /// Whether the service finds the scopes by watching.
        pub autoscope_enabled: Option<bool>,
    }

    /// Its answer: the only one with the token's value.
    pub struct CreateTokenResponse {
        /// What is known of the token.
        pub token_info: TokenInfo,
        /// The token.
        pub token_value: Secret<String>,
    }

    /// What is known of a token.
    pub struct TokenInfo {
        /// Its id.
        pub token_id: String,
        /// What it is for.
        pub comment: String,
        /// Epoch milliseconds.
        pub creation_time: Option<i64>,
        /// Epoch milliseconds; −1 or 0 is never.
        pub expiry_time: Option<i64>,
        /// API scopes.
        pub scopes: Vec<String>,
    }

    /// `GET /api/2.0/token/list`.
    pub struct ListTokens {
        /// The caller's tokens.
        pub token_infos: Vec<TokenInfo>,
    }
}

/// Where they are served.
const PATH: &str = "/api/2.0/token";

/// Issues a token.
///
/// # Errors
/// Whatever the API refuses.
pub async fn create(client: &Client, token: &CreateToken) -> Result<CreateTokenResponse, Error> {
    client.send(Request::post(format!("{PATH}/create")).json(token)?).await
}

/// The caller's tokens. `shared`: a list that was read a moment ago will do.
///
/// # Errors
/// Whatever the API refuses.
pub async fn list(client: &Client, shared: bool) -> Result<Vec<TokenInfo>, Error> {
    let request = Request::get(format!("{PATH}/list"));
    let all: ListTokens = client.send(if shared { request.shared() } else { request }).await?;
    Ok(all.token_infos)
}

/// Changes what a token says it is for.
///
/// # Errors
/// Whatever the API refuses.
pub async fn describe(client: &Client, id: &str, comment: &str) -> Result<(), Error> {
    // An empty text is left out of a struct of the wire, and here it is the new comment.
    let body = json!({ "token": { "comment": comment }, "update_mask": "comment" });
    client.send(Request::patch(format!("{PATH}/{}", crate::segment(id))).json(&body)?).await
}

/// Revokes a token; whether it was there. One that is gone is no error.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn revoke(client: &Client, id: &str) -> Result<bool, Error> {
    let request = Request::post(format!("{PATH}/delete")).json(&json!({ "token_id": id }))?.idempotent();
    Ok(client.send::<()>(request).await.if_exists()?.is_some())
}
