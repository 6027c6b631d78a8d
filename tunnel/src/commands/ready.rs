//! What every command needs that goes to the cluster: a running server, a registered key, and what ssh is told.

use databricks::Client;
use secret::Secret;
use ssh_endpoint::SshEndpoint;

use crate::endpoint::clients;
use crate::endpoint::direct::EndpointUse;
use crate::endpoint::files::Files;
use crate::endpoint::identity::Identity;
use crate::endpoint::metadata::Metadata;
use crate::endpoint::selection::{Selected, Selection};
use crate::endpoint::start::Starter;
use crate::error::Result;
use crate::home::home;
use crate::progress::Progress;
use crate::ssh;
use crate::workspace::explain;

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
        Self::of_selected(selection.find(EndpointUse::Connect).await?, identity).await
    }

    /// The same with what is known by now.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub async fn of_selected(selected: Selected, identity: &Identity) -> Result<Self> {
        let client = selected.client()?;
        let Selected { mut endpoint, server, profile, .. } = selected;
        let home = home()?;
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
        let mut proxy = files.proxy(profile.as_deref())?;
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
