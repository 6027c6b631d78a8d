//! Puts the official tool's layout into a workspace, looks whether it is whole, and takes it away.

use bytes::Bytes;
use databricks::api::{secrets, workspace};
use databricks::{Client, Error};
use secret::Secret;

use crate::endpoint::SshEndpoint;
use crate::keys::authorized_keys;
use crate::layout::{ENDPOINT, SERVER_PRIVATE_KEY, SERVER_PUBLIC_KEY, parent};
use crate::official::{CLIENT_PUBLIC_KEY, Official};
use crate::program::sha256_hex;

/// What stands where the official tool looks for a program for other processors than the endpoint's: both must be there, or it
/// downloads them and puts them there, before it looks which one the driver needs. A shell script runs anywhere.
const OTHER_PROCESSORS: &str =
    "#!/bin/sh\necho 'tunnel: this endpoint was published for other processors than this driver has' >&2\nexit 1\n";

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
    let host_key = secrets::get(client, &endpoint.secret_scope, SERVER_PRIVATE_KEY).await?;
    let host_key =
        host_key.ok_or_else(|| Error::Config("the endpoint has no host key: publish it first".to_owned()))?;
    put_changed(client, scope, SERVER_PRIVATE_KEY, host_key).await?;
    put_changed(client, scope, SERVER_PUBLIC_KEY, Secret::new(format!("{}\n", endpoint.server_host_key))).await?;
    // Once the official tool has made its key, this is its own; our server takes the configured ones from the endpoint's scope.
    if !names.iter().any(|name| name == CLIENT_PUBLIC_KEY) {
        let keys = Secret::new(authorized_keys(client_public_keys)?);
        secrets::put(client, scope, CLIENT_PUBLIC_KEY, &keys).await?;
    }
    workspace::make_directory(client, &official.directory).await?;
    let sha256 = sha256_hex(&binary);
    if marker(client, official).await?.as_deref() != Some(sha256.as_str())
        || workspace::file_size(client, &official.binary_path).await?.is_none()
    {
        workspace::make_directory(client, parent(&official.binary_path)).await?;
        workspace::upload(client, &official.binary_path, binary).await?;
        workspace::upload(client, &official.marker_path(), Bytes::from(sha256)).await?;
    }
    let other = official.other_binary_path();
    if workspace::file_size(client, &other).await?.is_none() {
        workspace::make_directory(client, parent(&other)).await?;
        workspace::upload(client, &other, Bytes::from_static(OTHER_PROCESSORS.as_bytes())).await?;
    }
    Ok(())
}

/// Whether everything of the layout is there as it was published.
///
/// # Errors
/// Whatever the API refuses.
pub async fn is_whole(client: &Client, endpoint: &SshEndpoint, official: &Official) -> Result<bool, Error> {
    let scope = &official.secret_scope;
    let Some(names) = secrets::names(client, scope).await? else { return Ok(false) };
    let has = |name: &str| names.iter().any(|other| other == name);
    if ![ENDPOINT, SERVER_PRIVATE_KEY, SERVER_PUBLIC_KEY].into_iter().all(has) {
        return Ok(false);
    }
    let key = secrets::get(client, scope, SERVER_PUBLIC_KEY).await?;
    Ok(key.is_some_and(|key| key.expose().trim() == endpoint.server_host_key)
        && owner(client, scope).await?.as_ref() == Some(endpoint)
        && marker(client, official).await?.as_deref() == Some(endpoint.binary_sha256.as_str())
        && workspace::file_size(client, &official.binary_path).await?.is_some()
        && workspace::file_size(client, &official.other_binary_path()).await?.is_some())
}

/// Takes the layout away but for what `next` has too, and the program with the last connection of its version. What is another's
/// stays.
///
/// # Errors
/// Whatever the API refuses; what is gone already is no error.
pub async fn remove(client: &Client, name: &str, official: &Official, next: Option<&Official>) -> Result<(), Error> {
    let scope = &official.secret_scope;
    if secrets::names(client, scope).await?.is_some() {
        match owner(client, scope).await? {
            Some(owner) if owner.name == name => {}
            // It has been somebody else's since.
            _ => return Ok(()),
        }
    }
    if next.is_none_or(|next| next.directory != official.directory) {
        workspace::remove_folder(client, &official.directory).await?;
    }
    let folder = parent(parent(&official.binary_path));
    let is_kept = next.is_some_and(|next| next.binary_path == official.binary_path);
    if !is_kept && workspace::list(client, folder).await?.iter().all(|path| is_program(path)) {
        if marker(client, official).await?.is_some() {
            workspace::remove_folder(client, parent(&official.binary_path)).await?;
            remove_stand_in(client, &official.other_binary_path()).await?;
        }
        if workspace::list(client, folder).await?.is_empty() {
            workspace::remove_folder(client, folder).await?;
        }
    }
    if next.is_some_and(|next| next.secret_scope == *scope) {
        return Ok(());
    }
    // The scope, which is what makes it ours, goes at the end.
    secrets::delete_scope(client, scope).await
}

/// Removes what stands in the place of a program for other processors, unless the official tool has put its own there.
async fn remove_stand_in(client: &Client, path: &str) -> Result<(), Error> {
    // A whole program is not read for that.
    let is_short = workspace::file_size(client, path).await?.flatten() == i64::try_from(OTHER_PROCESSORS.len()).ok();
    if is_short && workspace::read_file(client, path).await?.is_some_and(|bytes| bytes == OTHER_PROCESSORS.as_bytes()) {
        workspace::remove_folder(client, parent(path)).await?;
    }
    Ok(())
}

/// Makes sure that the scope is this endpoint's; answers the names of its secrets.
async fn claim(client: &Client, endpoint: &SshEndpoint, official: &Official) -> Result<Vec<String>, Error> {
    let scope = official.secret_scope.as_str();
    let names = match secrets::names(client, scope).await? {
        Some(names) => names,
        None => {
            secrets::create_scope(client, scope).await?;
            Vec::new()
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
    let text = secrets::get(client, scope, ENDPOINT).await?;
    Ok(text.and_then(|text| serde_json::from_str(text.expose()).ok()))
}

/// Writes a secret that is not there, or is another: servers read what changed again.
async fn put_changed(client: &Client, scope: &str, key: &str, value: Secret<String>) -> Result<(), Error> {
    match secrets::get(client, scope, key).await? {
        Some(there) if there.expose().trim() == value.expose().trim() => Ok(()),
        _ => secrets::put(client, scope, key, &value).await,
    }
}

/// The SHA-256 of our program under the official name; `None` where the program is not ours.
async fn marker(client: &Client, official: &Official) -> Result<Option<String>, Error> {
    let found = workspace::read_file(client, &official.marker_path()).await?;
    Ok(found.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// Whether a path in a version's folder is a program's and no session's.
fn is_program(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("databricks_cli_"))
}
