//! The layout in which the official command line tool looks for what serves SSH, published beside the endpoint's own, so that
//! `databricks ssh connect` of one version is served by the endpoint's server, whoever of the two starts it.
//!
//! In the workspace of the identity that publishes the endpoint, and for that identity's own official tool:
//! ```text
//! /Workspace/Users/<identity>/.databricks/ssh-tunnel/<version>/
//!     databricks_cli_<version>_linux_<architecture>/databricks      our program, under the official one's name
//!     databricks_cli_<version>_linux_<architecture>/tunnel.sha256   says that it is ours, and which
//!     <session>/metadata.json                                       where the running server listens
//! secret scope <identity>-<session>-ssh-tunnel-keys
//!     server-private-key  server-public-key                         the endpoint's host key
//!     client-public-key   client-private-key                        the official tool's own key, which it makes and keeps there
//!     endpoint                                                      the endpoint, as JSON: says that the scope is ours
//! ```
//! The session is the cluster's id; on serverless compute it is the connection's name, which is the endpoint's.

use bytes::Bytes;
use schemars::JsonSchema;
use secret::Secret;
use serde::{Deserialize, Serialize};

use super::publish::{authorized_keys, file_size, get_secret, gone, make_directory, put_secret, secret_names, upload};
use super::{ENDPOINT, SERVER_PRIVATE_KEY, SERVER_PUBLIC_KEY, SshEndpoint, processor, root, sha256_hex};
use crate::api::secrets::{CreateScope, DeleteScope};
use crate::api::workspace::Delete;
use crate::{Client, Error, Request, workspace_file};

/// The secret with the key that the official tool logs in with. The tool writes it together with its private half.
pub const CLIENT_PUBLIC_KEY: &str = "client-public-key";
/// What stands before the version in `compatible_with`.
pub const PRODUCT: &str = "databricks-cli/";
/// The file beside a program of ours under the official name.
const MARKER: &str = "tunnel.sha256";

/// The official tool's layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Official {
    /// Version of the official tool that finds the endpoint.
    pub version: String,
    /// What the official tool calls the connection: the cluster's id, or the endpoint's name on serverless compute.
    pub session_id: String,
    /// Secret scope in which the official tool looks for keys.
    pub secret_scope: String,
    /// Workspace folder in which the official tool looks for a running server.
    pub directory: String,
    /// Workspace file with the program that the official tool starts.
    pub binary_path: String,
}

impl Official {
    /// The layout of an endpoint that `identity` publishes with this program.
    ///
    /// # Errors
    /// When the program is not one that drivers run.
    pub fn of(identity: &str, endpoint: &SshEndpoint, version: &str, binary: &[u8]) -> Result<Self, Error> {
        let architecture = architecture(binary).map_err(|error| Error::Config(error.to_string()))?;
        let session_id = if endpoint.serverless.is_some() { &endpoint.name } else { &endpoint.cluster_id };
        let folder = format!("{}/{version}", root(identity));
        let program = match version.contains("dev") {
            true => format!("databricks_cli_linux_{architecture}"),
            false => format!("databricks_cli_{version}_linux_{architecture}"),
        };
        Ok(Self {
            version: version.to_owned(),
            session_id: session_id.clone(),
            secret_scope: format!("{identity}-{session_id}-ssh-tunnel-keys"),
            directory: format!("{folder}/{session_id}"),
            binary_path: format!("{folder}/{program}/databricks"),
        })
    }

    /// Workspace path of the file in which the running server says where it listens.
    pub fn metadata_path(&self) -> String {
        format!("{}/metadata.json", self.directory)
    }

    fn marker_path(&self) -> String {
        format!("{}/{MARKER}", parent(&self.binary_path))
    }
}

/// Why nothing is compatible with that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version of the official command line tool: it is written as databricks-cli/1.14.0")]
pub struct InvalidCompatibility(pub String);

/// The version in `databricks-cli/<version>`.
///
/// # Errors
/// [`InvalidCompatibility`] for anything else: the version stands in paths.
pub fn version(compatible_with: &str) -> Result<&str, InvalidCompatibility> {
    let invalid = || InvalidCompatibility(compatible_with.to_owned());
    let version = compatible_with.strip_prefix(PRODUCT).ok_or_else(invalid)?;
    let (numbers, label) = version.split_once(['-', '+']).unwrap_or((version, "x"));
    let parts: Vec<&str> = numbers.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.len() < 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_label = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let good = parts.len() == 3
        && parts.iter().all(is_number)
        && label.len() < 40
        && label.split(['.', '-', '+']).all(is_label);
    if good { Ok(version) } else { Err(invalid()) }
}

