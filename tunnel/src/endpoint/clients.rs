//! The clients of an endpoint: the public keys that registered themselves in its secret scope, one secret each.

use databricks::Client;
use databricks::api::secrets::{self, SecretMetadata};
use secret::Secret;
use ssh_endpoint::{AUTHORIZED_KEYS, CLIENT_PUBLIC_KEY_PREFIX, SshEndpoint, client_secret_name};
use ssh_key::{HashAlg, PublicKey};

use crate::error::{Error, Result};
use crate::known_hosts;
use crate::workspace::explain;

/// A key that may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The secret that holds it; `None` for one that the configuration lists.
    pub secret: Option<String>,
    /// The key, as an OpenSSH line.
    pub line: String,
    /// When it was registered, in milliseconds since 1970.
    pub since: Option<i64>,
}

impl Registered {
    /// The key's fingerprint, as ssh-keygen prints it, and its comment.
    pub fn describe(&self) -> (String, String) {
        match PublicKey::from_openssh(&self.line) {
            Ok(key) => (key.fingerprint(HashAlg::Sha256).to_string(), key.comment().to_string()),
            Err(_) => ("not a public key".to_owned(), String::new()),
        }
    }

    /// Whether it is this key, whatever the comments.
    pub fn is(&self, line: &str) -> bool {
        let key = known_hosts::parse(&self.line);
        key.is_some() && key == known_hosts::parse(line)
    }
}

async fn list(client: &Client, endpoint: &SshEndpoint) -> Result<Vec<SecretMetadata>> {
    let scope = &endpoint.secret_scope;
    let found = secrets::list(client, scope).await;
    found.map_err(|error| explain(error, "cannot look at the endpoint's clients"))?.ok_or_else(|| {
        Error::new(format!("the endpoint's secret scope {scope} does not exist"))
            .way_out("Apply the configuration again.")
    })
}

/// All keys that may log in: those that the configuration lists, and those that registered themselves.
///
/// # Errors
/// When the scope cannot be read.
pub async fn registered(client: &Client, endpoint: &SshEndpoint) -> Result<Vec<Registered>> {
    let mut all = Vec::new();
    for found in list(client, endpoint).await? {
        let is_listed = found.key == AUTHORIZED_KEYS;
        if !is_listed && !found.key.starts_with(CLIENT_PUBLIC_KEY_PREFIX) {
            continue;
        }
        let text = secrets::get(client, &endpoint.secret_scope, &found.key).await;
        // Removed since it was listed.
        let Some(text) = text.map_err(|error| explain(error, "cannot read a client's key"))? else { continue };
        all.extend(text.expose().lines().filter(|line| known_hosts::parse(line).is_some()).map(|line| Registered {
            secret: (!is_listed).then(|| found.key.clone()),
            line: line.trim().to_owned(),
            since: found.last_updated_timestamp,
        }));
    }
    Ok(all)
}

/// Puts a public key into the endpoint's scope, where it is not there yet.
///
/// # Errors
/// When the scope cannot be read or written.
pub async fn register(client: &Client, endpoint: &SshEndpoint, public_line: &str) -> Result<()> {
    let name = client_secret_name(public_line);
    let scope = &endpoint.secret_scope;
    let list = list(client, endpoint).await?;
    let has = |name: &str| list.iter().any(|secret| secret.key == name);
    if has(&name) {
        return Ok(());
    }
    if has(AUTHORIZED_KEYS) {
        let listed = secrets::get(client, scope, AUTHORIZED_KEYS).await.ok().flatten();
        let ours = known_hosts::parse(public_line);
        if listed.is_some_and(|text| text.expose().lines().any(|line| known_hosts::parse(line) == ours)) {
            return Ok(());
        }
    }
    secrets::put(client, scope, &name, &Secret::new(format!("{public_line}\n"))).await.map_err(|error| {
        let denied = error.status() == Some(403);
        let described = explain(error, "cannot register this machine's key with the endpoint");
        if denied {
            described.way_out(format!("Ask for this line in client_public_keys of the endpoint:\n{public_line}"))
        } else {
            described
        }
    })
}

/// Takes a key away that registered itself. One that has gone already is no error.
///
/// # Errors
/// When the scope cannot be written.
pub async fn remove(client: &Client, endpoint: &SshEndpoint, secret: &str) -> Result<()> {
    let removed = secrets::delete(client, &endpoint.secret_scope, secret).await;
    removed.map_err(|error| explain(error, "cannot remove a client's key"))
}
