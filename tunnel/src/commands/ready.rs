//! What every command needs that goes to the cluster: a running server, a registered key, and what ssh is told.

use std::path::PathBuf;

use clap::Args;
use databricks::{Client, Config};
use secret::Secret;
use ssh_endpoint::SshEndpoint;

use crate::commands::selection::{Selected, Selection};
use crate::endpoint::clients;
use crate::endpoint::direct::Purpose;
use crate::endpoint::files::Files;
use crate::endpoint::metadata::Metadata;
use crate::endpoint::start::{Starter, explain};
use crate::error::{Context, Error, Result};
use crate::keys::{self, ClientKey};
use crate::progress::Progress;
use crate::websocket::dial;
use crate::{environment, ssh};

/// With which key to log in.
#[derive(Debug, Clone, Default, Args)]
pub struct Identity {
    /// Key to log in with, in place of the one that the tunnel makes: a private key, or the public half of one that an agent or
    /// a security key holds.
    #[arg(short, long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
}

impl Identity {
    /// The key.
    ///
    /// # Errors
    /// When its file is none, or this machine's own can be neither read nor made.
    pub fn key(&self) -> Result<ClientKey> {
        match &self.identity {
            Some(file) => keys::given(file),
            None => keys::ensure(&home()?, &comment()),
        }
    }
}

/// An endpoint that can be connected to.
pub struct Ready {
    /// The endpoint.
    pub endpoint: SshEndpoint,
    /// The workspace.
    pub client: Client,
    /// The running server.
    pub server: Metadata,
    /// A token for the proxy, which saves it asking for one.
    pub token: Secret<String>,
    /// What ssh is told, as the arguments of `-o`.
    pub options: Vec<String>,
}

impl Ready {
    /// Finds the endpoint, registers this machine's key, and starts the server where none answers.
    ///
    /// # Errors
    /// When there is no endpoint, the workspace refuses, or the server does not start.
    pub async fn of(selection: &Selection, identity: &Identity) -> Result<Self> {
        Self::of_selected(selection.find(Purpose::Connect).await?, identity).await
    }

    /// The same for this endpoint.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub async fn at(endpoint: SshEndpoint, identity: &Identity) -> Result<Self> {
        Self::of_selected(endpoint.into(), identity).await
    }

    /// The same with what is known by now.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub async fn of_selected(selected: Selected, identity: &Identity) -> Result<Self> {
        let Selected { mut endpoint, server, client: signed_in } = selected;
        let home = home()?;
        let client = match signed_in {
            Some(client) => client,
            None => client(&endpoint)?,
        };
        let key = identity.key()?;
        let progress = Progress::default();
        let starter = Starter { client: &client, endpoint: &endpoint, home: &home, progress: &progress };
        let registering = clients::register(&client, &endpoint, &key.public_line);
        let finding = async {
            match server {
                Some(server) => Ok(server),
                None => starter.ensure().await,
            }
        };
        let (server, ()) = tokio::try_join!(finding, registering)?;
        progress.done();
        let token = client.bearer().await.map_err(|error| explain(error, "cannot sign in"))?;
        let files = Files::write(&home, &endpoint)?;
        if endpoint.remote_user.is_empty() {
            endpoint.remote_user = server.user.clone();
        }
        let mut proxy = files.proxy()?;
        proxy.push(format!("--port={}", server.port));
        if endpoint.serverless.is_some() {
            proxy.push(format!("--cluster-id={}", server.cluster_id));
        }
        if !server.instance_id.is_empty() {
            proxy.push(format!("--instance-id={}", server.instance_id));
            proxy.push(format!("--resume-version={}", server.resume_version));
        }
        let options = ssh::options(&endpoint, &proxy, &key.private, &files.known_hosts);
        let options = options.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(Self { endpoint, client, server, token, options })
    }
}

/// The workspace's client: credentials from the environment or a profile, whatever host these name.
///
/// # Errors
/// When there are no credentials.
pub fn client(endpoint: &SshEndpoint) -> Result<Client> {
    let host = Some(endpoint.host.clone());
    let user_agent = Some(dial::USER_AGENT.to_owned());
    Client::new(Config { host, user_agent, ..Config::default() }).map_err(|error| explain(error, "cannot sign in"))
}

/// The client of the workspace that the environment or a profile names.
///
/// # Errors
/// When there is no workspace, or there are no credentials.
pub fn client_of_environment() -> Result<Client> {
    let user_agent = Some(dial::USER_AGENT.to_owned());
    Client::new(Config { user_agent, ..Config::default() }).map_err(|error| explain(error, "cannot sign in"))
}

/// The tunnel's folder.
///
/// # Errors
/// When there is no home.
pub fn home() -> Result<PathBuf> {
    let home = environment::home()
        .ok_or_else(|| Error::new("there is no home directory").way_out("Set DATABRICKS_TUNNEL_HOME to a folder."))?;
    // ssh runs in this folder too, and the paths stand in its options.
    std::path::absolute(&home).context(|| format!("{} is no folder", home.display()))
}

/// Whose key it is: `user@machine`.
pub fn comment() -> String {
    let user = environment::variable("USER").or_else(|| environment::variable("LOGNAME"));
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    format!("{}@{}", user.as_deref().unwrap_or("tunnel"), host.as_deref().unwrap_or("unknown"))
}
