//! Puts an endpoint into a workspace, looks whether it is still there, and takes it away: the operations of the provider's
//! `databricks_ssh_endpoint`. Each may be repeated, also after one that broke off in the middle.
//!
//! APIs: <https://docs.databricks.com/api/workspace/secrets>, <https://docs.databricks.com/api/workspace/workspace>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use secret::Secret;
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey, PublicKey};

use super::official::{self, Official};
use super::{
    AUTHORIZED_KEYS, ENDPOINT, MANAGED, SCHEMA_VERSION, SERVER_PRIVATE_KEY, SERVER_PUBLIC_KEY, Serverless, SshEndpoint,
    binary_path, check_name, directory, secret_scope, sha256_hex,
};
use crate::api::secrets::{CreateScope, DeleteScope, GetSecret, ListSecrets, PutSecret};
use crate::api::workspace::{Delete, Mkdirs, ObjectInfo, import_file_path};
use crate::{Client, Error, Request};

/// What a configuration says about an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Name, unique in the workspace: see [`check_name`].
    pub name: String,
    /// Cluster whose driver serves SSH; empty for serverless compute.
    pub cluster_id: String,
    /// Serverless compute in place of a cluster.
    pub serverless: Option<Serverless>,
    /// User of the driver that clients log in as; empty for the one that the running server names.
    pub remote_user: String,
    /// Public keys that may log in, as OpenSSH lines.
    pub client_public_keys: Vec<String>,
    /// Connections at a time.
    pub max_clients: u32,
    /// Seconds without a connection after which the server ends.
    pub shutdown_delay_seconds: u64,
    /// Whether connecting starts the cluster.
    pub auto_start: bool,
    /// Version of the official command line tool that is to find the endpoint too: `databricks-cli/<version>`.
    pub compatible_with: Option<String>,
}

/// What of an endpoint stands in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The server's public host key; `None` when it is not there any more, or its private key is not.
    pub server_host_key: Option<String>,
    /// The keys that the configuration listed.
    pub client_public_keys: Vec<String>,
    /// Whether the program is there.
    pub binary: bool,
}

/// Puts an endpoint into the workspace, or brings what is there up to date. The host key is made once and kept.
///
/// # Errors
/// When the name or a key is not good, and whatever the API refuses.
pub async fn publish(client: &Client, wanted: &Wanted, binary: Bytes) -> Result<SshEndpoint, Error> {
    check_name(&wanted.name).map_err(|error| Error::Config(error.to_string()))?;
    check_compute(wanted)?;
    let authorized_keys = authorized_keys(&wanted.client_public_keys)?;
    let identity = client.me().await?.user_name;
    let workspace_id = client.workspace_id().await?;
    let sha256 = sha256_hex(&binary);
    let version = wanted.compatible_with.as_deref().map(official::version).transpose();
    let version = version.map_err(|error| Error::Config(error.to_string()))?;
    let mut endpoint = SshEndpoint {
        schema_version: SCHEMA_VERSION,
        host: client.host().as_str().trim_end_matches('/').to_owned(),
        workspace_id,
        cluster_id: wanted.cluster_id.clone(),
        serverless: wanted.serverless.clone(),
        name: wanted.name.clone(),
        remote_user: wanted.remote_user.clone(),
        server_host_key: String::new(),
        secret_scope: secret_scope(&wanted.name),
        directory: directory(&identity, &wanted.name),
        binary_path: binary_path(&identity, &sha256),
        binary_sha256: sha256,
        max_clients: wanted.max_clients,
        shutdown_delay_seconds: wanted.shutdown_delay_seconds,
        auto_start: wanted.auto_start,
        official: None,
    };
    endpoint.official = version.map(|version| Official::of(&identity, &endpoint, version, &binary)).transpose()?;
    ensure_scope(client, &endpoint.secret_scope).await?;
    endpoint.server_host_key = ensure_host_key(client, &endpoint.secret_scope).await?;
    put_secret(client, &endpoint.secret_scope, AUTHORIZED_KEYS, &Secret::new(authorized_keys)).await?;
    upload_binary(client, &endpoint.binary_path, binary.clone()).await?;
    make_directory(client, &endpoint.directory).await?;
    if let Some(official) = &endpoint.official {
        official::publish(client, &endpoint, official, &wanted.client_public_keys, binary).await?;
    }
    Ok(endpoint)
}

fn check_compute(wanted: &Wanted) -> Result<(), Error> {
    match &wanted.serverless {
        Some(serverless) if wanted.cluster_id.is_empty() => {
            serverless.check().map_err(|error| Error::Config(error.to_string()))
        }
        None if !wanted.cluster_id.is_empty() => Ok(()),
        _ => Err(Error::Config("an SSH endpoint is on a cluster or on serverless compute: on exactly one".to_owned())),
    }
}

