//! Statements as the API tells them.

use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::links;
use super::settings::{SMALL_BYTES, results};
use super::statement::{Format, Outcome, Statement, StatementState};
use crate::answer::{Answer, ApiError, set};
use crate::call::Settings;

#[derive(Serialize)]
struct Told<'a> {
    statement_id: &'a str,
    status: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<ResultData>,
}

/// One chunk of a result.
#[derive(Default, Serialize)]
struct ResultData {
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_chunk_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_chunk_internal_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_array: Option<Box<RawValue>>,
    /// Arrow in base64, which is how small results of that format are told inline.
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_links: Option<Vec<Value>>,
}

/// A statement with the first chunk of its result.
pub(super) fn statement(
    settings: &Settings,
    now: i64,
    workspace: i64,
    id: &str,
    statement: &Statement,
) -> Result<Answer, ApiError> {
    let mut told = Told { statement_id: id, status: status(statement), manifest: None, result: None };
    if let Some(outcome) = statement.outcome.as_ref().filter(|_| statement.state == StatementState::Succeeded) {
        told.manifest = Some(manifest(statement.order.format, outcome));
        told.result = Some(match outcome.chunks.is_empty() {
            true => ResultData::default(),
            false => data(settings, now, workspace, id, statement, 0)?,
        });
    }
    Ok(Answer::json(&told))
}

/// A chunk of a statement's result, which has it.
pub(super) fn chunk(
    settings: &Settings,
    now: i64,
    workspace: i64,
    id: &str,
    statement: &Statement,
    index: usize,
) -> Result<Answer, ApiError> {
    Ok(Answer::json(&data(settings, now, workspace, id, statement, index)?))
}

fn status(statement: &Statement) -> Value {
    let mut status = json!({"state": statement.state});
    if let Some(failure) = &statement.failure {
        set(&mut status, "error", json!({"error_code": failure.code, "message": failure.message}));
        if let Some(state) = &failure.sql_state {
            set(&mut status, "sql_state", json!(state));
        }
    }
    status
}

fn manifest(format: Format, outcome: &Outcome) -> Value {
    let chunks = outcome.chunks.iter().enumerate().map(|(index, chunk)| {
        json!({
            "chunk_index": index,
            "row_offset": chunk.row_offset,
            "row_count": chunk.row_count,
            "byte_count": chunk.byte_count,
        })
    });
    let rows: u64 = outcome.chunks.iter().map(|chunk| chunk.row_count).sum();
    json!({
        "format": format,
        "schema": {"column_count": outcome.columns.len(), "columns": outcome.columns},
        "total_chunk_count": outcome.chunks.len(),
        "chunks": chunks.collect::<Vec<_>>(),
        "total_row_count": rows,
        "total_byte_count": outcome.bytes(),
        "truncated": outcome.truncated,
    })
}

fn data(
    settings: &Settings,
    now: i64,
    workspace: i64,
    id: &str,
    statement: &Statement,
    index: usize,
) -> Result<ResultData, ApiError> {
    let gone = || ApiError::missing(format!("The statement {id} has no chunk {index}."));
    let outcome = statement.outcome.as_ref().ok_or_else(gone)?;
    let of = outcome.chunks.get(index).ok_or_else(gone)?;
    let next = index.saturating_add(1);
    let next = (next < outcome.chunks.len()).then_some(next);
    let next_link = next.map(|next| {
        format!(
            "/api/2.0/sql/statements/{id}/result/chunks/{next}?row_offset={}",
            of.row_offset.saturating_add(of.row_count)
        )
    });
    if !statement.is_inline(SMALL_BYTES) {
        let (url, expiration) = links::new(settings, now, workspace, id, index);
        let mut link = json!({
            "chunk_index": index,
            "row_offset": of.row_offset,
            "row_count": of.row_count,
            "byte_count": of.byte_count,
            "external_link": url,
            "expiration": expiration,
        });
        if let (Some(next), Some(next_link)) = (next, &next_link) {
            set(&mut link, "next_chunk_index", json!(next));
            set(&mut link, "next_chunk_internal_link", json!(next_link));
        }
        return Ok(ResultData { external_links: Some(vec![link]), ..ResultData::default() });
    }
    let file = results(&settings.dir, workspace).join(id).join(index.to_string());
    let unread = |error: &dyn std::fmt::Display| {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL_ERROR",
            format!("The result cannot be read: {error}"),
        )
    };
    let bytes = std::fs::read(file).map_err(|error| unread(&error))?;
    let mut told = ResultData {
        chunk_index: Some(index),
        row_offset: Some(of.row_offset),
        row_count: Some(of.row_count),
        next_chunk_index: next,
        next_chunk_internal_link: next_link,
        ..ResultData::default()
    };
    if statement.order.format == Format::JsonArray {
        let text = String::from_utf8(bytes).map_err(|error| unread(&error))?;
        told.data_array = Some(RawValue::from_string(text).map_err(|error| unread(&error))?);
    } else {
        use base64::Engine as _;
        told.attachment = Some(base64::engine::general_purpose::STANDARD.encode(bytes));
    }
    Ok(told)
}
