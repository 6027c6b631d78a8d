//! The workspace's client: what is not said comes from the environment or from a profile.

use databricks::{Client, Config};

use super::explain;
use crate::error::Result;
use crate::websocket::dial::USER_AGENT;

/// The client of the workspace at an address, with credentials of that host: from a profile or the environment.
///
/// # Errors
/// When there are no credentials.
pub fn client(host: &str, profile: Option<&str>) -> Result<Client> {
    of_config(Config {
        host: Some(host.to_owned()),
        profile: profile.map(str::to_owned),
        credentials_of_host: true,
        ..Config::default()
    })
}

/// The client of the workspace that the environment or a profile names.
///
/// # Errors
/// When there is no workspace, or there are no credentials.
pub fn client_of_environment() -> Result<Client> {
    of_config(Config::default())
}

pub(super) fn of_config(config: Config) -> Result<Client> {
    let user_agent = Some(USER_AGENT.to_owned());
    Client::new(Config { user_agent, ..config }).map_err(|error| {
        explain(error, "cannot sign in").way_out(
            "tunnel login signs in with a browser; tunnel --help names the variables that say other credentials.",
        )
    })
}
