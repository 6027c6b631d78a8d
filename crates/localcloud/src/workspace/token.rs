//! A personal access token.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::set;

/// A personal access token. Its value is not kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(super) id: String,
    pub(crate) hash: String,
    /// SCIM id.
    pub(crate) owner: String,
    pub(super) comment: String,
    pub(super) created: i64,
    /// Milliseconds since 1970, or -1 for never.
    pub(super) expires: i64,
    pub(super) scopes: Vec<String>,
}

impl Token {
    pub(crate) fn is_expired(&self, now: i64) -> bool {
        self.expires >= 0 && self.expires <= now
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn comment(&self) -> &str {
        &self.comment
    }

    pub(crate) fn view(&self) -> Value {
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
