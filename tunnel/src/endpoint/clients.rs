//! The clients of an endpoint: the public keys that registered themselves in the scope of its clients, one secret each, and those that its
//! configuration lists.

use databricks::Client;
use databricks::api::secrets::{self, SecretMetadata};
use secret::Secret;
use ssh_endpoint::{AUTHORIZED_KEYS, CLIENT_PUBLIC_KEY_PREFIX, SshEndpoint, client_secret_name};
use ssh_key::{HashAlg, PublicKey};

use crate::endpoint::access;
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

/// The clients that registered themselves.
async fn list(client: &Client, endpoint: &SshEndpoint) -> Result<Vec<SecretMetadata>> {
    let scope = endpoint.clients_scope();
    match secrets::list(client, &scope).await {
        Ok(Some(list)) => Ok(list.into_iter().filter(|one| one.key.starts_with(CLIENT_PUBLIC_KEY_PREFIX)).collect()),
        Ok(None) => Err(Error::new(format!("the scope of the endpoint's clients, {scope}, does not exist"))
            .way_out("Whoever made the endpoint is to apply its configuration again.")),
        Err(error) => Err(access::explain(client, endpoint, error, "cannot look at the endpoint's clients").await),
    }
}

/// The keys that the configuration lists.
async fn listed(client: &Client, endpoint: &SshEndpoint) -> Result<Option<Secret<String>>> {
    match secrets::get(client, &endpoint.secret_scope, AUTHORIZED_KEYS).await {
        Ok(text) => Ok(text),
        Err(error) => {
            Err(access::explain(client, endpoint, error, "cannot read the keys of the endpoint's configuration").await)
        }
    }
}

/// The keys in a secret's text, as lines.
fn lines(text: &Secret<String>) -> impl Iterator<Item = &str> {
    text.expose().lines().map(str::trim).filter(|line| known_hosts::parse(line).is_some())
}

/// All keys that may log in: those that the configuration lists, and those that registered themselves.
///
/// # Errors
/// When the scopes cannot be read.
pub async fn registered(client: &Client, endpoint: &SshEndpoint) -> Result<Vec<Registered>> {
    let mut all = Vec::new();
    if let Some(text) = listed(client, endpoint).await? {
        all.extend(lines(&text).map(|line| Registered { secret: None, line: line.to_owned(), since: None }));
    }
    for found in list(client, endpoint).await? {
        let text = secrets::get(client, &endpoint.clients_scope(), &found.key).await;
        // Removed since it was listed.
        let Some(text) = text.map_err(|error| explain(error, "cannot read a client's key"))? else { continue };
        all.extend(lines(&text).map(|line| Registered {
            secret: Some(found.key.clone()),
            line: line.to_owned(),
            since: found.last_updated_timestamp,
        }));
    }
    Ok(all)
}

/// Puts a public key into the scope of the endpoint's clients, where it is not there yet.
///
/// # Errors
/// When the scopes cannot be read or written: with whom to ask.
pub async fn register(client: &Client, endpoint: &SshEndpoint, public_line: &str) -> Result<()> {
    let name = client_secret_name(public_line);
    let known = list(client, endpoint).await;
    if known.as_ref().is_ok_and(|list| list.iter().any(|secret| secret.key == name)) {
        return Ok(());
    }
    let ours = known_hosts::parse(public_line);
    if let Some(text) = listed(client, endpoint).await?
        && lines(&text).any(|line| known_hosts::parse(line) == ours)
    {
        return Ok(());
    }
    known?;
    match secrets::put(client, &endpoint.clients_scope(), &name, &Secret::new(format!("{public_line}\n"))).await {
        Ok(()) => Ok(()),
        Err(error) => {
            let doing = "cannot register this machine's key with the endpoint";
            Err(access::explain(client, endpoint, error, doing).await)
        }
    }
}

/// Takes a key away that registered itself. One that has gone already is no error.
///
/// # Errors
/// When the scope cannot be written.
pub async fn remove(client: &Client, endpoint: &SshEndpoint, secret: &str) -> Result<()> {
    let removed = secrets::delete(client, &endpoint.clients_scope(), secret).await;
    removed.map_err(|error| explain(error, "cannot remove a client's key"))
}
