//! `tunnel cluster`: the workspace's clusters. One file each for what is looked at, and one for what changes them.

mod change;
mod events;
mod get;
mod list;

use clap::{Args, Subcommand};
use databricks::Client;
use databricks::api::clusters::Cluster;

use crate::error::Result;
use crate::workspace::selection::WorkspaceArgs;

/// What to do with clusters.
#[derive(Debug, Args)]
#[command(after_help = "A cluster is named by its id or by its name.

Exit codes: 0 done, 3 there is no such cluster, 4 not signed in or not allowed, 1 anything else.

Examples:
  tunnel cluster list
  tunnel cluster start etl --wait && tunnel connect --cluster etl
  tunnel cluster events etl --limit 5")]
pub struct ClusterArgs {
    /// In which workspace.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    #[command(subcommand)]
    command: ClusterCommand,
}

#[derive(Debug, Subcommand)]
enum ClusterCommand {
    /// List the clusters: pinned, active, and lately terminated ones.
    List(list::ListArgs),
    /// Show one cluster.
    Get(get::GetArgs),
    /// Start a terminated cluster.
    Start(change::ChangeArgs),
    /// Restart a running cluster.
    Restart(change::ChangeArgs),
    /// Terminate a cluster. It can be started again.
    Terminate(change::ChangeArgs),
    /// Show what happened to a cluster, the last first.
    Events(events::EventsArgs),
}

/// Starts a cluster, and waits until it runs.
///
/// # Errors
/// When it does not start.
pub(super) async fn started(client: &Client, cluster: Cluster) -> Result<Cluster> {
    change::started(client, cluster).await
}

/// Does it.
///
/// # Errors
/// When there is no such cluster, or the workspace refuses.
pub async fn run(args: ClusterArgs) -> Result<u8> {
    let client = args.workspace.client()?;
    match args.command {
        ClusterCommand::List(args) => list::run(&client, args).await,
        ClusterCommand::Get(args) => get::run(&client, args).await,
        ClusterCommand::Start(args) => change::run(&client, change::Change::Start, args).await,
        ClusterCommand::Restart(args) => change::run(&client, change::Change::Restart, args).await,
        ClusterCommand::Terminate(args) => change::run(&client, change::Change::Terminate, args).await,
        ClusterCommand::Events(args) => events::run(&client, args).await,
    }
}
