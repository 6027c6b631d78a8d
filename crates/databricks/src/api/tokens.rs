//! Personal access tokens of the caller: `/api/2.0/token/{create,list,delete}` and `PATCH /api/2.0/token/{id}`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/tokens>. Times are epoch milliseconds; an expiry of −1 or 0 is never.

use secret::Secret;

use super::wire;

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

    /// `POST /api/2.0/token/delete`.
    pub struct RevokeToken {
        /// The token.
        pub token_id: String,
    }
}
