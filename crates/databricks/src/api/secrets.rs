//! Secret scopes, secrets and their access lists: `/api/2.0/secrets/…`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/secrets>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secret::Secret;

use super::wire;
use crate::{Client, Error, IfExists, Request};

wire! {
    /// `POST /api/2.0/secrets/scopes/create`.
    pub struct CreateScope {
        /// Name: 1 to 128 of letters, digits, `.`, `@`, `_`, `/`, `-`.
        pub scope: String,
        /// Who may manage it besides the creator: `users`, or nobody.
        pub initial_manage_principal: String,
        /// `DATABRICKS`, or `AZURE_KEYVAULT`.
        pub scope_backend_type: String,
        /// The vault that keeps the secrets, on Azure.
        pub backend_azure_keyvault: Option<KeyVault>,
    }

    /// A key vault of Azure.
    pub struct KeyVault {
        /// Its id in Azure.
        pub resource_id: String,
        /// Its address.
        pub dns_name: String,
    }

    /// `POST /api/2.0/secrets/scopes/delete`.
    pub struct DeleteScope {
        /// The scope.
        pub scope: String,
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

    /// `GET /api/2.0/secrets/scopes/list`.
    pub struct ListScopes {
        /// The scopes that the caller may read.
        pub scopes: Vec<SecretScope>,
    }

    /// `POST /api/2.0/secrets/acls/put` and `…/delete`, and what lists tell.
    pub struct SecretAcl {
        /// The scope; no list tells it.
        pub scope: String,
        /// Mail address of a user, application id of a service principal, or name of a group.
        pub principal: String,
        /// `READ`, `WRITE` or `MANAGE`.
        pub permission: String,
    }

    /// `GET /api/2.0/secrets/acls/list?scope=…`.
    pub struct ListAcls {
        /// Who may do what.
        pub items: Vec<SecretAcl>,
    }

    /// What is known of a scope.
    pub struct SecretScope {
        /// Its name.
        pub name: String,
        /// Who keeps its secrets: `DATABRICKS`, or `AZURE_KEYVAULT`.
        pub backend_type: String,
        /// The vault that keeps them, on Azure.
        pub keyvault_metadata: Option<KeyVault>,
    }

    /// What is known of a secret.
    pub struct SecretMetadata {
        /// The key.
        pub key: String,
        /// Epoch milliseconds.
        pub last_updated_timestamp: Option<i64>,
    }
}

/// Makes a scope that its creator manages. One that is there is no error.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn create_scope(client: &Client, scope: &str) -> Result<(), Error> {
    match client.send(creation_of(&named(scope))?.idempotent()).await {
        Err(error) if error.is_already_exists() => Ok(()),
        other => other,
    }
}

/// Makes a scope that its creator manages; false for one that is there already.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn new_scope(client: &Client, scope: &str) -> Result<bool, Error> {
    match make_scope(client, &named(scope)).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_already_exists() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes a scope as it is described. One that is there is an error.
///
/// # Errors
/// Whatever the API refuses.
pub async fn make_scope(client: &Client, scope: &CreateScope) -> Result<(), Error> {
    client.send(creation_of(scope)?).await
}

fn named(scope: &str) -> CreateScope {
    CreateScope { scope: scope.to_owned(), ..CreateScope::default() }
}

fn creation_of(scope: &CreateScope) -> Result<Request, Error> {
    Request::post("/api/2.0/secrets/scopes/create").json(scope)
}

/// Removes a scope with all that is in it. One that is gone is no error.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn delete_scope(client: &Client, scope: &str) -> Result<(), Error> {
    let body = DeleteScope { scope: scope.to_owned() };
    let request = Request::post("/api/2.0/secrets/scopes/delete").json(&body)?.idempotent();
    client.send::<()>(request).await.if_exists()?;
    Ok(())
}

/// The names of the scopes that the caller may read.
///
/// # Errors
/// Whatever the API refuses.
pub async fn scopes(client: &Client) -> Result<Vec<String>, Error> {
    let list: ListScopes = client.send(listing("scopes/list", None, false)).await?;
    Ok(list.scopes.into_iter().map(|scope| scope.name).collect())
}

/// A scope that the caller may read; `None` where there is none. `shared`: a list that was read a moment ago will do.
///
/// # Errors
/// Whatever the API refuses.
pub async fn scope(client: &Client, name: &str, shared: bool) -> Result<Option<SecretScope>, Error> {
    let list: ListScopes = client.send(listing("scopes/list", None, shared)).await?;
    Ok(list.scopes.into_iter().find(|scope| scope.name == name))
}

