//! A configured provider: what its block said, and the clients that are made of it when the first resource asks.

use std::sync::Arc;

use tfplugin::{Error, Result};
use tokio::sync::OnceCell;

use crate::aws::Aws;
use crate::clients::config_of;
use crate::provider::Config;

/// A configured provider. Attributes that are unknown while planning stay unknown here: a client that needs one is
/// refused with its name, and no default takes its place.
#[derive(Debug)]
pub struct Context {
    /// The provider block.
    pub config: Config,
    /// Version of the Terraform or OpenTofu that runs, for the user agent.
    pub terraform_version: String,
    pub(crate) aws: OnceCell<Arc<Aws>>,
    databricks: OnceCell<databricks::Client>,
}

impl Context {
    /// The context of a provider block.
    pub fn new(config: Config, terraform_version: &str) -> Self {
        Self {
            config,
            terraform_version: terraform_version.to_owned(),
            aws: OnceCell::new(),
            databricks: OnceCell::new(),
        }
    }

    /// The Databricks client, made once; whether it is an account's or a workspace's is for the caller to check.
    pub(crate) async fn databricks(&self) -> Result<databricks::Client> {
        let make = || async { databricks::Client::new(config_of(&self.config, &self.terraform_version)) };
        self.databricks.get_or_try_init(make).await.cloned().map_err(|error| match error {
            // The names of what is unknown stand in the message.
            error @ databricks::Error::Unknown { .. } => Error::from(error).at("host"),
            error => Error::from(error),
        })
    }
}
