//! An endpoint as it is, for the commands that look at it or end it: nothing is started.

use bytes::Bytes;
use databricks::Client;
use secret::Secret;
use ssh_endpoint::SshEndpoint;

use crate::endpoint::direct::EndpointUse;
use crate::endpoint::metadata::Metadata;
use crate::endpoint::selection::{Selected, Selection};
use crate::endpoint::start::{Starter, address};
use crate::error::{Context, Error, Result};
use crate::home::home;
use crate::progress::Progress;
use crate::server::status::ServerStatus;
use crate::websocket::dial::{self, DialError};
use crate::workspace::explain;

/// An endpoint and its server.
pub struct Existing {
    /// The endpoint.
    pub endpoint: SshEndpoint,
    /// The workspace.
    pub client: Client,
    /// The server, where one answers.
    pub server: Option<Metadata>,
}

impl Existing {
    /// Looks for the endpoint that is meant.
    ///
    /// # Errors
    /// When there is none, or the workspace cannot be asked.
    pub async fn of(selection: &Selection) -> Result<Self> {
        Self::at(selection.find(EndpointUse::Look).await?).await
    }

    /// Looks for the server of an endpoint.
    ///
    /// # Errors
    /// When the workspace cannot be asked.
    pub async fn at(selected: Selected) -> Result<Self> {
        let client = selected.client()?;
        let Selected { endpoint, server, .. } = selected;
        let server = match server {
            Some(server) => Some(server),
            None => {
                let (home, progress) = (home()?, Progress::default());
                Starter { client: &client, endpoint: &endpoint, home: &home, progress: &progress }.find().await?
            }
        };
        Ok(Self { endpoint, client, server })
    }

    /// The server.
    ///
    /// # Errors
    /// When there is none.
    pub fn running(&self) -> Result<&Metadata> {
        self.server.as_ref().ok_or_else(|| {
            Error::new(format!("no server runs for the endpoint {}", self.endpoint.name))
                .way_out("tunnel connect starts one.")
        })
    }

    /// Asks the server for a route's text.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn get(&self, server: &Metadata, route: &str) -> Result<Bytes> {
        let token = self.token().await?;
        let answer = dial::get(&address(&self.endpoint, server)?, route, &token).await;
        answer.context(|| format!("the server of {} does not answer", self.endpoint.name))
    }

    /// What the server says about itself; `None` when it is not one of ours, or too old for that.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&self, server: &Metadata) -> Result<Option<ServerStatus>> {
        let token = self.token().await?;
        match dial::get(&address(&self.endpoint, server)?, "status", &token).await {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if is_unknown_route(&error) => Ok(None),
            Err(error) => Err(Error::new("the server does not answer").caused_by(error)),
        }
    }

    /// A token for the server.
    ///
    /// # Errors
    /// When there are no credentials that the workspace accepts.
    pub async fn token(&self) -> Result<Secret<String>> {
        self.client.bearer().await.map_err(|error| explain(error, "cannot sign in"))
    }
}

/// Whether the server does not know what it was asked.
pub fn is_unknown_route(error: &DialError) -> bool {
    [Some(http::StatusCode::NOT_FOUND), Some(http::StatusCode::METHOD_NOT_ALLOWED)].contains(&error.status())
}
