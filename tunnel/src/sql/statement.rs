//! One statement: asked, waited for, cancelled.

use std::pin::pin;
use std::time::Duration;

use databricks::Client;
use databricks::api::statements::{self, ExecuteStatement, Statement, StatementState};
use databricks::api::warehouses::{self, Warehouse};
use tokio::time::{Instant, sleep};

use super::position;
use crate::error::{Error, Result, exit};
use crate::progress::Progress;
use crate::signals::Interruption;
use crate::workspace::refused;
use crate::{say, words};

/// How long the first answer may wait for the end: the least that the service offers, since whoever cancels waits for it.
const FIRST: &str = "5s";
/// Small results in the answer and large ones behind links, in one request.
const HYBRID: &str = "INLINE_OR_EXTERNAL_LINKS";
/// Links alone, which every service has.
const LINKS: &str = "EXTERNAL_LINKS";
/// The form of results whose rows are read here.
pub const ROWS: &str = "JSON_ARRAY";
/// The form of results that are handed on.
pub const ARROW: &str = "ARROW_STREAM";

/// Between two looks at the warehouse that a statement waits for.
const WAREHOUSE: Duration = Duration::from_secs(3);

/// The request for a statement: its result as [`ROWS`] or as [`ARROW`].
pub fn request(warehouse_id: &str, statement: &str, format: &str) -> ExecuteStatement {
    ExecuteStatement {
        warehouse_id: warehouse_id.to_owned(),
        statement: statement.to_owned(),
        wait_timeout: FIRST.to_owned(),
        disposition: if format == ROWS { HYBRID } else { LINKS }.to_owned(),
        format: format.to_owned(),
        ..ExecuteStatement::default()
    }
}

/// Has a statement run.
///
/// # Errors
/// When the workspace refuses, or nobody knows whether it began.
pub async fn submit(client: &Client, mut body: ExecuteStatement) -> Result<Statement> {
    let mut asked = statements::execute(client, &body).await;
    // Services that do not have it name it in their refusal, and have done nothing.
    if body.disposition == HYBRID
        && let Err(error) = &asked
        && error.status() == Some(400)
        && [HYBRID, "disposition"].iter().any(|word| error.message().contains(word))
    {
        LINKS.clone_into(&mut body.disposition);
        asked = statements::execute(client, &body).await;
    }
    asked.map_err(|error| {
        let is_unsure = error.may_have_happened();
        let described = refused(error, "cannot run the statement");
        if is_unsure {
            described.way_out("It may have run all the same: look before you run it again.")
        } else {
            described
        }
    })
}

/// Waits for a statement's end.
///
/// # Errors
/// When the workspace cannot be asked.
pub async fn wait(
    client: &Client,
    mut statement: Statement,
    warehouse: &str,
    progress: &Progress,
) -> Result<Statement> {
    let started = Instant::now();
    let mut looked = None;
    let mut pending = "the statement waits for its warehouse".to_owned();
    while !statement.status.state.is_end() {
        if statement.status.state == StatementState::Pending
            && !warehouse.is_empty()
            && looked.is_none_or(|at: Instant| at.elapsed() > WAREHOUSE)
        {
            looked = Some(Instant::now());
            // Who may use one need not be allowed to look at it.
            if let Ok(Warehouse { name, state, .. }) = warehouses::get(client, warehouse).await {
                pending = format!("the statement waits for its warehouse: {name} is {state}");
            }
        }
        progress.stage_on_terminal(match statement.status.state {
            StatementState::Pending => &pending,
            _ => "the statement runs",
        });
        sleep((started.elapsed() / 4).clamp(Duration::from_millis(50), Duration::from_secs(2))).await;
        statement = look(client, &statement.statement_id).await?;
    }
    progress.done();
    Ok(statement)
}

/// Has a statement run, and waits for its end. `None`: the person has interrupted it, and it is cancelled.
///
/// # Errors
/// As [`submit`] and [`wait`].
pub async fn attended(
    client: &Client,
    body: ExecuteStatement,
    progress: &Progress,
    interruption: &mut Interruption,
) -> Result<Option<Statement>> {
    let warehouse = body.warehouse_id.clone();
    progress.stage_on_terminal("the statement is sent");
    let mut submitting = pin!(submit(client, body));
    let submitted = tokio::select! {
        submitted = &mut submitting => submitted?,
        () = interruption.recv() => {
            progress.done();
            say!("tunnel: cancelling the statement");
            // Its id is needed, and comes soon; who asks twice does not want to wait for it.
            let submitted = tokio::select! {
                submitted = submitting => submitted?,
                () = interruption.recv() => return Ok(None),
            };
            cancel(client, &submitted.statement_id).await;
            return Ok(None);
        }
    };
    let id = submitted.statement_id.clone();
    let ended = tokio::select! {
        ended = wait(client, submitted, &warehouse, progress) => Some(ended?),
        () = interruption.recv() => {
            progress.done();
            say!("tunnel: cancelling the statement");
            cancel(client, &id).await;
            None
        }
    };
    progress.done();
    Ok(ended)
}

/// Cancels a statement, or says why that failed.
pub async fn cancel(client: &Client, id: &str) {
    if let Err(error) = statements::cancel(client, id).await {
        say!("tunnel: the statement {id} was not cancelled: {error}");
    }
}

/// Where a statement stands.
///
/// # Errors
/// When there is none, or the workspace cannot be asked.
pub async fn look(client: &Client, id: &str) -> Result<Statement> {
    statements::get(client, id).await.map_err(|error| refused(error, "cannot look at the statement"))
}

/// The statement, if it succeeded. `text` is what it says, where that is known.
///
/// # Errors
/// Why it failed, and where.
pub fn succeeded(statement: Statement, text: &str) -> Result<Statement> {
    let status = &statement.status;
    match status.state {
        StatementState::Succeeded => Ok(statement),
        StatementState::Canceled => Err(Error::new("the statement was cancelled")),
        StatementState::Closed => {
            Err(Error::new("the statement's result is gone").way_out("Run it again.").exits_with(exit::NOT_THERE))
        }
        _ => Err(Error::new(failure(&statement, text))),
    }
}

fn failure(statement: &Statement, text: &str) -> String {
    let reason = words::printable(&statement.status.reason());
    let place = position::shown(&reason, text).map(|place| format!("\n{place}")).unwrap_or_default();
    format!("{reason}{place}")
}

#[cfg(test)]
mod tests {
    use databricks::api::statements::{StatementError, StatementStatus};

    use super::*;

    #[test]
    fn a_failure_says_its_words_its_state_and_its_place() {
        let failed = |message: &str, sql_state: &str| {
            let error = StatementError { error_code: "BAD_REQUEST".to_owned(), message: message.to_owned() };
            let status =
                StatementStatus { state: StatementState::Failed, error: Some(error), sql_state: sql_state.to_owned() };
            succeeded(Statement { status, ..Statement::default() }, "SELECT 1 FORM x").unwrap_err().to_string()
        };
        assert_eq!(
            failed("near 'FORM'. SQLSTATE: 42601 (line 1, pos 9)", "42601"),
            "near 'FORM'. SQLSTATE: 42601 (line 1, pos 9)\n  SELECT 1 FORM x\n           ^"
        );
        assert_eq!(failed("by zero", "22012"), "by zero SQLSTATE: 22012");
        assert_eq!(failed("", ""), "the statement failed: BAD_REQUEST");
    }
}