/// A published endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The endpoint as it was announced.
    pub endpoint: SshEndpoint,
    /// Whether Terraform made it, which marks what it makes.
    pub is_managed: bool,
}

/// The endpoint that was announced under a name.
///
/// # Errors
/// Whatever the API refuses, and when what is there is no endpoint.
pub async fn find(client: &Client, name: &str) -> Result<Option<Found>, Error> {
    let scope = secret_scope(name);
    let Some(names) = secret_names(client, &scope).await? else { return Ok(None) };
    let has = |name: &str| names.iter().any(|other| other == name);
    if !has(ENDPOINT) {
        return Ok(None);
    }
    let Some(text) = get_secret(client, &scope, ENDPOINT).await? else { return Ok(None) };
    let endpoint = serde_json::from_str(text.expose()).map_err(|error| {
        Error::Config(format!("the secret {ENDPOINT} of the scope {scope} is no SSH endpoint: {error}"))
    })?;
    Ok(Some(Found { endpoint, is_managed: has(MANAGED) }))
}

/// Makes a published endpoint known under its name.
///
/// # Errors
/// Whatever the API refuses.
pub async fn announce(client: &Client, endpoint: &SshEndpoint) -> Result<(), Error> {
    let text = serde_json::to_string(endpoint).map_err(|error| Error::Config(error.to_string()))?;
    put_secret(client, &endpoint.secret_scope, ENDPOINT, &Secret::new(text)).await
}

/// What is there of an endpoint. `None` when its secret scope is gone: then the endpoint is.
///
/// # Errors
/// Whatever the API refuses.
pub async fn read(client: &Client, endpoint: &SshEndpoint) -> Result<Option<Standing>, Error> {
    let scope = &endpoint.secret_scope;
    let Some(names) = secret_names(client, scope).await? else { return Ok(None) };
    let has = |name: &str| names.iter().any(|other| other == name);
    let text = async |name: &str| -> Result<Option<String>, Error> {
        if !has(name) {
            return Ok(None);
        }
        let text = get_secret(client, scope, name).await?;
        Ok(text.map(|text| text.expose().trim().to_owned()))
    };
    let host_key = text(SERVER_PUBLIC_KEY).await?.filter(|_| has(SERVER_PRIVATE_KEY));
    let listed = text(AUTHORIZED_KEYS).await?.unwrap_or_default();
    Ok(Some(Standing {
        server_host_key: host_key,
        client_public_keys: listed.lines().map(str::to_owned).collect(),
        binary: file_size(client, &endpoint.binary_path).await?.is_some(),
    }))
}

/// Takes an endpoint away: its scope with all keys, and its folder. The program stays, since others may use it.
///
/// # Errors
/// Whatever the API refuses; what is gone already is no error.
pub async fn remove(client: &Client, endpoint: &SshEndpoint) -> Result<(), Error> {
    if let Some(official) = &endpoint.official {
        official::remove(client, &endpoint.name, official, None).await?;
    }
    let scope = DeleteScope { scope: endpoint.secret_scope.clone() };
    gone(client.send(Request::post("/api/2.0/secrets/scopes/delete").json(&scope)?.idempotent()).await)?;
    let folder = Delete { path: endpoint.directory.clone(), recursive: Some(true) };
    gone(client.send(Request::post("/api/2.0/workspace/delete").json(&folder)?.idempotent()).await)
}

