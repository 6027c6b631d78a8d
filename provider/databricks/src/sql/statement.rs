//! A statement on a warehouse, as resources, data sources and actions run it: sent, waited for, cancelled with them, and found again
//! by its mark.

use std::time::Duration;

use databricks::api::queries::{self, QueryStatus};
use databricks::api::statements::{self, ExecuteStatement, Statement, StatementParameter, StatementState};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, Error, Marker, OPTIONAL, Probe, Progress, REQUIRED, Result};

use crate::clients::Workspace;
use crate::creation::Created;

/// How long the first answer may wait for the end, so that most statements are one request.
const FIRST: &str = "10s";
/// Between two looks: short at first, two seconds in the end.
const START: Duration = Duration::from_millis(200);
const MOST: Duration = Duration::from_secs(2);
/// How far back the history is read for a mark, which alone decides: clocks differ.
const BEFORE: SignedDuration = SignedDuration::from_hours(1);

/// A value of a `:name` in a statement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Parameter {
    /// Name, without the colon.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub name: Attr<String>,
    /// Value, as text. Where it is not set, the parameter is NULL.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub value: Attr<String>,
    /// SQL type: `STRING` where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub r#type: Attr<String>,
}

/// What is to run, and where.
pub(crate) struct Order<'a> {
    pub(crate) warehouse_id: &'a Attr<String>,
    pub(crate) catalog: &'a Attr<String>,
    pub(crate) schema: &'a Attr<String>,
    pub(crate) parameters: &'a Attr<Vec<Parameter>>,
}

impl Order<'_> {
    /// The request for a statement. Its result is told in the answers, as text.
    pub(crate) fn of(&self, statement: impl Into<String>) -> ExecuteStatement {
        let parameter = |one: Parameter| StatementParameter {
            name: one.name.text().to_owned(),
            value: one.value.known().cloned(),
            kind: one.r#type.text().to_owned(),
        };
        ExecuteStatement {
            warehouse_id: self.warehouse_id.text().to_owned(),
            statement: statement.into(),
            catalog: self.catalog.text().to_owned(),
            schema: self.schema.text().to_owned(),
            parameters: self.parameters.or_default().into_iter().map(parameter).collect(),
            wait_timeout: FIRST.to_owned(),
            disposition: "INLINE".to_owned(),
            format: "JSON_ARRAY".to_owned(),
            ..ExecuteStatement::default()
        }
    }
}

/// A statement with a mark in a comment behind it, where it moves no position that an error names.
pub(crate) fn marked(statement: &str, mark: &str) -> String {
    format!("{statement}\n{}", comment(mark))
}

fn comment(mark: &str) -> String {
    format!("/* {}: {mark} */", Marker::TAG)
}

/// Has a statement run, and waits for its end; if that is broken off, the statement is cancelled. Of an error that says so, it is
/// certain that the statement has done nothing.
pub(crate) async fn run(
    cx: &Call<Workspace>,
    body: &ExecuteStatement,
    progress: Option<&Progress>,
) -> Result<Statement> {
    let sent = statements::execute(cx.client(), body).await.created()?;
    succeeded(ended(cx, sent, progress).await?)
}

/// Waits for the end of a statement.
async fn ended(cx: &Call<Workspace>, mut now: Statement, progress: Option<&Progress>) -> Result<Statement> {
    if now.status.state.is_end() {
        return Ok(now);
    }
    let id = std::mem::take(&mut now.statement_id);
    let waited = cx
        .poll("the statement to end", START, MOST, async || {
            let now = statements::get(cx.client(), &id).await?;
            let state = now.status.state.clone();
            if let (Some(progress), false) = (progress, state.is_end()) {
                let waits = state == StatementState::Pending;
                progress
                    .state(if waits { "The statement waits for its warehouse" } else { "The statement runs" })
                    .await;
            }
            Ok(if state.is_end() { Probe::Done(now) } else { Probe::Waiting(state.to_string()) })
        })
        .await;
    if waited.is_err()
        && let Err(error) = statements::cancel(cx.client(), &id).await
    {
        tracing::warn!(id, %error, "the statement was not cancelled");
    }
    waited
}

/// The statement, if it succeeded.
fn succeeded(statement: Statement) -> Result<Statement> {
    let reason = match statement.status.state {
        StatementState::Succeeded | StatementState::Closed => return Ok(statement),
        StatementState::Canceled => "the statement was cancelled".to_owned(),
        _ => match statement.status.reason() {
            reason if reason.starts_with("the statement failed") => reason,
            reason => format!("the statement failed: {reason}"),
        },
    };
    // A statement takes effect as a whole, or not at all.
    Err(Error::new(reason).undone().at("statement"))
}

/// The id of the caller's statement that bears a mark, once it has succeeded: one that still runs is waited for. `None` where there is
/// none, or it has come to nothing.
pub(crate) async fn find(
    cx: &Call<Workspace>,
    warehouse_id: &str,
    mark: &str,
    since: Timestamp,
) -> Result<Option<String>> {
    let since = cx.client().service_time(since).saturating_sub(BEFORE)?;
    let comment = comment(mark);
    // An administrator is shown everybody's, and a busy warehouse has many.
    let user = cx.client().me().await?.id;
    let sent = queries::since(cx.client(), warehouse_id, since.as_millisecond(), Some(&user)).await?;
    let is_ours = |query: &&queries::Query| query.query_text.contains(&comment);
    for query in sent.iter().filter(is_ours) {
        match query.status {
            QueryStatus::Failed | QueryStatus::Canceled => {}
            QueryStatus::Finished => return Ok(Some(query.query_id.clone())),
            _ => {
                let now = statements::get(cx.client(), &query.query_id).await?;
                if succeeded(ended(cx, now, None).await?).is_ok() {
                    return Ok(Some(query.query_id.clone()));
                }
            }
        }
    }
    Ok(None)
}
