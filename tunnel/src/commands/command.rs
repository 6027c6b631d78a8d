//! `tunnel command`: commands that `tunnel exec --async` left to themselves.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use databricks::api::commands::{self, CommandPlace};

use crate::commands::exec::shown;
use crate::error::Result;
use crate::execution;
use crate::progress::Progress;
use crate::workspace::names;
use crate::workspace::selection::WorkspaceArgs;
use crate::workspace::{clusters, refused};

/// What to do with commands.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 it ran or runs, 1 it failed, 3 there is no such cluster, context or command, 4 not signed in or not allowed.

Examples:
  tunnel command status --cluster etl --context \"$context\" \"$id\" --wait
  tunnel command cancel --cluster etl --context \"$context\" \"$id\""
)]
pub struct CommandArgs {
    /// In which workspace.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    #[command(subcommand)]
    command: CommandCommand,
}

#[derive(Debug, Subcommand)]
enum CommandCommand {
    /// Show where a command stands, and what came of it.
    Status(StatusArgs),
    /// Cancel a command.
    Cancel(PlaceArgs),
}

#[derive(Debug, Args)]
struct PlaceArgs {
    /// The cluster, by its id or name.
    #[arg(long, value_name = "CLUSTER", add = names::clusters(), env = "DATABRICKS_CLUSTER_ID")]
    cluster: String,
    /// The context.
    #[arg(long, value_name = "ID")]
    context: String,
    /// The command.
    #[arg(value_name = "ID")]
    command: String,
}

#[derive(Debug, Args)]
struct StatusArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Wait until it has ended.
    #[arg(long)]
    wait: bool,
    /// What the names of images' files begin with.
    #[arg(long, value_name = "PREFIX", default_value = "exec")]
    images: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// When there is no such command, or the workspace refuses.
pub async fn run(args: CommandArgs) -> Result<u8> {
    let client = args.workspace.client()?;
    let place = async |args: &PlaceArgs| -> Result<CommandPlace> {
        let cluster_id = clusters::find(&client, &args.cluster).await?.cluster_id;
        Ok(CommandPlace { cluster_id, context_id: args.context.clone(), command_id: args.command.clone() })
    };
    match args.command {
        CommandCommand::Status(args) => {
            let place = place(&args.place).await?;
            let answer = match args.wait {
                true => execution::wait(&client, &place, &Progress::default()).await?,
                false => execution::look(&client, &place).await?,
            };
            shown(&place, &answer, &args.images, args.json)
        }
        CommandCommand::Cancel(args) => {
            let cancelled = commands::cancel(&client, &place(&args).await?).await;
            cancelled.map_err(|error| refused(error, "cannot cancel the command"))?;
            Ok(0)
        }
    }
}