/// Puts the layout into the workspace, or brings it up to date; what is left of another version goes. The endpoint itself is
/// published already, and says where.
///
/// # Errors
/// When the scope belongs to another endpoint or to the official tool alone, and whatever the API refuses.
pub async fn publish(
    client: &Client,
    endpoint: &SshEndpoint,
    official: &Official,
    client_public_keys: &[String],
    binary: Bytes,
) -> Result<(), Error> {
    let scope = &official.secret_scope;
    let names = claim(client, endpoint, official).await?;
    let host_key = get_secret(client, &endpoint.secret_scope, SERVER_PRIVATE_KEY).await?;
    let host_key =
        host_key.ok_or_else(|| Error::Config("the endpoint has no host key: publish it first".to_owned()))?;
    put_changed(client, scope, SERVER_PRIVATE_KEY, host_key).await?;
    put_changed(client, scope, SERVER_PUBLIC_KEY, Secret::new(format!("{}\n", endpoint.server_host_key))).await?;
    // Once the official tool has made its key, this is its own; our server takes the configured ones from the endpoint's scope.
    if !names.iter().any(|name| name == CLIENT_PUBLIC_KEY) {
        let keys = Secret::new(authorized_keys(client_public_keys)?);
        put_secret(client, scope, CLIENT_PUBLIC_KEY, &keys).await?;
    }
    make_directory(client, &official.directory).await?;
    let sha256 = sha256_hex(&binary);
    if marker(client, official).await?.as_deref() != Some(sha256.as_str())
        || file_size(client, &official.binary_path).await?.is_none()
    {
        make_directory(client, parent(&official.binary_path)).await?;
        upload(client, &official.binary_path, binary).await?;
        upload(client, &official.marker_path(), Bytes::from(sha256)).await?;
    }
    Ok(())
}

/// Whether everything of the layout is there as it was published.
///
/// # Errors
/// Whatever the API refuses.
pub async fn is_whole(client: &Client, endpoint: &SshEndpoint, official: &Official) -> Result<bool, Error> {
    let scope = &official.secret_scope;
    let Some(names) = secret_names(client, scope).await? else { return Ok(false) };
    let has = |name: &str| names.iter().any(|other| other == name);
    if ![ENDPOINT, SERVER_PRIVATE_KEY, SERVER_PUBLIC_KEY].into_iter().all(has) {
        return Ok(false);
    }
    let key = get_secret(client, scope, SERVER_PUBLIC_KEY).await?;
    Ok(key.is_some_and(|key| key.expose().trim() == endpoint.server_host_key)
        && owner(client, scope).await?.as_ref() == Some(endpoint)
        && marker(client, official).await?.as_deref() == Some(endpoint.binary_sha256.as_str())
        && file_size(client, &official.binary_path).await?.is_some())
}

/// Takes the layout away but for what `next` has too, and the program with the last connection of its version. What is another's
/// stays.
///
/// # Errors
/// Whatever the API refuses; what is gone already is no error.
pub async fn remove(client: &Client, name: &str, official: &Official, next: Option<&Official>) -> Result<(), Error> {
    let scope = &official.secret_scope;
    if secret_names(client, scope).await?.is_some() {
        match owner(client, scope).await? {
            Some(owner) if owner.name == name => {}
            // It has been somebody else's since.
            _ => return Ok(()),
        }
    }
    if next.is_none_or(|next| next.directory != official.directory) {
        remove_folder(client, &official.directory).await?;
    }
    let folder = parent(parent(&official.binary_path));
    let is_kept = next.is_some_and(|next| next.binary_path == official.binary_path);
    if !is_kept && workspace_file::list(client, folder).await?.iter().all(|path| is_program(path)) {
        if marker(client, official).await?.is_some() {
            remove_folder(client, parent(&official.binary_path)).await?;
        }
        if workspace_file::list(client, folder).await?.is_empty() {
            remove_folder(client, folder).await?;
        }
    }
    if next.is_some_and(|next| next.secret_scope == *scope) {
        return Ok(());
    }
    // The scope, which is what makes it ours, goes at the end.
    let body = DeleteScope { scope: scope.clone() };
    gone(client.send(Request::post("/api/2.0/secrets/scopes/delete").json(&body)?.idempotent()).await)
}

/// Makes sure that the scope is this endpoint's; answers the names of its secrets.
async fn claim(client: &Client, endpoint: &SshEndpoint, official: &Official) -> Result<Vec<String>, Error> {
    let scope = official.secret_scope.as_str();
    let names = match secret_names(client, scope).await? {
        Some(names) => names,
        None => {
            let body = CreateScope { scope: scope.to_owned(), ..CreateScope::default() };
            let request = Request::post("/api/2.0/secrets/scopes/create").json(&body)?.idempotent();
            match client.send::<()>(request).await {
                Err(error) if !error.is_already_exists() => return Err(error),
                _ => Vec::new(),
            }
        }
    };
    let owner = owner(client, scope).await?;
    match &owner {
        Some(owner) if owner.name != endpoint.name => {
            return Err(Error::Config(format!(
                "the official tool has one connection per cluster, and the SSH endpoint {:?} serves it already: \
                 remove compatible_with from one of the two",
                owner.name
            )));
        }
        None if !names.is_empty() => {
            return Err(Error::Config(format!(
                "the secret scope {scope} holds keys that the official tool made without this endpoint, a host key among them: \
                 delete it (databricks secrets delete-scope '{scope}'), then apply again; the tool makes its own key anew"
            )));
        }
        _ => {}
    }
    // Another version's layout, also one that no apply lived to announce.
    if let Some(before) = owner.and_then(|owner| owner.official).filter(|before| before != official) {
        remove(client, &endpoint.name, &before, Some(official)).await?;
    }
    let text = serde_json::to_string(endpoint).map_err(|error| Error::Config(error.to_string()))?;
    put_changed(client, scope, ENDPOINT, Secret::new(text)).await?;
    Ok(names)
}

