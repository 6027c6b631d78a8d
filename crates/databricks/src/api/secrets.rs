//! Secret scopes, secrets and their access lists: `/api/2.0/secrets/…`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/secrets>.

use secret::Secret;

use super::wire;

wire! {
    /// `POST /api/2.0/secrets/scopes/create`.
    pub struct CreateScope {
        /// Name: 1 to 128 of letters, digits, `.`, `@`, `_`, `/`, `-`.
        pub scope: String,
        /// Who may manage it besides the creator: `users`, or nobody.
        pub initial_manage_principal: String,
        /// `DATABRICKS`.
        pub scope_backend_type: String,
    }

    /// `POST /api/2.0/secrets/scopes/delete`.
    pub struct DeleteScope {
        /// The scope.
        pub scope: String,
    }

    /// `GET /api/2.0/secrets/scopes/list`.
    pub struct ListScopes {
        /// All of them.
        pub scopes: Vec<Scope>,
    }

    /// A scope.
    pub struct Scope {
        /// Its name.
        pub name: String,
        /// `DATABRICKS`.
        pub backend_type: String,
    }

    /// `POST /api/2.0/secrets/put`: writes or overwrites.
    pub struct PutSecret {
        /// The scope.
        pub scope: String,
        /// The key in it.
        pub key: String,
        /// The value as text.
        pub string_value: Option<Secret<String>>,
        /// The value as base64 of bytes.
        pub bytes_value: Option<Secret<String>>,
    }

    /// `POST /api/2.0/secrets/delete`.
    pub struct DeleteSecret {
        /// The scope.
        pub scope: String,
        /// The key in it.
        pub key: String,
    }

    /// `GET /api/2.0/secrets/get?scope=…&key=…`.
    pub struct GetSecret {
        /// The key.
        pub key: String,
        /// The value, in base64.
        pub value: Secret<String>,
    }

    /// `GET /api/2.0/secrets/list?scope=…`.
    pub struct ListSecrets {
        /// The keys, without values.
        pub secrets: Vec<SecretMetadata>,
    }

    /// What is known of a secret.
    pub struct SecretMetadata {
        /// The key.
        pub key: String,
        /// Epoch milliseconds.
        pub last_updated_timestamp: Option<i64>,
    }

    /// `POST /api/2.0/secrets/acls/put`.
    pub struct PutAcl {
        /// The scope.
        pub scope: String,
        /// User, group or application id.
        pub principal: String,
        /// READ, WRITE or MANAGE.
        pub permission: String,
    }

    /// `POST /api/2.0/secrets/acls/delete`.
    pub struct DeleteAcl {
        /// The scope.
        pub scope: String,
        /// User, group or application id.
        pub principal: String,
    }

    /// One entry of an access list: `GET /api/2.0/secrets/acls/get?scope=…&principal=…`.
    pub struct AclItem {
        /// User, group or application id.
        pub principal: String,
        /// READ, WRITE or MANAGE.
        pub permission: String,
    }

    /// `GET /api/2.0/secrets/acls/list?scope=…`.
    pub struct ListAcls {
        /// All of them.
        pub items: Vec<AclItem>,
    }
}
