//! Which workspace is meant.

use clap::Args;
use databricks::{Client, Config};

use super::client::of_config;
use crate::error::Result;

/// Which workspace. What is not said comes from the environment or from a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[group(skip)]
pub struct WorkspaceArgs {
    /// Address of the workspace, where no endpoint says it. By default DATABRICKS_HOST, or the profile's.
    #[arg(long, value_name = "URL")]
    pub host: Option<String>,
    /// Profile of ~/.databrickscfg to sign in with. By default DATABRICKS_CONFIG_PROFILE, or the credentials of the environment.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

impl WorkspaceArgs {
    /// The workspace's client.
    ///
    /// # Errors
    /// When there is no workspace, or there are no credentials.
    pub fn client(&self) -> Result<Client> {
        of_config(Config { host: self.host.clone(), profile: self.profile.clone(), ..Config::default() })
    }
}
