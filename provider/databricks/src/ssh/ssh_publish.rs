//! What the resource adds to [`ssh_endpoint::publish`]: whose the endpoint is, the endpoint as it was published
//! (so that a read finds what changed, and an import finds everything), and a host key that stays the pinned one.

use databricks::Client;
use databricks::api::{secrets, workspace};
use ssh_endpoint::access::{self, Access, Given};
use ssh_endpoint::publish::{self, EndpointConfig};
use ssh_endpoint::publish_official;
use ssh_endpoint::{self as layout, ENDPOINT, MANAGED, SERVER_PRIVATE_KEY, SshEndpoint};
use tfplugin::{Call, Error, Marked, Result};

use super::endpoint_access;
use super::tunnel_binary::Binary;
use crate::clients::Workspace;

/// What is published.
pub(super) struct Published {
    pub(super) endpoint: SshEndpoint,
    /// The public key of the server's key pair, if that is whole.
    pub(super) host_key: Option<String>,
    pub(super) client_public_keys: Vec<String>,
    /// Whether the program is where the endpoint says.
    pub(super) has_binary: bool,
    /// The version of the official tool that finds all that it looks for.
    pub(super) compatible_version: Option<String>,
    /// Who may use it, and has all that it takes.
    pub(super) access: Access,
}

impl Published {
    /// Whether the server's key pair is that of this public key.
    pub(super) fn has_host_key(&self, key: &str) -> bool {
        self.host_key.as_deref() == Some(key)
    }
}

/// Makes the endpoint's secret scope, marked with the create's marker. A scope that is there belongs to another endpoint.
pub(super) async fn claim(cx: &Call<Workspace>, name: &str) -> Result<()> {
    let scope = layout::secret_scope(name);
    let is_new = secrets::new_scope(cx.client(), &scope).await?;
    // An apply that was killed between the scope and its mark left it empty.
    if !is_new && !is_empty(cx, &scope).await? {
        return Err(Error::new(format!("The workspace has an SSH endpoint {name:?} already"))
            .detail("Choose another name, or take it over.")
            .at("name")
            .exists(name));
    }
    put(cx, &scope, MANAGED, cx.marker().text().to_owned()).await
}

/// The mark of the create that made the endpoint's scope; `None` if there is no such scope.
pub(super) async fn claimed_by(cx: &Call<Workspace>, name: &str) -> Result<Option<String>> {
    get(cx, &layout::secret_scope(name), MANAGED).await
}

/// The marks of all endpoints whose scopes the caller may read.
pub(crate) async fn all_marked(client: &Client) -> Result<Vec<Marked>, databricks::Error> {
    let mut marked = Vec::new();
    for scope in secrets::scopes(client).await? {
        let Some(name) = layout::endpoint_of_scope(&scope) else { continue };
        match secrets::get(client, &scope, MANAGED).await {
            Ok(mark) => marked.extend(mark.map(|mark| Marked { mark: mark.expose().clone(), id: name.to_owned() })),
            // Another's scope.
            Err(error) if error.is_denied() && !error.is_bad_token() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(marked)
}

/// Publishes everything, then the endpoint that names it, and gives it to those who may use it. The host key is made anew unless it is
/// the `pinned` one.
pub(super) async fn publish(
    cx: &Call<Workspace>,
    wanted: &EndpointConfig,
    access: &Access,
    pinned: Option<&str>,
    binary: &Binary,
) -> Result<Published> {
    let scope = layout::secret_scope(&wanted.name);
    if pinned.is_none() {
        forget_host_key(cx, &scope).await?;
    }
    let endpoint = publish::publish(cx.client(), wanted, binary.bytes()?.into()).await?;
    if pinned.is_some_and(|pinned| pinned != endpoint.server_host_key) {
        return Err(Error::new(format!(
            "The host key of the SSH endpoint {:?} was changed outside of Terraform",
            wanted.name
        ))
        .detail("It is not the key that clients trust. Plan again: the plan replaces it."));
    }
    let next = endpoint.official.as_ref();
    let before = announced(cx, &wanted.name).await?.and_then(|before| before.official);
    if let Some(before) = before.filter(|before| Some(before) != next) {
        publish_official::remove(cx.client(), &wanted.name, &before, next).await?;
    }
    publish::announce(cx.client(), &endpoint).await?;
    // Where it breaks off here, a removal knows what to remove.
    endpoint_access::give(cx, &endpoint, access).await?;
    Ok(Published {
        access: access.clone(),
        host_key: Some(endpoint.server_host_key.clone()),
        compatible_version: next.map(|official| official.version.clone()),
        endpoint,
        client_public_keys: wanted.client_public_keys.clone(),
        has_binary: true,
    })
}

/// The endpoint that the scope of this name holds.
async fn announced(cx: &Call<Workspace>, name: &str) -> Result<Option<SshEndpoint>> {
    let scope = layout::secret_scope(name);
    let Some(text) = get(cx, &scope, ENDPOINT).await? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        Error::new(format!("The secret {ENDPOINT} of the scope {scope} is no SSH endpoint"))
            .detail(format!("{error}. Delete the scope; the next apply makes the endpoint anew."))
    })
}

