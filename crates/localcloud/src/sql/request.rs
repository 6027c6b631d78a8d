//! What a request to run a statement says, checked as the API does.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::statement::{Disposition, Format, Order};
use crate::answer::ApiError;
use crate::call::Cx;

/// The longest statement, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;

#[derive(Deserialize)]
struct Body {
    statement: String,
    warehouse_id: String,
    catalog: Option<String>,
    schema: Option<String>,
    session_id: Option<String>,
    #[serde(default)]
    parameters: Vec<Value>,
    wait_timeout: Option<String>,
    on_wait_timeout: Option<OnTimeout>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    format: Format,
    byte_limit: Option<i64>,
    row_limit: Option<i64>,
}

/// What becomes of a statement that is not over when its caller has waited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum OnTimeout {
    #[default]
    Continue,
    Cancel,
}

/// A request.
pub(super) struct Wanted {
    pub(super) order: Order,
    /// How long the caller waits for its end.
    pub(super) wait: Duration,
    pub(super) on_timeout: OnTimeout,
}

/// Reads a request.
///
/// # Errors
/// The API's 400.
pub(super) fn read(cx: &Cx<'_>) -> Result<Wanted, ApiError> {
    let body: Body = cx.read("sql.ExecuteStatementRequest")?;
    if body.statement.trim().is_empty() {
        return Err(ApiError::invalid("Missing required field: statement"));
    }
    if body.statement.len() > LONGEST {
        let message = format!("The statement has {} bytes, and the most are {LONGEST}.", body.statement.len());
        return Err(ApiError::invalid(message));
    }
    if body.disposition == Disposition::Inline && body.format != Format::JsonArray {
        return Err(ApiError::invalid("The format field must be JSON_ARRAY when the disposition field is INLINE."));
    }
    for (field, limit) in [("byte_limit", body.byte_limit), ("row_limit", body.row_limit)] {
        if limit.is_some_and(|limit| limit <= 0) {
            return Err(ApiError::invalid(format!("{field} must be positive.")));
        }
    }
    let wait = wait(body.wait_timeout.as_deref().unwrap_or("10s"))?;
    let on_timeout = body.on_wait_timeout.unwrap_or_default();
    if wait.is_zero() && on_timeout == OnTimeout::Cancel {
        return Err(ApiError::invalid("on_wait_timeout must not be CANCEL when wait_timeout is 0s."));
    }
    let order = Order {
        warehouse: body.warehouse_id,
        session: body.session_id.filter(|id| !id.is_empty()),
        text: body.statement,
        parameters: body.parameters,
        catalog: body.catalog.filter(|name| !name.is_empty()),
        schema: body.schema.filter(|name| !name.is_empty()),
        disposition: body.disposition,
        format: body.format,
        byte_limit: body.byte_limit,
        row_limit: body.row_limit,
    };
    Ok(Wanted { order, wait, on_timeout })
}

fn wait(text: &str) -> Result<Duration, ApiError> {
    let seconds = text.strip_suffix('s').and_then(|number| number.parse::<u64>().ok());
    match seconds {
        Some(seconds @ (0 | 5..=50)) => Ok(Duration::from_secs(seconds)),
        _ => Err(ApiError::invalid(format!(
            "wait_timeout {text} is invalid: it must be 0s, or between 5s and 50s inclusive."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_none_or_between_5_and_50_seconds() {
        let check =
            |text, expected: Option<u64>| assert_eq!(wait(text).ok().map(|one| one.as_secs()), expected, "{text}");
        check("0s", Some(0));
        check("5s", Some(5));
        check("50s", Some(50));
        check("4s", None);
        check("51s", None);
        check("10", None);
        check("1m", None);
        check("-5s", None);
        check("", None);
    }
}