/// A list below `/api/2.0/secrets`, of a scope where it has one.
fn listing(of: &str, scope: Option<&str>, shared: bool) -> Request {
    let request = Request::get(format!("/api/2.0/secrets/{of}"));
    let request = scope.into_iter().fold(request, |request, scope| request.query("scope", scope));
    if shared { request.shared() } else { request }
}

/// The secrets of a scope, without their values; `None` without the scope.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn list(client: &Client, scope: &str) -> Result<Option<Vec<SecretMetadata>>, Error> {
    let list = client.send::<ListSecrets>(listing("list", Some(scope), false)).await;
    Ok(list.if_exists()?.map(|list| list.secrets))
}

/// What is known of a secret, without its value; `None` where there is none. `shared`: a list that was read a moment ago will do.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn find(client: &Client, scope: &str, key: &str, shared: bool) -> Result<Option<SecretMetadata>, Error> {
    let list = client.send::<ListSecrets>(listing("list", Some(scope), shared)).await.if_exists()?;
    Ok(list.and_then(|list| list.secrets.into_iter().find(|secret| secret.key == key)))
}

/// The names of a scope's secrets; `None` without the scope.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn names(client: &Client, scope: &str) -> Result<Option<Vec<String>>, Error> {
    Ok(list(client, scope).await?.map(|secrets| secrets.into_iter().map(|secret| secret.key).collect()))
}

/// A secret's text; `None` where there is none. What is no base64 of a text is read as empty.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn get(client: &Client, scope: &str, key: &str) -> Result<Option<Secret<String>>, Error> {
    let request = Request::get("/api/2.0/secrets/get").query("scope", scope).query("key", key);
    let found = client.send::<GetSecret>(request).await.if_exists()?;
    Ok(found.map(|secret| {
        let bytes = STANDARD.decode(secret.value.expose()).unwrap_or_default();
        Secret::new(String::from_utf8(bytes).unwrap_or_default())
    }))
}

/// Writes a secret, over one that is there.
///
/// # Errors
/// Whatever the API refuses.
pub async fn put(client: &Client, scope: &str, key: &str, value: &Secret<String>) -> Result<(), Error> {
    let body = PutSecret {
        scope: scope.to_owned(),
        key: key.to_owned(),
        string_value: Some(value.clone()),
        bytes_value: None,
    };
    client.send(Request::post("/api/2.0/secrets/put").json(&body)?.idempotent()).await
}

/// Removes a secret. One that is gone is no error.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn delete(client: &Client, scope: &str, key: &str) -> Result<(), Error> {
    let body = DeleteSecret { scope: scope.to_owned(), key: key.to_owned() };
    client.send::<()>(Request::post("/api/2.0/secrets/delete").json(&body)?.idempotent()).await.if_exists()?;
    Ok(())
}

/// Who may do what in a scope; it takes MANAGE to ask. Nobody where there is no scope.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn acls(client: &Client, scope: &str) -> Result<Vec<SecretAcl>, Error> {
    let list = client.send::<ListAcls>(listing("acls/list", Some(scope), false)).await;
    Ok(list.if_exists()?.unwrap_or_default().items)
}

/// What a principal may do in a scope: `READ`, `WRITE` or `MANAGE`; `None` for nothing, and without the scope. `shared`: a list
/// that was read a moment ago will do.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn permission(client: &Client, scope: &str, principal: &str, shared: bool) -> Result<Option<String>, Error> {
    let list = client.send::<ListAcls>(listing("acls/list", Some(scope), shared)).await.if_exists()?;
    let items = list.unwrap_or_default().items;
    Ok(items.into_iter().find(|item| item.principal == principal).map(|item| item.permission))
}

/// Lets a principal do this in a scope, and no more than this.
///
/// # Errors
/// Whatever the API refuses.
pub async fn put_acl(client: &Client, scope: &str, principal: &str, permission: &str) -> Result<(), Error> {
    let (scope, principal, permission) = (scope.to_owned(), principal.to_owned(), permission.to_owned());
    let body = SecretAcl { scope, principal, permission };
    client.send(Request::post("/api/2.0/secrets/acls/put").json(&body)?.idempotent()).await
}

/// Lets a principal do nothing in a scope any more. Who could do nothing is no error.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn delete_acl(client: &Client, scope: &str, principal: &str) -> Result<(), Error> {
    let body = SecretAcl { scope: scope.to_owned(), principal: principal.to_owned(), permission: String::new() };
    client.send::<()>(Request::post("/api/2.0/secrets/acls/delete").json(&body)?.idempotent()).await.if_exists()?;
    Ok(())
}
