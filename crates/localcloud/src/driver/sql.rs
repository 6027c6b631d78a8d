//! Execution contexts of SQL: their commands run on the engine of SQL warehouses, one after the other.

use std::path::Path;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::contexts::{Order as Command, Place};
use crate::sql::run::{Ended, on_engine, remove_result};
use crate::sql::settings::results;
use crate::sql::statement::{Disposition, Format, Order, Outcome};
use crate::workspace::context::{CommandStatus, ContextStatus};

/// The most rows of a command's table.
const ROWS: i64 = 10_000;

/// Runs what is ordered until it is to end.
pub(super) async fn serve(
    place: &Place<'_>,
    mut orders: mpsc::UnboundedReceiver<Command>,
    stop: &CancellationToken,
) -> std::io::Result<()> {
    place.change(|state, place| {
        let of = state.workspaces.get_mut(&place.workspace);
        if let Some(context) = of.and_then(|of| of.contexts.get_mut(place.id)) {
            context.status = ContextStatus::Running;
        }
    });
    let (mut catalog, mut schema) = (None, None);
    loop {
        let next = tokio::select! {
            next = orders.recv() => next,
            () = stop.cancelled() => None,
        };
        let Some(Command { command, code }) = next else { return Ok(()) };
        if !place.set(&command, |one| one.status == CommandStatus::Queued, CommandStatus::Running, Value::Null) {
            continue;
        }
        let order = Order {
            warehouse: String::new(),
            session: None,
            text: code,
            parameters: Vec::new(),
            catalog: catalog.clone(),
            schema: schema.clone(),
            disposition: Disposition::Inline,
            format: Format::JsonArray,
            byte_limit: None,
            row_limit: Some(ROWS),
        };
        let ended = tokio::select! {
            ended = on_engine(place.inner, place.workspace, place.owner, &command, &order) => ended,
            () = stop.cancelled() => {
                place.inner.sql.engine.cancel(&command);
                place.inner.sql.engine.forget(&command);
                Ended::Canceled
            }
        };
        let (status, told) = match ended {
            Ended::Succeeded(outcome) => {
                let folder = results(&place.inner.settings.dir, place.workspace).join(&command);
                let told = table(&outcome, &folder);
                (catalog, schema) = (Some(outcome.catalog), Some(outcome.schema));
                (CommandStatus::Finished, told)
            }
            Ended::Failed(failure) => {
                let told = json!({"resultType": "error", "summary": failure.message, "cause": failure.message});
                (CommandStatus::Finished, told)
            }
            Ended::Canceled => (CommandStatus::Cancelled, Value::Null),
        };
        remove_result(place.inner, place.workspace, &command);
        place.set(&command, |one| !one.status.is_end(), status, told);
    }
}

/// A result as a command's results.
fn table(outcome: &Outcome, folder: &Path) -> Value {
    let text = |column: &Value, field: &str| column.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let types: Vec<String> = outcome.columns.iter().map(|one| text(one, "type_name")).collect();
    let schema: Vec<Value> = outcome
        .columns
        .iter()
        .map(|one| {
            let kind = match text(one, "type_name").as_str() {
                "INT" => "integer".to_owned(),
                "DECIMAL" | "ARRAY" | "MAP" | "STRUCT" => text(one, "type_text").to_lowercase(),
                other => other.to_lowercase(),
            };
            json!({"name": text(one, "name"), "type": json!(kind).to_string(), "metadata": "{}"})
        })
        .collect();
    let mut data: Vec<Value> = Vec::new();
    for index in 0..outcome.chunks.len() {
        let bytes = std::fs::read(folder.join(index.to_string())).unwrap_or_default();
        let rows: Vec<Vec<Option<String>>> = serde_json::from_slice(&bytes).unwrap_or_default();
        data.extend(
            rows.into_iter().map(|row| row.into_iter().zip(&types).map(|(cell, kind)| value(cell, kind)).collect()),
        );
    }
    json!({
        "resultType": "table",
        "schema": schema,
        "data": data,
        "truncated": outcome.truncated,
        "isJsonSchema": true,
    })
}

/// A cell in the JSON type of its column.
fn value(cell: Option<String>, kind: &str) -> Value {
    let Some(text) = cell else { return Value::Null };
    let is_plain = ["BOOLEAN", "BYTE", "SHORT", "INT", "LONG", "FLOAT", "DOUBLE"].contains(&kind);
    // What JSON has no number for (NaN) stays a text.
    let read = if is_plain { serde_json::from_str(&text).ok() } else { None };
    read.unwrap_or(Value::String(text))
}