pub(super) fn gone(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

/// The text of an `authorized_keys` file: plain keys only, since an option in front of a key would do things on the driver.
pub(super) fn authorized_keys(lines: &[String]) -> Result<String, Error> {
    let mut text = String::new();
    for line in lines {
        let line = line.trim();
        if PublicKey::from_openssh(line).is_err() || line.contains('\n') {
            return Err(Error::Config(format!(
                "{line:?} is no OpenSSH public key: a key's file ends in .pub and begins with ssh-ed25519 or another type"
            )));
        }
        text.push_str(line);
        text.push('\n');
    }
    // The API has no empty secrets.
    Ok(if text.is_empty() { "\n".to_owned() } else { text })
}

/// The names of a scope's secrets; `None` without the scope.
pub(super) async fn secret_names(client: &Client, scope: &str) -> Result<Option<Vec<String>>, Error> {
    let listed: Result<ListSecrets, _> = client.send(Request::get("/api/2.0/secrets/list").query("scope", scope)).await;
    match listed {
        Ok(list) => Ok(Some(list.secrets.into_iter().map(|secret| secret.key).collect())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// It is looked for first: in a workspace with as many scopes as it may have, creating one that exists answers the quota's error.
async fn ensure_scope(client: &Client, scope: &str) -> Result<(), Error> {
    if secret_names(client, scope).await?.is_some() {
        return Ok(());
    }
    let body = CreateScope { scope: scope.to_owned(), ..CreateScope::default() };
    match client.send(Request::post("/api/2.0/secrets/scopes/create").json(&body)?.idempotent()).await {
        Err(error) if error.is_already_exists() => Ok(()),
        other => other,
    }
}

/// The server's public host key. The pair is made where there is none, or where half of it is missing.
async fn ensure_host_key(client: &Client, scope: &str) -> Result<String, Error> {
    let broken = |error: ssh_key::Error| Error::Config(format!("the server's host key cannot be made: {error}"));
    let kept = get_secret(client, scope, SERVER_PRIVATE_KEY).await?;
    let kept = kept.and_then(|text| PrivateKey::from_openssh(text.expose()).ok());
    let key = match kept {
        Some(key) => key,
        None => {
            let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(broken)?;
            let text = Secret::new(key.to_openssh(LineEnding::LF).map_err(broken)?.to_string());
            put_secret(client, scope, SERVER_PRIVATE_KEY, &text).await?;
            // Somebody else may have made one in the same moment: the last one counts.
            let kept = get_secret(client, scope, SERVER_PRIVATE_KEY).await?;
            kept.and_then(|text| PrivateKey::from_openssh(text.expose()).ok()).unwrap_or(key)
        }
    };
    // The private key decides: a public one that is missing or another's is written again.
    let public = key.public_key().to_openssh().map_err(broken)?.trim().to_owned();
    let there = get_secret(client, scope, SERVER_PUBLIC_KEY).await?;
    if there.is_none_or(|text| text.expose().trim() != public) {
        put_secret(client, scope, SERVER_PUBLIC_KEY, &Secret::new(format!("{public}\n"))).await?;
    }
    Ok(public)
}

pub(super) async fn get_secret(client: &Client, scope: &str, key: &str) -> Result<Option<Secret<String>>, Error> {
    let request = Request::get("/api/2.0/secrets/get").query("scope", scope).query("key", key);
    match client.send::<GetSecret>(request).await {
        Ok(secret) => {
            let bytes = STANDARD.decode(secret.value.expose()).unwrap_or_default();
            Ok(Some(Secret::new(String::from_utf8(bytes).unwrap_or_default())))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn put_secret(client: &Client, scope: &str, key: &str, value: &Secret<String>) -> Result<(), Error> {
    let body = PutSecret {
        scope: scope.to_owned(),
        key: key.to_owned(),
        string_value: Some(value.clone()),
        bytes_value: None,
    };
    client.send(Request::post("/api/2.0/secrets/put").json(&body)?.idempotent()).await
}

/// Uploads the program, unless it is there: its folder's name is its content's.
async fn upload_binary(client: &Client, path: &str, binary: Bytes) -> Result<(), Error> {
    let size = i64::try_from(binary.len()).unwrap_or(i64::MAX);
    // Some workspaces do not tell a file's size.
    if file_size(client, path).await?.is_some_and(|there| there.is_none_or(|there| there == size)) {
        return Ok(());
    }
    if let Some((parent, _)) = path.rsplit_once('/') {
        make_directory(client, parent).await?;
    }
    upload(client, path, binary).await
}

/// Uploads a file, over one that is there.
pub(super) async fn upload(client: &Client, path: &str, content: Bytes) -> Result<(), Error> {
    let request = Request::post(import_file_path(path))
        .query("overwrite", "true")
        .body(content, "application/octet-stream")
        // Megabytes over a slow line.
        .timeout(std::time::Duration::from_secs(600))
        .idempotent();
    client.send(request).await
}

/// `None`: no file. `Some(None)`: a file of unknown size.
pub(super) async fn file_size(client: &Client, path: &str) -> Result<Option<Option<i64>>, Error> {
    let status: Result<ObjectInfo, _> =
        client.send(Request::get("/api/2.0/workspace/get-status").query("path", path)).await;
    match status {
        Ok(info) => Ok(Some(info.size)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn make_directory(client: &Client, path: &str) -> Result<(), Error> {
    client.send(Request::post("/api/2.0/workspace/mkdirs").json(&Mkdirs { path: path.to_owned() })?.idempotent()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti ada@laptop";

    #[test]
    fn only_plain_keys_may_log_in() {
        let check = |lines: &[&str], expected: Option<&str>| {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(authorized_keys(&lines).ok().as_deref(), expected, "{lines:?}");
        };
        check(&[], Some("\n"));
        check(&[KEY], Some(&format!("{KEY}\n")));
        check(&[&format!(" {KEY}\n"), KEY], Some(&format!("{KEY}\n{KEY}\n")));
        check(&[&format!("command=\"rm\" {KEY}")], None);
        check(&[&format!("{KEY}\n{KEY}")], None);
        check(&["# comment"], None);
        check(&[""], None);
    }
}
