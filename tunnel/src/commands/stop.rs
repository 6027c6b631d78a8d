//! `tunnel stop`: ends an endpoint's server now, and with it what a cluster costs once nothing else runs there.

use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep};

use crate::commands::existing::{Existing, is_unknown_route};
use crate::commands::selection::NamedEndpointArgs;
use crate::endpoint::metadata::Metadata;
use crate::endpoint::start::address;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::say;
use crate::server::status::ServerStatus;
use crate::websocket::dial;

/// How long sessions may take to end that are ending: ssh is back before the server hears of it, and the connection that calls of jobs
/// share stays for some seconds.
const ENDING: Duration = Duration::from_secs(8);
/// How long the server may take to end after it said that it will.
const LIMIT: Duration = Duration::from_secs(30);

/// What to stop.
#[derive(Debug, Args)]
#[command(after_help = "The cluster goes on; it ends by its own autotermination.

Examples:
  tunnel stop
  tunnel stop --endpoint demo --force")]
pub struct StopArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub selection: NamedEndpointArgs,
    /// Also when somebody is connected, or a job runs: it ends with the server.
    #[arg(long)]
    pub force: bool,
}

/// Ends the server. Where none runs, that is said, and no error.
///
/// # Errors
/// When somebody is connected and it is not forced, or the server does not end.
pub async fn run(args: StopArgs) -> Result<u8> {
    let existing = Existing::of(&args.selection.into()).await?;
    let name = &existing.endpoint.name;
    let Some(server) = &existing.server else {
        say!("tunnel: no server runs for the endpoint {name}");
        return Ok(0);
    };
    let progress = Progress::default();
    let status = if args.force { None } else { settled(&existing, server, &progress).await? };
    if let Some(status) = status {
        let sessions = status.sessions + status.waiting_sessions;
        if sessions > 0 {
            let who = if sessions == 1 { "1 session is".to_owned() } else { format!("{sessions} sessions are") };
            return Err(Error::new(format!("{who} connected to the endpoint {name}"))
                .way_out("tunnel stop --force ends them as well."));
        }
        if status.jobs > 0 {
            let what = if status.jobs == 1 { "1 job runs".to_owned() } else { format!("{} jobs run", status.jobs) };
            return Err(Error::new(format!("{what} on the endpoint {name}"))
                .way_out("tunnel job list shows them, and tunnel stop --force ends them as well."));
        }
    }
    let address = address(&existing.endpoint, server)?;
    let token = existing.token().await?;
    match dial::post(&address, "stop", &token).await {
        Ok(_) => {}
        Err(error) if is_unknown_route(&error) => {
            return Err(Error::new("the server is not one of this tunnel's, and cannot be told to end")
                .way_out("It ends by itself when nobody is connected; or cancel its run in the workspace."));
        }
        Err(error) => return Err(Error::new("the server does not answer").caused_by(error)),
    }
    let started = Instant::now();
    while dial::get(&address, "metadata", &token).await.is_ok() {
        if started.elapsed() > LIMIT {
            return Err(Error::new("the server said that it ends, and still answers"));
        }
        progress.stage("waiting for the server's end");
        sleep(Duration::from_millis(100)).await;
    }
    progress.done();
    say!("tunnel: the server of the endpoint {name} has ended");
    Ok(0)
}

/// What the server says once sessions that are ending have ended.
async fn settled(existing: &Existing, server: &Metadata, progress: &Progress) -> Result<Option<ServerStatus>> {
    let until = Instant::now() + ENDING;
    loop {
        let status = existing.status(server).await?;
        let is_busy = status.as_ref().is_some_and(|status| status.sessions + status.waiting_sessions > 0);
        if !is_busy || Instant::now() >= until {
            progress.done();
            return Ok(status);
        }
        progress.stage_on_terminal("waiting for sessions that end".to_owned());
        sleep(Duration::from_millis(250)).await;
    }
}
