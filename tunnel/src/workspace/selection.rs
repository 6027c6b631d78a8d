//! Which workspace is meant.

use clap::Args;
use databricks::{Client, Config};

use super::client::of_config;
use super::profiles;
use crate::error::Result;

/// The heading in help of who signs in, and with what.
pub const AS_WHOM: &str = "Sign-in";

/// Which workspace. What is not said comes from the environment or from a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[group(skip)]
pub struct WorkspaceArgs {
    /// Address of the workspace, where no endpoint says it. By default DATABRICKS_HOST, or the profile's.
    #[arg(long, help_heading = AS_WHOM, value_name = "URL", global = true)]
    pub host: Option<String>,
    /// Profile of ~/.databrickscfg to sign in with. By default DATABRICKS_CONFIG_PROFILE, the credentials of the environment, or the
    /// profile of the workspace's host.
    #[arg(short, long, help_heading = AS_WHOM, value_name = "NAME", global = true, add = profiles::candidates())]
    pub profile: Option<String>,
}

impl WorkspaceArgs {
    /// The workspace's client.
    ///
    /// # Errors
    /// When there is no workspace, or there are no credentials.
    pub fn client(&self) -> Result<Client> {
        let credentials_of_host = self.host.is_some();
        of_config(Config {
            host: self.host.clone(),
            profile: self.profile.clone(),
            credentials_of_host,
            ..Config::default()
        })
    }
}
