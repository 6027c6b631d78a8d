//! `tunnel login`: signs a person in with a browser, for the tunnel and for the official tools.

use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use databricks::SignIn;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::commands::selection::NamedEndpointArgs;
use crate::endpoint::selection::Selection;
use crate::error::{Error, Result};
use crate::say;
use crate::websocket::dial::USER_AGENT;
use crate::workspace::client::client;
use crate::workspace::explain;

/// How long a person may take.
const LIMIT: Duration = Duration::from_secs(600);

/// Where to sign in.
#[derive(Debug, Args)]
#[command(
    after_help = "The login is kept in ~/.databricks/token-cache.json, as databricks auth login keeps it, and renewed as long as the workspace
allows. A browser on another machine ends at an address that it cannot open: paste that address here.

Examples:
  tunnel login demo                                      # the workspace of a known endpoint
  tunnel login --host https://dbc-a1b2.cloud.databricks.com
  tunnel login demo --no-browser                         # over SSH: prints the address"
)]
pub struct LoginArgs {
    /// Which endpoint's workspace; --host says another. With --profile the login is kept for that profile too.
    #[command(flatten)]
    pub selection: NamedEndpointArgs,
    /// Do not open a browser: print the address.
    #[arg(long)]
    pub no_browser: bool,
}

/// Signs in, and answers 0.
///
/// # Errors
/// When there is no such workspace, the person is refused or too slow, or the login cannot be kept.
pub async fn run(args: LoginArgs) -> Result<u8> {
    let selection = Selection::from(args.selection);
    let host = match &selection.workspace.host {
        Some(host) => host.clone(),
        None => selection.named()?.host,
    };
    let profile = selection.workspace.profile.as_deref();
    let cannot = |error| explain(error, "cannot sign in");
    let sign_in = SignIn::begin(&host, None, profile, USER_AGENT).await.map_err(cannot)?;
    let is_open = !args.no_browser && open::that_detached(sign_in.address().as_str()).is_ok();
    if is_open {
        say!("tunnel: sign in with the browser. If none opens, go to\n\n{}\n", sign_in.address());
    } else {
        say!(
            "tunnel: sign in at\n\n{}\n\nIf the browser is on another machine, paste the address that it ends at here.\n",
            sign_in.address()
        );
    }
    let redirected = timeout(LIMIT, async {
        tokio::select! {
            address = sign_in.redirected() => address,
            address = pasted(!is_open) => address,
        }
    });
    let redirected = redirected.await.map_err(|_| {
        Error::new(format!("nobody signed in within {} minutes", LIMIT.as_secs() / 60))
            .way_out("Run tunnel login again.")
    })?;
    sign_in.finish(&redirected).await.map_err(cannot)?;
    let me = client(&host, profile)?.me().await.map_err(cannot)?;
    say!("tunnel: signed in at {host} as {}", me.user_name);
    Ok(0)
}

/// The first line that is an address, of a person or a program that has the browser.
async fn pasted(is_expected: bool) -> String {
    if is_expected || std::io::stdin().is_terminal() {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if line.trim().starts_with("http") {
                return line;
            }
        }
    }
    std::future::pending().await
}
