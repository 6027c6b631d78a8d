//! Puts an endpoint into a workspace, looks whether it is still there, and takes it away: the operations of the provider's
//! `databricks_ssh_endpoint`. Each may be repeated, also after one that broke off in the middle.
//!
//! APIs: <https://docs.databricks.com/api/workspace/secrets>, <https://docs.databricks.com/api/workspace/workspace>.

use bytes::Bytes;
use databricks::api::{secrets, workspace};
use databricks::{Client, Error};
use secret::Secret;

use crate::NOTEBOOK;
use crate::access::Given;
use crate::endpoint::{SCHEMA_VERSION, SshEndpoint};
use crate::keys::{authorized_keys, ensure_host_key};
use crate::layout::{
    ACCESS, AUTHORIZED_KEYS, ENDPOINT, MANAGED, SERVER_PRIVATE_KEY, SERVER_PUBLIC_KEY, binary_path, check_name,
    directory, parent, secret_scope,
};
use crate::official::{self, Official};
use crate::program::{processor, sha256_hex};
use crate::publish_official;
use crate::serverless::Serverless;

/// What a configuration says about an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointConfig {
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
    /// Whether the program is there, and the notebook that starts it.
    pub binary: bool,
    /// Whom Terraform gave the use of it, where it gave it to anybody.
    pub access: Option<Given>,
}

/// Puts an endpoint into the workspace, or brings what is there up to date. The host key is made once and kept.
///
/// # Errors
/// When the name or a key is not good, and whatever the API refuses.
pub async fn publish(client: &Client, wanted: &EndpointConfig, binary: Bytes) -> Result<SshEndpoint, Error> {
    check_name(&wanted.name).map_err(|error| Error::Config(error.to_string()))?;
    check_compute(wanted)?;
    let authorized_keys = authorized_keys(&wanted.client_public_keys)?;
    let identity = client.me().await?.user_name;
    let workspace_id = client.workspace_id().await?;
    let sha256 = sha256_hex(&binary);
    let version = wanted.compatible_with.as_deref().map(official::version).transpose();
    let version = version.map_err(|error| Error::Config(error.to_string()))?;
    let directory = directory(&identity, &wanted.name);
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
        binary_path: binary_path(&directory, &sha256),
        directory,
        binary_sha256: sha256,
        binary_processor: processor(&binary).map(str::to_owned),
        max_clients: wanted.max_clients,
        shutdown_delay_seconds: wanted.shutdown_delay_seconds,
        auto_start: wanted.auto_start,
        official: None,
    };
    let official = version.map(|version| Official::of(&identity, endpoint.session_id(), version, &binary)).transpose();
    endpoint.official = official.map_err(|error| Error::Config(error.to_string()))?;
    ensure_scope(client, &endpoint.secret_scope).await?;
    ensure_scope(client, &endpoint.clients_scope()).await?;
    endpoint.server_host_key = ensure_host_key(client, &endpoint.secret_scope).await?;
    secrets::put(client, &endpoint.secret_scope, AUTHORIZED_KEYS, &Secret::new(authorized_keys)).await?;
    upload_binary(client, &endpoint.binary_path, binary.clone()).await?;
    workspace::make_directory(client, &endpoint.server_directory()).await?;
    workspace::put_notebook(client, &endpoint.bootstrap_path(), NOTEBOOK).await?;
    if let Some(official) = &endpoint.official {
        publish_official::publish(client, &endpoint, official, &wanted.client_public_keys, binary).await?;
    }
    Ok(endpoint)
}

