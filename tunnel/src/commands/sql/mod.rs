//! `tunnel sql`: statements on SQL warehouses.

pub(super) mod existing;
mod interactive;
mod run;
mod shown;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use databricks::api::statements::StatementParameter;

use crate::error::{Error, Result};
use crate::sql::parameters;
use crate::workspace::names;
use crate::workspace::selection::WorkspaceArgs;
use existing::{FetchArgs, StatementArgs};
use shown::ShownArgs;

/// What to run, where, and how its result is shown.
#[derive(Debug, Args)]
#[command(
    after_help = "A stopped warehouse is started. Ctrl-C cancels the statement. CSV tells null (nothing) from an empty text (\"\"); JSON keeps every \
digit of a number; arrow is an Arrow IPC stream. A file that is written is whole, or not there.

Exit codes: 0 it ran, 1 it failed, 3 there is no such warehouse or statement, 4 not signed in or not allowed, 130 it was interrupted.

In a profile: warehouse_id = ID, and tunnel_read_only = true for --read-only.

Examples:
  tunnel sql --warehouse reports
  tunnel sql 'SELECT * FROM samples.nyctaxi.trips LIMIT 10'
  tunnel sql --warehouse reports -f report.sql --output csv --output-file report.csv
  tunnel sql --param day=2026-01-31:DATE 'SELECT count(*) FROM sales WHERE day = :day'
  id=$(tunnel sql --async -f long.sql) && tunnel sql status \"$id\" && tunnel sql fetch \"$id\" --output jsonl"
)]
pub struct SqlArgs {
    /// In which workspace.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    #[command(subcommand)]
    command: Option<SqlCommand>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, Subcommand)]
enum SqlCommand {
    /// Show where a statement stands.
    Status(StatementArgs),
    /// Cancel a statement.
    Cancel(StatementArgs),
    /// Wait for a statement, and show its result.
    Fetch(FetchArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The statement; without one, stdin's, and at a terminal one after the other.
    #[arg(value_name = "STATEMENT", conflicts_with = "file")]
    statement: Option<String>,
    /// File with the statement; `-` is stdin.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The warehouse, by its id or name; by default DATABRICKS_WAREHOUSE_ID, the profile's, or the only one.
    #[arg(long, short, value_name = "WAREHOUSE", add = names::warehouses())]
    warehouse: Option<String>,
    /// Value of a `:name`, as text or of a type: `day=2026-01-31:DATE`. `name` alone is NULL.
    #[arg(long = "param", value_name = "NAME=VALUE[:TYPE]", value_parser = parameters::parse)]
    parameters: Vec<StatementParameter>,
    /// Catalog of names that have none.
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// Schema of names that have none.
    #[arg(long, value_name = "SCHEMA")]
    schema: Option<String>,
    /// Run nothing but SELECT, WITH … SELECT, SHOW, DESCRIBE and EXPLAIN.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    read_only: Option<bool>,
    /// Rows after which the result is cut off.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(i64).range(1..))]
    limit: Option<i64>,
    /// Do not wait for it: print the statement's id.
    #[arg(long = "async", conflicts_with_all = ["output", "json", "output_file"])]
    is_async: bool,
    #[command(flatten)]
    shown: ShownArgs,
}

/// Does it.
///
/// # Errors
/// When there is no such warehouse or statement, the statement fails, or the workspace refuses.
pub async fn run(args: SqlArgs) -> Result<u8> {
    if args.command.is_some() && args.run.statement.is_some() {
        return Err(Error::new("there is a statement and a command"));
    }
    match &args.command {
        None => args.run.shown.check()?,
        Some(SqlCommand::Fetch(args)) => args.shown.check()?,
        _ => {}
    }
    let client = args.workspace.client()?;
    match args.command {
        None if interactive::is_asked_for(&args.run) => interactive::run(&client, args.run).await,
        None => run::run(&client, args.run).await,
        Some(SqlCommand::Status(args)) => existing::status(&client, &args).await,
        Some(SqlCommand::Cancel(args)) => existing::cancel(&client, &args).await,
        Some(SqlCommand::Fetch(args)) => existing::fetch(&client, args).await,
    }
}
