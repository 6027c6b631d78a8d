//! `tunnel exec`: code on a cluster, without a notebook and without SSH.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use databricks::Client;
use databricks::api::clusters::Cluster;
use databricks::api::commands::{self, CommandAnswer, CommandPlace, CommandStatus, ContextPlace};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::io::AsyncReadExt;

use crate::commands::cluster::started;
use crate::environment;
use crate::error::{Context, Error, Result, exit};
use crate::execution::{self, results};
use crate::progress::Progress;
use crate::signals::Interruption;
use crate::workspace::clusters;
use crate::workspace::names;
use crate::workspace::selection::WorkspaceArgs;
use crate::{print, say};

/// What to run, and where.
#[derive(Debug, Args)]
#[command(
    after_help = "A context is made for the command and ended with it, so nothing is left behind; --context runs it in one that stays. Ctrl-C \
cancels the command.

Exit codes: 0 it ran, 1 it failed, 3 there is no such cluster or context, 4 not signed in or not allowed, 130 it was interrupted.

Examples:
  tunnel exec --cluster etl -c 'spark.range(10).count()'
  tunnel exec --cluster etl report.py
  echo 'SELECT current_date()' | tunnel exec --cluster etl --language sql -
  id=$(tunnel context create --cluster etl) && tunnel exec --cluster etl --context \"$id\" -c 'x = 1'"
)]
pub struct ExecArgs {
    /// In which workspace.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// The cluster, by its id or name; by default DATABRICKS_CLUSTER_ID.
    #[arg(long, value_name = "CLUSTER", add = names::clusters())]
    pub cluster: Option<String>,
    /// What the code is; by default what the file's name says, or python.
    #[arg(long, short, value_enum)]
    pub language: Option<Language>,
    /// File with the code; `-` is stdin.
    #[arg(value_name = "FILE", required_unless_present = "code", conflicts_with = "code")]
    pub file: Option<PathBuf>,
    /// The code itself.
    #[arg(short, value_name = "CODE")]
    pub code: Option<String>,
    /// Run it in this context, which stays.
    #[arg(long, value_name = "ID")]
    pub context: Option<String>,
    /// Do not wait for it: print the command's id. It needs a context that stays.
    #[arg(long = "async", requires = "context")]
    pub is_async: bool,
    /// Start the cluster where it is terminated.
    #[arg(long)]
    pub start: bool,
    /// What the names of images' files begin with.
    #[arg(long, value_name = "PREFIX", default_value = "exec")]
    pub images: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A language of execution contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Python.
    Python,
    /// Scala.
    Scala,
    /// SQL.
    Sql,
    /// R.
    R,
}

impl Language {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Scala => "scala",
            Self::Sql => "sql",
            Self::R => "r",
        }
    }

    /// What a file's name says.
    fn of(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "py" => Some(Self::Python),
            "scala" => Some(Self::Scala),
            "sql" => Some(Self::Sql),
            "r" => Some(Self::R),
            _ => None,
        }
    }
}

/// What is printed.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Report<'a> {
    #[serde(flatten)]
    pub(super) place: &'a CommandPlace,
    pub(super) status: &'a str,
    pub(super) results: Option<&'a commands::CommandResults>,
}

/// Runs it, and shows what comes of it.
///
/// # Errors
/// When the cluster does not run, or the workspace refuses.
pub async fn run(args: ExecArgs) -> Result<u8> {
    let client = args.workspace.client()?;
    let code = code(&args).await?;
    let language = args.language.or_else(|| Language::of(args.file.as_deref()?)).unwrap_or(Language::Python).as_str();
    let cluster = cluster(&client, &args).await?;
    let progress = Progress::default();
    // From now on nothing ends this program before it has tidied up.
    let mut interruption = Interruption::new()?;
    if let Some(context_id) = &args.context {
        let place = ContextPlace { cluster_id: cluster.cluster_id, context_id: context_id.clone() };
        let command = execution::submit(&client, &place, language, code).await?;
        if args.is_async {
            if args.json {
                print::json(&command)?;
            } else {
                print::bytes(format!("{}\n", command.command_id).as_bytes())?;
            }
            return Ok(0);
        }
        return attended(&client, &command, &args, &progress, &mut interruption).await;
    }
    let place = execution::create(&client, &cluster.cluster_id, language, &progress).await?;
    let ended = async {
        tokio::select! {
            up = execution::comes_up(&client, &place) => up?,
            () = interruption.recv() => return Ok(exit::INTERRUPTED),
        }
        let command = execution::submit(&client, &place, language, code).await?;
        attended(&client, &command, &args, &progress, &mut interruption).await
    };
    let ended = ended.await;
    // However it ended, the context ends with it.
    execution::free(&client, &place).await;
    ended
}

