//! Which endpoint a command is about: the arguments that all commands share, and how they become an endpoint.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use databricks::ssh_endpoint::SshEndpoint;

use crate::error::{Context, Result};
use crate::{endpoint, environment, terraform};

/// Where the endpoint is found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Selection {
    /// File with the outputs, as `terraform output -json` prints them; `-` is stdin. By default Terraform or OpenTofu is asked
    /// in this folder.
    #[arg(long, value_name = "FILE")]
    pub outputs: Option<PathBuf>,
    /// Endpoint to connect to, by its name or its output's: needed where there are several.
    #[arg(long, value_name = "NAME")]
    pub endpoint: Option<String>,
}

impl Selection {
    /// The endpoint that is meant.
    ///
    /// # Errors
    /// When there is none, or several and none is named.
    pub async fn resolve(&self) -> Result<SshEndpoint> {
        endpoint::find(&outputs(self.outputs.as_deref())?, self.endpoint.as_deref())
    }

    /// All endpoints of the outputs.
    ///
    /// # Errors
    /// When there is none.
    pub fn all(&self) -> Result<Vec<SshEndpoint>> {
        endpoint::find_all(&outputs(self.outputs.as_deref())?)
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
