//! Code on a cluster through its execution contexts (API 1.2): a context is made, a command runs in it, and both end however that ends.

pub mod results;

use std::time::Duration;

use databricks::Client;
use databricks::api::commands::{
    self, CommandAnswer, CommandPlace, CommandStatus, ContextPlace, ContextStatus, ExecuteCommand,
};
use tokio::time::{Instant, sleep};

use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::workspace::refused;

/// How long a context may take to come up: that of the official provider.
const CONTEXT_LIMIT: Duration = Duration::from_secs(600);

/// Makes a context, and waits until it takes commands.
///
/// # Errors
/// When the cluster does not run, or has no such language.
pub async fn make(client: &Client, cluster_id: &str, language: &str, progress: &Progress) -> Result<ContextPlace> {
    let place = create(client, cluster_id, language, progress).await?;
    match comes_up(client, &place).await {
        Ok(()) => Ok(place),
        Err(error) => {
            free(client, &place).await;
            Err(error)
        }
    }
}

/// Makes a context. It is to be ended, whatever becomes of it.
///
/// # Errors
/// When the cluster does not run.
pub async fn create(client: &Client, cluster_id: &str, language: &str, progress: &Progress) -> Result<ContextPlace> {
    progress.stage_on_terminal("making an execution context");
    let made = commands::create_context(client, cluster_id, language).await;
    let context_id = made.map_err(|error| unready(error, cluster_id))?;
    Ok(ContextPlace { cluster_id: cluster_id.to_owned(), context_id })
}

/// Waits until a context takes commands.
///
/// # Errors
/// When the cluster has no such language, or takes too long.
pub async fn comes_up(client: &Client, place: &ContextPlace) -> Result<()> {
    let started = Instant::now();
    loop {
        let status = commands::context(client, place).await;
        match status.map_err(|error| refused(error, "cannot look at the execution context"))? {
            ContextStatus::Running => return Ok(()),
            ContextStatus::Error => {
                return Err(Error::new("the cluster cannot run this language")
                    .way_out("Choose another --language, or another cluster."));
            }
            _ if started.elapsed() > CONTEXT_LIMIT => {
                return Err(Error::new(format!(
                    "the execution context did not start within {} minutes",
                    CONTEXT_LIMIT.as_secs() / 60
                )));
            }
            _ => sleep(interval(started)).await,
        }
    }
}

/// A cluster that does not run is said with how to start it.
fn unready(error: databricks::Error, cluster_id: &str) -> Error {
    let is_unready = error.message().contains("ClusterNotReady");
    let described = refused(error, "cannot make an execution context");
    if is_unready {
        described.way_out(format!("tunnel cluster start {cluster_id} --wait, or exec --start"))
    } else {
        described
    }
}

/// Ends a context. That it cannot be ended is only logged: the cluster ends it when it is not used.
pub async fn free(client: &Client, place: &ContextPlace) {
    if let Err(error) = commands::destroy_context(client, place).await {
        tracing::warn!(%error, context = place.context_id, "an execution context stays");
    }
}

/// Has code run in a context.
///
/// # Errors
/// When the workspace refuses, or nobody knows whether the command began.
pub async fn submit(client: &Client, place: &ContextPlace, language: &str, code: String) -> Result<CommandPlace> {
    let ContextPlace { cluster_id, context_id } = place.clone();
    let body = ExecuteCommand { cluster_id, context_id, language: language.to_owned(), command: code };
    let command_id =
        commands::execute(client, &body).await.map_err(|error| refused(error, "cannot run the command"))?;
    let ExecuteCommand { cluster_id, context_id, .. } = body;
    Ok(CommandPlace { cluster_id, context_id, command_id })
}

/// Waits for a command's end.
///
/// # Errors
/// When the workspace cannot be asked.
pub async fn wait(client: &Client, place: &CommandPlace, progress: &Progress) -> Result<CommandAnswer> {
    let started = Instant::now();
    loop {
        let answer = look(client, place).await?;
        if answer.status.is_end() {
            progress.done();
            return Ok(answer);
        }
        let words = match answer.status {
            CommandStatus::Queued => "the command waits for those before it",
            CommandStatus::Cancelling => "the command is being cancelled",
            _ => "the command runs",
        };
        progress.stage_on_terminal(words);
        sleep(interval(started)).await;
    }
}

/// Where a command stands.
///
/// # Errors
/// When there is none, or the workspace cannot be asked.
pub async fn look(client: &Client, place: &CommandPlace) -> Result<CommandAnswer> {
    commands::command(client, place).await.map_err(|error| refused(error, "cannot look at the command"))
}

/// Between two questions: short at first, two seconds in the end.
fn interval(started: Instant) -> Duration {
    (started.elapsed() / 4).clamp(Duration::from_millis(50), Duration::from_secs(2))
}
