//! `tunnel context`: execution contexts that stay until they are ended.

use clap::{Args, Subcommand};
use databricks::api::commands::{self, ContextPlace};
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::exec::Language;
use crate::error::Result;
use crate::progress::Progress;
use crate::workspace::names;
use crate::workspace::selection::WorkspaceArgs;
use crate::workspace::{clusters, refused};
use crate::{execution, print};

/// What to do with contexts.
#[derive(Debug, Args)]
#[command(
    after_help = "A cluster ends contexts when it is terminated or restarted, and the one that was not used for longest when there are 145.

Exit codes: 0 done, 3 there is no such cluster or context, 4 not signed in or not allowed, 1 anything else.

Examples:
  id=$(tunnel context create --cluster etl)
  tunnel exec --cluster etl --context \"$id\" -c 'x = 1'
  tunnel context destroy --cluster etl \"$id\""
)]
pub struct ContextArgs {
    /// In which workspace.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// The cluster, by its id or name.
    #[arg(
        long,
        value_name = "CLUSTER", add = names::clusters(),
        global = true,
        required = false,
        default_value = "",
        env = "DATABRICKS_CLUSTER_ID",
        hide_default_value = true
    )]
    pub cluster: String,
    #[command(subcommand)]
    command: ContextCommand,
}

#[derive(Debug, Subcommand)]
enum ContextCommand {
    /// Make a context, and print its id once it takes commands.
    Create(CreateArgs),
    /// Show where a context stands.
    Status(StatusArgs),
    /// End a context, with what runs in it.
    Destroy {
        /// The context.
        #[arg(value_name = "ID")]
        context: String,
    },
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// What it speaks.
    #[arg(long, short, value_enum, default_value_t = Language::Python)]
    language: Language,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is printed of a context.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct ContextReport<'a> {
    id: &'a str,
    /// `Pending`, `Running` or `Error`.
    status: &'a str,
}

#[derive(Debug, Args)]
struct StatusArgs {
    /// The context.
    #[arg(value_name = "ID")]
    context: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// When there is no such cluster or context, or the workspace refuses.
pub async fn run(args: ContextArgs) -> Result<u8> {
    let client = args.workspace.client()?;
    let cluster = clusters::find(&client, &args.cluster).await?;
    let cluster_id = cluster.cluster_id.clone();
    let at = |context: &str| ContextPlace { cluster_id: cluster_id.clone(), context_id: context.to_owned() };
    match args.command {
        ContextCommand::Create(CreateArgs { language, json }) => {
            clusters::runs(&cluster)?;
            let progress = Progress::default();
            let place = execution::make(&client, &cluster_id, language.as_str(), &progress).await?;
            progress.done();
            if json { print::json(&place)? } else { print::bytes(format!("{}\n", place.context_id).as_bytes())? }
        }
        ContextCommand::Status(StatusArgs { context, json }) => {
            let status = commands::context(&client, &at(&context)).await;
            let status = status.map_err(|error| refused(error, "cannot look at the execution context"))?;
            if json {
                print::json(&ContextReport { id: &context, status: status.as_str() })?;
            } else {
                print::bytes(format!("{status}\n").as_bytes())?;
            }
        }
        ContextCommand::Destroy { context } => {
            let ended = commands::destroy_context(&client, &at(&context)).await;
            ended.map_err(|error| refused(error, "cannot end the execution context"))?;
        }
    }
    Ok(0)
}