/// What is published under a name, but for what only the official tool looks for and for whether those who may use it still can; `None`
/// if nothing is.
pub(super) async fn read(cx: &Call<Workspace>, name: &str) -> Result<Option<Published>> {
    Ok(look(cx, name).await?.map(|(published, _)| published))
}

/// The same, with whom the endpoint was given to.
async fn look(cx: &Call<Workspace>, name: &str) -> Result<Option<(Published, Given)>> {
    let Some(endpoint) = announced(cx, name).await? else { return Ok(None) };
    let Some(standing) = publish::read(cx.client(), &endpoint).await? else { return Ok(None) };
    let given = standing.access.unwrap_or_default();
    let published = Published {
        endpoint,
        host_key: standing.server_host_key,
        client_public_keys: standing.client_public_keys.into_iter().filter(|line| !line.is_empty()).collect(),
        has_binary: standing.binary,
        compatible_version: None,
        access: given.access.clone(),
    };
    Ok(Some((published, given)))
}

/// All that is published under a name; `None` if nothing is.
pub(super) async fn inspect(cx: &Call<Workspace>, name: &str) -> Result<Option<Published>> {
    let Some((published, given)) = look(cx, name).await? else { return Ok(None) };
    let access = access::standing(cx.client(), &published.endpoint, &given).await?;
    let published = Published { access, ..published };
    let Some(official) = &published.endpoint.official else { return Ok(Some(published)) };
    let is_whole = publish_official::is_whole(cx.client(), &published.endpoint, official).await?;
    let compatible_version = is_whole.then(|| official.version.clone());
    Ok(Some(Published { compatible_version, ..published }))
}

/// Removes the endpoint, and the folder of all endpoints if it was the last one. The scope, which is what makes an endpoint exist, goes
/// at the end.
pub(super) async fn withdraw(cx: &Call<Workspace>, name: &str, endpoint: Option<SshEndpoint>) -> Result<()> {
    let endpoint = match endpoint {
        Some(endpoint) => Some(endpoint),
        // A create that failed late left more than the state knows.
        None => announced(cx, name).await?,
    };
    if let Some(endpoint) = endpoint {
        if let Some(official) = &endpoint.official {
            publish_official::remove(cx.client(), name, official, None).await?;
        }
        access::withdraw(cx.client(), &endpoint).await?;
        remove_folder(cx, &endpoint.directory).await?;
        let parent = |path: &str| path.rsplit_once('/').map(|(parent, _)| parent.to_owned()).unwrap_or_default();
        let endpoints = parent(&endpoint.directory);
        if is_empty_folder(cx, &endpoints).await? {
            remove_folder(cx, &endpoints).await?;
            // The official tool has folders of its own there.
            let root = parent(&endpoints);
            if is_empty_folder(cx, &root).await? {
                remove_folder(cx, &root).await?;
            }
        }
    }
    let scope = layout::secret_scope(name);
    secrets::delete_scope(cx.client(), &layout::clients_scope(&scope)).await?;
    Ok(secrets::delete_scope(cx.client(), &scope).await?)
}

async fn forget_host_key(cx: &Call<Workspace>, scope: &str) -> Result<()> {
    Ok(secrets::delete(cx.client(), scope, SERVER_PRIVATE_KEY).await?)
}

/// For what is no secret: the endpoint's mark.
async fn put(cx: &Call<Workspace>, scope: &str, key: &str, value: String) -> Result<()> {
    Ok(secrets::put(cx.client(), scope, key, &value.into()).await?)
}

/// For what is no secret: the endpoint and its mark.
async fn get(cx: &Call<Workspace>, scope: &str, key: &str) -> Result<Option<String>> {
    let found = secrets::get(cx.client(), scope, key).await?;
    Ok(found.map(|text| text.expose().clone()))
}

async fn is_empty(cx: &Call<Workspace>, scope: &str) -> Result<bool> {
    let found = secrets::list(cx.client(), scope).await?;
    Ok(found.unwrap_or_default().is_empty())
}

async fn remove_folder(cx: &Call<Workspace>, path: &str) -> Result<()> {
    Ok(workspace::remove_folder(cx.client(), path).await?)
}

async fn is_empty_folder(cx: &Call<Workspace>, path: &str) -> Result<bool> {
    let found = workspace::list(cx.client(), path).await?;
    Ok(found.is_empty())
}
