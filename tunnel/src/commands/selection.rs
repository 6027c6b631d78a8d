//! Which endpoint a command is about: the arguments that all commands share, and how they become an endpoint.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use databricks::Client;
use ssh_endpoint::{ACCELERATORS, Serverless, SshEndpoint};

use crate::commands::ready;
use crate::endpoint::direct::{self, Compute, Direct, Purpose};
use crate::endpoint::metadata::Metadata;
use crate::error::{Context, Error, Result};
use crate::{endpoint, environment, terraform};

/// Where the endpoint is found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[group(skip)]
pub struct Selection {
    /// File with the outputs, as `terraform output -json` prints them; `-` is stdin. By default Terraform or OpenTofu is asked
    /// in this folder.
    #[arg(long, value_name = "FILE")]
    pub outputs: Option<PathBuf>,
    /// Endpoint to connect to, by its name or its output's: needed where there are several.
    #[arg(long, value_name = "NAME")]
    pub endpoint: Option<String>,
    /// Connect straight to this cluster, without Terraform: the endpoint is published where there is none. The workspace and the
    /// credentials are those of the environment or of a profile.
    #[arg(long, value_name = "NAME|ID", conflicts_with_all = ["outputs", "endpoint"])]
    pub cluster: Option<String>,
    /// The same on serverless compute.
    #[arg(long, conflicts_with_all = ["outputs", "endpoint", "cluster"])]
    pub serverless: bool,
    /// GPU of the serverless compute.
    #[arg(long, value_name = "GPU", requires = "serverless", value_parser = clap::builder::PossibleValuesParser::new(ACCELERATORS))]
    pub accelerator: Option<String>,
    /// Name of the endpoint that is published; by default the cluster's id, or one that is your own.
    #[arg(long = "publish-as", value_name = "NAME")]
    pub publish_as: Option<String>,
    /// Program for the driver, where it is not this one: another processor, or another system here.
    #[arg(long, value_name = "FILE")]
    pub tunnel_binary: Option<PathBuf>,
}

impl Selection {
    /// The endpoint that is meant.
    ///
    /// # Errors
    /// When there is none, or several and none is named.
    pub async fn resolve(&self) -> Result<SshEndpoint> {
        Ok(self.find(Purpose::Connect).await?.endpoint)
    }

    /// The same, with what finding it found besides. An endpoint straight from a cluster is published only to connect.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub async fn find(&self, purpose: Purpose) -> Result<Selected> {
        if let Some(direct) = self.direct(purpose) {
            let client = ready::client_of_environment()?;
            let (endpoint, server) = direct::endpoint(&client, &ready::home()?, &direct).await?;
            return Ok(Selected { endpoint, server, client: Some(client) });
        }
        if self.publish_as.is_some() || self.tunnel_binary.is_some() {
            return Err(Error::new("--publish-as and --tunnel-binary are for an endpoint that the tunnel publishes")
                .way_out("Say on what: --cluster NAME, or --serverless."));
        }
        let endpoint = endpoint::find(&outputs(self.outputs.as_deref())?, self.endpoint.as_deref())?;
        Ok(endpoint.into())
    }

    fn direct(&self, purpose: Purpose) -> Option<Direct<'_>> {
        let serverless = || Serverless { accelerator: self.accelerator.clone(), ..Serverless::default() };
        let compute = match &self.cluster {
            Some(cluster) => Compute::Cluster(cluster.clone()),
            None if self.serverless => Compute::Serverless(serverless()),
            None => return None,
        };
        Some(Direct { compute, name: self.publish_as.as_deref(), binary: self.tunnel_binary.as_deref(), purpose })
    }

    /// All endpoints of the outputs.
    ///
    /// # Errors
    /// When there is none.
    pub fn all(&self) -> Result<Vec<SshEndpoint>> {
        endpoint::find_all(&outputs(self.outputs.as_deref())?)
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
}

impl From<SshEndpoint> for Selected {
    fn from(endpoint: SshEndpoint) -> Self {
        Self { endpoint, server: None, client: None }
    }
}

fn outputs(file: Option<&Path>) -> Result<String> {
    match file {
        None => {
            let folder = std::env::current_dir().context(|| "this folder cannot be read".to_owned())?;
            terraform::outputs(&folder, &environment::path())
        }
        Some(file) if file == Path::new("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context(|| "cannot read the outputs from stdin".to_owned())?;
            Ok(text)
        }
        Some(file) => std::fs::read_to_string(file).context(|| format!("cannot read {}", file.display())),
    }
}
