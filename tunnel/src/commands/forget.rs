//! `tunnel forget`: takes an endpoint out of what this machine knows. Nothing is asked of the workspace, where it may be long gone.

use clap::Args;

use crate::commands::setup;
use crate::completion;
use crate::endpoint::known;
use crate::error::Result;
use crate::home::home;
use crate::say;

/// What to forget.
#[derive(Debug, Args)]
#[command(
    after_help = "The endpoint itself stays as it is, and so does this machine's key there: tunnel keys remove takes that away.

Examples:
  tunnel forget demo
  tunnel forget demo.1000000000003    # one of several of that name: tunnel list shows them"
)]
pub struct ForgetArgs {
    /// Endpoint, by its name; with its workspace's id behind a dot where several have that name.
    #[arg(required = true, value_name = "ENDPOINT", add = completion::endpoints())]
    pub names: Vec<String>,
}

/// Forgets them, with the hosts of ssh that lead there.
///
/// # Errors
/// When one is not known: then none is forgotten.
pub fn run(args: &ForgetArgs) -> Result<u8> {
    let home = home()?;
    let endpoints: Vec<_> = args.names.iter().map(|name| known::find(&home, Some(name))).collect::<Result<_>>()?;
    for endpoint in endpoints {
        let alias = endpoint.host_key_alias();
        for (host, _) in setup::hosts_by_alias()?.into_iter().filter(|(_, of)| *of == alias) {
            setup::remove(&host)?;
        }
        known::forget(&home, &endpoint)?;
        say!("tunnel: the endpoint {} on {} is forgotten here", endpoint.name, endpoint.host);
    }
    Ok(0)
}
