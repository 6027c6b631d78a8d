//! The clients of an endpoint: the public keys that registered themselves in its secret scope, one secret each.

use databricks::api::secrets::{DeleteSecret, ListSecrets, PutSecret};
use databricks::ssh_endpoint::{AUTHORIZED_KEYS, CLIENT_PUBLIC_KEY_PREFIX, SshEndpoint, client_secret_name};
use databricks::{Client, Request};
use secret::Secret;
use ssh_key::{HashAlg, PublicKey};

use crate::endpoint::start::{explain, json};
use crate::error::{Error, Result};
use crate::known_hosts;
use crate::server::authorized_keys::read_secret;

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

async fn list(client: &Client, endpoint: &SshEndpoint) -> Result<ListSecrets> {
    let scope = &endpoint.secret_scope;
    match client.send(Request::get("/api/2.0/secrets/list").query("scope", scope)).await {
        Ok(list) => Ok(list),
        Err(error) if error.is_not_found() => {
            Err(Error::new(format!("the endpoint's secret scope {scope} does not exist"))
                .way_out("Apply the configuration again."))
        }
        Err(error) => Err(explain(error, "cannot look at the endpoint's clients")),
    }
}

/// All keys that may log in: those that the configuration lists, and those that registered themselves.
///
/// # Errors
/// When the scope cannot be read.
pub async fn registered(client: &Client, endpoint: &SshEndpoint) -> Result<Vec<Registered>> {
    let mut all = Vec::new();
    for found in list(client, endpoint).await?.secrets {
        let is_listed = found.key == AUTHORIZED_KEYS;
        if !is_listed && !found.key.starts_with(CLIENT_PUBLIC_KEY_PREFIX) {
            continue;
        }
        let text = read_secret(client, &endpoint.secret_scope, &found.key).await;
        let text = text.map_err(|error| explain(error, "cannot read a client's key"))?;
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
    let has = |name: &str| list.secrets.iter().any(|secret| secret.key == name);
    if has(&name) {
        return Ok(());
    }
    if has(AUTHORIZED_KEYS) {
        let listed = read_secret(client, scope, AUTHORIZED_KEYS).await;
        let ours = known_hosts::parse(public_line);
        if listed.is_ok_and(|text| text.expose().lines().any(|line| known_hosts::parse(line) == ours)) {
            return Ok(());
        }
    }
    let body = PutSecret {
        scope: scope.clone(),
        key: name,
        string_value: Some(Secret::new(format!("{public_line}\n"))),
        bytes_value: None,
    };
    let put = json(Request::post("/api/2.0/secrets/put"), &body)?.idempotent();
    client.send::<()>(put).await.map_err(|error| {
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
    let body = DeleteSecret { scope: endpoint.secret_scope.clone(), key: secret.to_owned() };
    let request = json(Request::post("/api/2.0/secrets/delete"), &body)?.idempotent();
    match client.send::<()>(request).await {
        Err(error) if !error.is_not_found() => Err(explain(error, "cannot remove a client's key")),
        _ => Ok(()),
    }
}
