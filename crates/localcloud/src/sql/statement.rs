//! What a statement is: what was asked for, where it stands, and what came of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long a result is kept, and a statement after its end, in milliseconds.
const RESULT_LIFETIME: i64 = 60 * 60 * 1000;
const LIFETIME: i64 = 12 * RESULT_LIFETIME;

/// A statement that was sent to a warehouse.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// SCIM id of who sent it.
    pub(crate) owner: String,
    pub(crate) order: Order,
    pub(crate) state: StatementState,
    /// Why it failed.
    pub(crate) failure: Option<Failure>,
    /// Its result, once it succeeded.
    pub(crate) outcome: Option<Outcome>,
    /// When it was sent, in milliseconds since 1970.
    pub(crate) began: i64,
    /// When it ended.
    pub(crate) ended: Option<i64>,
}

/// What one statement of a client leaves to the next.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// SCIM id of who made it.
    pub(crate) owner: String,
    pub(crate) catalog: Option<String>,
    pub(crate) schema: Option<String>,
}

/// What was asked for, checked.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) warehouse: String,
    /// The session that it is part of.
    pub(crate) session: Option<String>,
    pub(crate) text: String,
    pub(crate) parameters: Vec<Value>,
    pub(crate) catalog: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) disposition: Disposition,
    pub(crate) format: Format,
    /// The most bytes of the result.
    pub(crate) byte_limit: Option<i64>,
    /// The most rows of the result.
    pub(crate) row_limit: Option<i64>,
}

/// How a result is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Disposition {
    #[default]
    Inline,
    ExternalLinks,
    /// Inline while it is small.
    InlineOrExternalLinks,
}

/// What a result is written as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Format {
    #[default]
    JsonArray,
    ArrowStream,
    Csv,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum StatementState {
    Pending,
    Running,
    Succeeded,
    Failed,
    Canceled,
    /// It succeeded, and its result is gone.
    Closed,
}

/// Why a statement failed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Failure {
    /// One of the API's codes: `BAD_REQUEST`.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) sql_state: Option<String>,
}

/// The result of a statement, but for its rows, which are in files.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Outcome {
    /// The columns, as the API tells them.
    pub(crate) columns: Vec<Value>,
    pub(crate) chunks: Vec<Chunk>,
    /// Whether a limit cut it off.
    pub(crate) truncated: bool,
    /// Where the session is afterwards.
    pub(crate) catalog: String,
    pub(crate) schema: String,
}

/// A part of a result, which is a file.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Chunk {
    pub(crate) row_offset: u64,
    pub(crate) row_count: u64,
    pub(crate) byte_count: u64,
}

impl Statement {
    pub(crate) fn new(owner: String, order: Order, began: i64) -> Self {
        Self { owner, order, state: StatementState::Pending, failure: None, outcome: None, began, ended: None }
    }

    /// Whether nothing becomes of it any more.
    pub(crate) fn is_over(&self) -> bool {
        !matches!(self.state, StatementState::Pending | StatementState::Running)
    }

    /// Ends a statement that is not over. `false` where it is.
    pub(crate) fn end(&mut self, now: i64, state: StatementState) -> bool {
        let ends = !self.is_over();
        if ends {
            (self.state, self.ended) = (state, Some(now));
        }
        ends
    }

    /// Closes a statement whose result was kept for long enough. `false` where it stays as it is.
    pub(crate) fn expires(&mut self, now: i64) -> bool {
        let is_due = self.ended.is_some_and(|ended| ended.saturating_add(RESULT_LIFETIME) <= now);
        let expires = is_due && self.state == StatementState::Succeeded;
        if expires {
            (self.state, self.outcome) = (StatementState::Closed, None);
        }
        expires
    }

    /// Whether it is so long over that nobody may ask for it any more.
    pub(crate) fn is_forgotten(&self, now: i64) -> bool {
        self.ended.is_some_and(|ended| ended.saturating_add(LIFETIME) <= now)
    }

    /// Whether its result is told in the answer itself.
    pub(crate) fn is_inline(&self, small: u64) -> bool {
        match self.order.disposition {
            Disposition::Inline => true,
            Disposition::ExternalLinks => false,
            // The SQL connector reads one answer alone.
            Disposition::InlineOrExternalLinks => {
                self.outcome.as_ref().is_none_or(|of| of.bytes() <= small && of.chunks.len() <= 1)
            }
        }
    }
}

impl Outcome {
    /// All bytes of the result.
    pub(crate) fn bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.byte_count).sum()
    }
}

impl Failure {
    /// A failure that no SQL is the reason of.
    pub(crate) fn of_service(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), sql_state: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_kept_for_an_hour_and_a_statement_for_twelve() {
        let order = Order {
            warehouse: String::new(),
            session: None,
            text: String::new(),
            parameters: Vec::new(),
            catalog: None,
            schema: None,
            disposition: Disposition::Inline,
            format: Format::JsonArray,
            byte_limit: None,
            row_limit: None,
        };
        let mut statement = Statement::new(String::new(), order, 0);
        assert!(!statement.expires(i64::MAX) && !statement.is_forgotten(i64::MAX), "it is not over");
        assert!(statement.end(0, StatementState::Succeeded));
        assert!(!statement.end(1, StatementState::Canceled), "it is over");
        assert!(!statement.expires(3_599_999));
        assert!(statement.expires(3_600_000));
        assert_eq!(statement.state, StatementState::Closed);
        assert!(!statement.expires(3_600_000), "once");
        assert_eq!((statement.is_forgotten(43_199_999), statement.is_forgotten(43_200_000)), (false, true));
    }
}