/// The endpoint whose scope it is. What cannot be read as one is nobody's.
async fn owner(client: &Client, scope: &str) -> Result<Option<SshEndpoint>, Error> {
    let text = get_secret(client, scope, ENDPOINT).await?;
    Ok(text.and_then(|text| serde_json::from_str(text.expose()).ok()))
}

/// Writes a secret that is not there, or is another: servers read what changed again.
async fn put_changed(client: &Client, scope: &str, key: &str, value: Secret<String>) -> Result<(), Error> {
    match get_secret(client, scope, key).await? {
        Some(there) if there.expose().trim() == value.expose().trim() => Ok(()),
        _ => put_secret(client, scope, key, &value).await,
    }
}

/// The SHA-256 of our program under the official name; `None` where the program is not ours.
async fn marker(client: &Client, official: &Official) -> Result<Option<String>, Error> {
    let found = workspace_file::read(client, &official.marker_path()).await?;
    Ok(found.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

async fn remove_folder(client: &Client, path: &str) -> Result<(), Error> {
    let body = Delete { path: path.to_owned(), recursive: Some(true) };
    gone(client.send(Request::post("/api/2.0/workspace/delete").json(&body)?.idempotent()).await)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Whether a path in a version's folder is a program's and no session's.
fn is_program(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("databricks_cli_"))
}

/// Why a program is none that the official tool starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the program is not for Linux on amd64 or arm64, which is what the official tool starts")]
pub struct InvalidProgram;

/// The official name of the processors that a program for Linux is for.
///
/// # Errors
/// [`InvalidProgram`] for anything else.
pub fn architecture(program: &[u8]) -> Result<&'static str, InvalidProgram> {
    match processor(program) {
        Some("x86_64") => Ok("amd64"),
        Some("aarch64") => Ok("arm64"),
        _ => Err(InvalidProgram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh_endpoint::Serverless;

    fn endpoint(serverless: Option<Serverless>) -> SshEndpoint {
        let cluster_id = if serverless.is_some() { "" } else { "0123-456789-abcdefgh" };
        serde_json::from_value(serde_json::json!({"schema_version":1,"host":"https://x","workspace_id":"1",
            "cluster_id":cluster_id,"serverless":serverless,"name":"demo","remote_user":"root","server_host_key":"k",
            "secret_scope":"s","directory":"/d","binary_path":"/b","binary_sha256":"00","max_clients":1,
            "shutdown_delay_seconds":1,"auto_start":true}))
        .unwrap()
    }

    fn program(machine: u8) -> Vec<u8> {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.resize(64, 0);
        bytes[18] = machine;
        bytes
    }

    #[test]
    fn the_layout_is_the_official_tools() {
        let check = |serverless: Option<Serverless>, version: &str, machine: u8, expected: [&str; 3]| {
            let found = Official::of("ada@example.com", &endpoint(serverless), version, &program(machine)).unwrap();
            assert_eq!([&found.secret_scope, &found.directory, &found.binary_path].map(String::as_str), expected);
        };
        check(
            None,
            "1.14.0",
            62,
            [
                "ada@example.com-0123-456789-abcdefgh-ssh-tunnel-keys",
                "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/1.14.0/0123-456789-abcdefgh",
                "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/1.14.0/databricks_cli_1.14.0_linux_amd64/databricks",
            ],
        );
        check(
            Some(Serverless::default()),
            "0.0.0-dev",
            183,
            [
                "ada@example.com-demo-ssh-tunnel-keys",
                "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/0.0.0-dev/demo",
                "/Workspace/Users/ada@example.com/.databricks/ssh-tunnel/0.0.0-dev/databricks_cli_linux_arm64/databricks",
            ],
        );
        assert!(Official::of("ada", &endpoint(None), "1.14.0", b"#!/bin/sh").is_err());
        assert!(Official::of("ada", &endpoint(None), "1.14.0", &program(3)).is_err());
    }

    #[test]
    fn a_version_can_stand_in_a_path() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(version(text).ok(), expected, "{text}");
        check("databricks-cli/1.14.0", Some("1.14.0"));
        check("databricks-cli/0.0.0-dev", Some("0.0.0-dev"));
        check("databricks-cli/1.14.0-rc.1", Some("1.14.0-rc.1"));
        check("databricks-cli/0.0.0-dev+abc", Some("0.0.0-dev+abc"));
        check("databricks-cli/1.14", None);
        check("databricks-cli/", None);
        check("databricks-cli/1.14.0/..", None);
        check("databricks-cli/1.14.0-", None);
        check("databricks-cli/1.14.0-../x", None);
        check("databricks-cli/1..0", None);
        check("1.14.0", None);
    }
}
