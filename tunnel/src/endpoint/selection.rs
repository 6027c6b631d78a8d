//! Which endpoint is meant, and how that becomes an endpoint: from Terraform's outputs, or straight from a cluster.

use std::io::Read;
use std::path::{Path, PathBuf};

use databricks::Client;
use ssh_endpoint::{Serverless, SshEndpoint};

use super::direct::{self, Compute, Direct, EndpointUse};
use super::known;
use super::metadata::Metadata;
use crate::error::{Context, Error, Result};
use crate::home::home;
use crate::workspace::client::client;
use crate::workspace::selection::WorkspaceArgs;
use crate::{environment, terraform};

/// Where the endpoint is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// File with the outputs, or with an endpoint; `-` is stdin. Without one TUNNEL_OUTPUTS names it, or Terraform or OpenTofu is asked
    /// in this folder, or it is one that is known here.
    pub outputs: Option<PathBuf>,
    /// The endpoint's name, or its output's.
    pub endpoint: Option<String>,
    /// Name or id of a cluster whose endpoint is meant, without Terraform.
    pub cluster: Option<String>,
    /// The same on serverless compute.
    pub serverless: bool,
    /// GPU of the serverless compute.
    pub accelerator: Option<String>,
    /// Name of the endpoint that is published.
    pub publish_as: Option<String>,
    /// Program for the driver, where it is not this one.
    pub tunnel_binary: Option<PathBuf>,
    /// The workspace of a cluster, and the credentials everywhere.
    pub workspace: WorkspaceArgs,
}

impl Selection {
    /// The endpoint that is meant, with what finding it found besides. One straight from a cluster is published only to connect.
    ///
    /// # Errors
    /// When there is none, or several and none is named.
    pub async fn find(&self, purpose: EndpointUse) -> Result<Selected> {
        let profile = self.workspace.profile.clone();
        if let Some(direct) = self.direct(purpose) {
            let client = self.workspace.client()?;
            let (endpoint, server) = direct::endpoint(&client, &home()?, &direct).await?;
            return Ok(Selected { endpoint, server, client: Some(client), profile });
        }
        if self.publish_as.is_some() || self.tunnel_binary.is_some() {
            return Err(Error::new("--publish-as and --tunnel-binary are for an endpoint that the tunnel publishes")
                .way_out("Say on what: --cluster NAME, or --serverless."));
        }
        if self.workspace.host.is_some() {
            return Err(Error::new(
                "--host is for an endpoint straight from a cluster: another one says its workspace",
            )
            .way_out("Say on what: --cluster NAME, or --serverless."));
        }
        Ok(Selected { profile, ..Selected::from(self.named()?) })
    }

    fn direct(&self, purpose: EndpointUse) -> Option<Direct<'_>> {
        let serverless = || Serverless { accelerator: self.accelerator.clone(), ..Serverless::default() };
        let compute = match &self.cluster {
            Some(cluster) => Compute::Cluster(cluster.clone()),
            None if self.serverless => Compute::Serverless(serverless()),
            None => return None,
        };
        Some(Direct { compute, name: self.publish_as.as_deref(), binary: self.tunnel_binary.as_deref(), purpose })
    }

    /// The endpoint of the outputs, if there are any: what an apply has changed counts before what this machine remembers. One that is
    /// known here needs no outputs.
    ///
    /// # Errors
    /// When there is none, or several and none is named.
    pub fn named(&self) -> Result<SshEndpoint> {
        let name = self.endpoint.as_deref();
        if let Some(file) = self.file() {
            return super::find(&read(&file)?, name);
        }
        let folder = here()?;
        if !terraform::is_configuration(&folder) {
            return known::find(&home()?, name);
        }
        let found = terraform::outputs(&folder, &environment::path()).and_then(|outputs| super::find(&outputs, name));
        match found {
            Err(_) if name.is_some_and(|name| home().is_ok_and(|home| known::is_known(&home, name))) => {
                known::find(&home()?, name)
            }
            found => found,
        }
    }

    /// All endpoints of the outputs.
    ///
    /// # Errors
    /// When there is none.
    pub fn all(&self) -> Result<Vec<SshEndpoint>> {
        match self.file() {
            Some(file) => super::find_all(&read(&file)?),
            None => super::find_all(&terraform::outputs(&here()?, &environment::path())?),
        }
    }

    fn file(&self) -> Option<PathBuf> {
        self.outputs.clone().or_else(environment::outputs)
    }
}

/// An endpoint, with what is known about it by now.
pub struct Selected {
    /// The endpoint.
    pub endpoint: SshEndpoint,
    /// Its running server, where that was looked for and found.
    pub server: Option<Metadata>,
    /// The workspace, where it was asked already.
    pub client: Option<Client>,
    /// The profile that was asked for.
    pub profile: Option<String>,
}

impl Selected {
    /// The workspace's client.
    ///
    /// # Errors
    /// When there are no credentials.
    pub fn client(&self) -> Result<Client> {
        match &self.client {
            Some(client) => Ok(client.clone()),
            None => client(&self.endpoint.host, self.profile.as_deref()),
        }
    }
}

impl From<SshEndpoint> for Selected {
    fn from(endpoint: SshEndpoint) -> Self {
        Self { endpoint, server: None, client: None, profile: None }
    }
}

fn here() -> Result<PathBuf> {
    std::env::current_dir().context(|| "this folder cannot be read".to_owned())
}

fn read(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context(|| "cannot read the outputs from stdin".to_owned())?;
        return Ok(text);
    }
    std::fs::read_to_string(file).context(|| format!("cannot read {}", file.display()))
}
