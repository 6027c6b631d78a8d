//! Statements that were run earlier, by their ids.

use clap::Args;
use databricks::Client;
use databricks::api::statements::{self, Statement, StatementState};
use schemars::JsonSchema;
use serde::Serialize;

use super::shown::ShownArgs;
use crate::error::{Result, exit};
use crate::progress::Progress;
use crate::signals::Interruption;
use crate::sql::statement::{look, succeeded, wait};
use crate::workspace::refused;
use crate::{print, say};

/// Which statement.
#[derive(Debug, Args)]
pub(super) struct StatementArgs {
    /// The statement's id.
    #[arg(value_name = "ID")]
    id: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Which statement's result, and how it is shown.
#[derive(Debug, Args)]
pub(super) struct FetchArgs {
    /// The statement's id.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    pub(super) shown: ShownArgs,
}

/// What is printed of a statement.
#[derive(Debug, JsonSchema, Serialize)]
pub(in crate::commands) struct Report<'a> {
    statement_id: &'a str,
    state: &'a str,
    sql_state: &'a str,
    error: Option<&'a str>,
    rows: Option<u64>,
}

/// Shows where it stands.
pub(super) async fn status(client: &Client, args: &StatementArgs) -> Result<u8> {
    report(&look(client, &args.id).await?, args.json)
}

/// Asks for its end.
pub(super) async fn cancel(client: &Client, args: &StatementArgs) -> Result<u8> {
    let cancelled = statements::cancel(client, &args.id).await;
    cancelled.map_err(|error| refused(error, "cannot cancel the statement"))?;
    let now = look(client, &args.id).await?;
    let ended_before = now.status.state.is_end() && now.status.state != StatementState::Canceled;
    if !args.json && ended_before {
        say!("tunnel: the statement had ended: {}", now.status.state);
    }
    report(&now, args.json)
}

/// Waits for it, and shows its result.
pub(super) async fn fetch(client: &Client, args: FetchArgs) -> Result<u8> {
    let progress = Progress::default();
    let mut interruption = Interruption::new()?;
    let shown = async {
        let ended = wait(client, look(client, &args.id).await?, "", &progress).await?;
        args.shown.show(client, succeeded(ended, "")?).await
    };
    tokio::select! {
        shown = shown => shown.map(|()| 0),
        // It goes on: whoever wants its end has a command for that.
        () = interruption.recv() => Ok(exit::INTERRUPTED),
    }
}

fn report(statement: &Statement, json: bool) -> Result<u8> {
    let status = &statement.status;
    let rows = statement.manifest.as_ref().and_then(|manifest| manifest.total_row_count);
    let error = status.error.as_ref().map(|error| error.message.as_str());
    if json {
        let (statement_id, sql_state) = (statement.statement_id.as_str(), status.sql_state.as_str());
        print::json(&Report { statement_id, state: status.state.as_str(), sql_state, error, rows })?;
    } else {
        print::pairs([
            ("id", statement.statement_id.clone()),
            ("state", status.state.to_string()),
            ("rows", rows.map(|rows| rows.to_string()).unwrap_or_default()),
            ("SQLSTATE", status.sql_state.clone()),
            ("error", error.unwrap_or_default().to_owned()),
        ])?;
    }
    Ok(0)
}