fn check_compute(wanted: &EndpointConfig) -> Result<(), Error> {
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
pub struct Announced {
    /// The endpoint as it was announced.
    pub endpoint: SshEndpoint,
    /// Whether Terraform made it, which marks what it makes.
    pub is_managed: bool,
}

/// The endpoint that was announced under a name.
///
/// # Errors
/// Whatever the API refuses, and when what is there is no endpoint.
pub async fn find(client: &Client, name: &str) -> Result<Option<Announced>, Error> {
    let scope = secret_scope(name);
    let Some(names) = secrets::names(client, &scope).await? else { return Ok(None) };
    let has = |name: &str| names.iter().any(|other| other == name);
    if !has(ENDPOINT) {
        return Ok(None);
    }
    let Some(text) = secrets::get(client, &scope, ENDPOINT).await? else { return Ok(None) };
    let endpoint = serde_json::from_str(text.expose()).map_err(|error| {
        Error::Config(format!("the secret {ENDPOINT} of the scope {scope} is no SSH endpoint: {error}"))
    })?;
    Ok(Some(Announced { endpoint, is_managed: has(MANAGED) }))
}

/// Makes a published endpoint known under its name.
///
/// # Errors
/// Whatever the API refuses.
pub async fn announce(client: &Client, endpoint: &SshEndpoint) -> Result<(), Error> {
    let text = serde_json::to_string(endpoint).map_err(|error| Error::Config(error.to_string()))?;
    secrets::put(client, &endpoint.secret_scope, ENDPOINT, &Secret::new(text)).await
}

/// What is there of an endpoint. `None` when its secret scope is gone: then the endpoint is.
///
/// # Errors
/// Whatever the API refuses.
pub async fn read(client: &Client, endpoint: &SshEndpoint) -> Result<Option<Standing>, Error> {
    let scope = &endpoint.secret_scope;
    let Some(names) = secrets::names(client, scope).await? else { return Ok(None) };
    let has = |name: &str| names.iter().any(|other| other == name);
    let text = async |name: &str| -> Result<Option<String>, Error> {
        if !has(name) {
            return Ok(None);
        }
        let text = secrets::get(client, scope, name).await?;
        Ok(text.map(|text| text.expose().trim().to_owned()))
    };
    let host_key = text(SERVER_PUBLIC_KEY).await?.filter(|_| has(SERVER_PRIVATE_KEY));
    let listed = text(AUTHORIZED_KEYS).await?.unwrap_or_default();
    let there = async |path: &str| Ok::<_, Error>(workspace::file_size(client, path).await?.is_some());
    Ok(Some(Standing {
        server_host_key: host_key,
        client_public_keys: listed.lines().map(str::to_owned).collect(),
        binary: there(&endpoint.binary_path).await? && there(&endpoint.bootstrap_path()).await?,
        access: text(ACCESS).await?.as_deref().map(Given::read).transpose()?,
    }))
}

/// Takes an endpoint away: its scopes with all keys, and its folder.
///
/// # Errors
/// Whatever the API refuses; what is gone already is no error.
pub async fn remove(client: &Client, endpoint: &SshEndpoint) -> Result<(), Error> {
    if let Some(official) = &endpoint.official {
        publish_official::remove(client, &endpoint.name, official, None).await?;
    }
    secrets::delete_scope(client, &endpoint.clients_scope()).await?;
    secrets::delete_scope(client, &endpoint.secret_scope).await?;
    workspace::remove_folder(client, &endpoint.directory).await
}

/// It is looked for first: in a workspace with as many scopes as it may have, creating one that exists answers the quota's error.
async fn ensure_scope(client: &Client, scope: &str) -> Result<(), Error> {
    if secrets::names(client, scope).await?.is_some() {
        return Ok(());
    }
    secrets::create_scope(client, scope).await
}

/// Uploads the program, unless it is there: its folder's name is its content's.
async fn upload_binary(client: &Client, path: &str, binary: Bytes) -> Result<(), Error> {
    let size = i64::try_from(binary.len()).unwrap_or(i64::MAX);
    // Some workspaces do not tell a file's size.
    if workspace::file_size(client, path).await?.is_some_and(|there| there.is_none_or(|there| there == size)) {
        return Ok(());
    }
    workspace::make_directory(client, parent(path)).await?;
    workspace::upload(client, path, binary).await
}