/// Waits for a command, shows its results, and cancels it where that is asked for.
async fn attended(
    client: &Client,
    command: &CommandPlace,
    args: &ExecArgs,
    progress: &Progress,
    interruption: &mut Interruption,
) -> Result<u8> {
    let answer = tokio::select! {
        answer = execution::wait(client, command, progress) => answer?,
        () = interruption.recv() => {
            progress.done();
            say!("tunnel: cancelling the command");
            if let Err(error) = commands::cancel(client, command).await {
                tracing::warn!(%error, "the command was not cancelled");
            }
            return Ok(exit::INTERRUPTED);
        }
    };
    shown(command, &answer, &args.images, args.json)
}

/// Shows what came of a command; answers the exit code.
///
/// # Errors
/// When it was lost, or cannot be written.
pub(super) fn shown(command: &CommandPlace, answer: &CommandAnswer, images: &Path, json: bool) -> Result<u8> {
    if json {
        let results = answer.results.as_ref();
        print::json(&Report { place: command, status: answer.status.as_str(), results })?;
        let has_failed = results.is_some_and(|results| results.result_type == commands::ResultType::Error);
        return Ok(u8::from(has_failed || answer.status != CommandStatus::Finished));
    }
    match (&answer.status, &answer.results) {
        (CommandStatus::Finished, Some(results)) => Ok(u8::from(results::show(results, images)?)),
        (CommandStatus::Finished, None) => Ok(0),
        (CommandStatus::Cancelled, _) => Err(Error::new("the command was cancelled")),
        (status, _) if status.is_end() => Err(Error::new("the command was lost: its context has ended")
            .way_out("The cluster was terminated or restarted, or the context ended. Run it again.")),
        (status, _) => {
            say!("tunnel: the command is {status}");
            Ok(0)
        }
    }
}

async fn cluster(client: &Client, args: &ExecArgs) -> Result<Cluster> {
    let wanted = args.cluster.clone().or_else(|| environment::variable("DATABRICKS_CLUSTER_ID"));
    let wanted = wanted.ok_or_else(|| {
        Error::new("no cluster is named")
            .way_out("Give one: --cluster NAME, or DATABRICKS_CLUSTER_ID. tunnel cluster list shows them.")
    })?;
    let cluster = clusters::find(client, &wanted).await?;
    match clusters::runs(&cluster) {
        Ok(()) => Ok(cluster),
        Err(_) if args.start => started(client, cluster).await,
        Err(error) => Err(error.way_out("Start it: --start, or tunnel cluster start.")),
    }
}

async fn code(args: &ExecArgs) -> Result<String> {
    match (&args.code, &args.file) {
        (Some(code), _) => Ok(code.clone()),
        (None, Some(file)) if file.as_os_str() != "-" => {
            tokio::fs::read_to_string(file).await.context(|| format!("cannot read {}", file.display()))
        }
        _ => {
            let mut code = String::new();
            tokio::io::stdin().read_to_string(&mut code).await.context(|| "cannot read stdin".to_owned())?;
            Ok(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_its_language() {
        let check =
            |name: &str, expected: Option<Language>| assert_eq!(Language::of(Path::new(name)), expected, "{name}");
        check("a.py", Some(Language::Python));
        check("a.b.SQL", Some(Language::Sql));
        check("a.R", Some(Language::R));
        check("a.scala", Some(Language::Scala));
        check("a", None);
        check("-", None);
        check("a.txt", None);
    }
}
