//! OAuth: the discovery document and the token endpoint's answers.
//!
//! Reference: <https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m>, RFC 6749 section 5, RFC 8414.

use secret::Secret;

use super::wire;

wire! {
    /// `GET {host}/oidc/.well-known/oauth-authorization-server`.
    pub struct Discovery {
        /// Where a person signs in.
        pub authorization_endpoint: String,
        /// Where tokens are fetched, normally `{host}/oidc/v1/token`.
        pub token_endpoint: String,
    }

    /// The token endpoint's answer.
    pub struct Token {
        /// The bearer token.
        pub access_token: Secret<String>,
        /// What the next one is had for, where a person signed in.
        pub refresh_token: Option<Secret<String>>,
        /// `Bearer`.
        pub token_type: String,
        /// Seconds that it lives, 3600 usually.
        pub expires_in: Option<i64>,
        /// What it is good for: `all-apis`.
        pub scope: String,
    }
}
