//! SQL statements on warehouses: `/api/2.0/sql/statements`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/statementexecution>. A statement has at most 16 MiB, and its results come in chunks:
//! inline, 25 MiB in all, or behind links that hold for 15 minutes and want no token.

use std::collections::BTreeMap;

use super::{nullable, open_enum, wire};
use crate::{Client, Error, Request, segment};

wire! {
    /// `POST /api/2.0/sql/statements`.
    pub struct ExecuteStatement {
        /// The warehouse; a stopped one is started.
        pub warehouse_id: String,
        /// The text.
        pub statement: String,
        /// Where names without a catalog are looked for.
        pub catalog: String,
        /// Where names without a schema are looked for.
        pub schema: String,
        /// Values of `:name`.
        pub parameters: Vec<StatementParameter>,
        /// How long the answer may wait for the end: `0s`, or `5s` to `50s`.
        pub wait_timeout: String,
        /// `CONTINUE` or `CANCEL`.
        pub on_wait_timeout: String,
        /// `INLINE`, `EXTERNAL_LINKS`, or, where the service has it, `INLINE_OR_EXTERNAL_LINKS`.
        pub disposition: String,
        /// `JSON_ARRAY`, `ARROW_STREAM` or `CSV`.
        pub format: String,
        /// Rows after which the result is cut off.
        pub row_limit: Option<i64>,
        /// Bytes after which the result is cut off.
        pub byte_limit: Option<i64>,
    }

    /// A value of a `:name`. Without a value it is NULL.
    pub struct StatementParameter {
        /// Its name, without the colon.
        pub name: String,
        /// Its value, as text.
        pub value: Option<String>,
        /// Its SQL type; STRING by default.
        #[serde(rename = "type")]
        pub kind: String,
    }

    /// A statement, and what came of it.
    pub struct Statement {
        /// Its id.
        pub statement_id: String,
        /// Where it stands.
        pub status: StatementStatus,
        /// What the result is made of.
        pub manifest: Option<Manifest>,
        /// The first chunk.
        pub result: Option<ResultData>,
    }

    /// Where a statement stands.
    pub struct StatementStatus {
        /// The state.
        pub state: StatementState,
        /// Why it failed.
        pub error: Option<StatementError>,
        /// The SQLSTATE of the failure: five characters (ISO 9075).
        pub sql_state: String,
    }

    /// Why a statement failed.
    pub struct StatementError {
        /// `BAD_REQUEST`, `NOT_FOUND`, …
        pub error_code: String,
        /// The words.
        pub message: String,
    }

    /// What a result is made of.
    pub struct Manifest {
        /// Its form.
        pub format: String,
        /// Its columns.
        pub schema: Option<ResultSchema>,
        /// How many chunks there are.
        pub total_chunk_count: Option<usize>,
        /// How many rows there are.
        pub total_row_count: Option<u64>,
        /// How many bytes there are.
        pub total_byte_count: Option<u64>,
        /// The chunks, in order.
        pub chunks: Vec<ChunkInfo>,
        /// Whether a limit has cut it off.
        pub truncated: Option<bool>,
    }

    /// The columns of a result.
    pub struct ResultSchema {
        /// How many there are.
        pub column_count: Option<usize>,
        /// In order.
        pub columns: Vec<Column>,
    }

    /// A column.
    pub struct Column {
        /// Its name; several may have the same.
        pub name: String,
        /// From 0 on.
        pub position: Option<usize>,
        /// `INT`, `LONG`, `STRING`, …
        pub type_name: String,
        /// The type as SQL writes it.
        pub type_text: String,
    }

    /// A chunk, without its rows.
    pub struct ChunkInfo {
        /// From 0 on.
        pub chunk_index: Option<usize>,
        /// Its first row.
        pub row_offset: Option<u64>,
        /// Its rows.
        pub row_count: Option<u64>,
        /// Its bytes.
        pub byte_count: Option<u64>,
    }

    /// A chunk.
    pub struct ResultData {
        /// From 0 on.
        pub chunk_index: Option<usize>,
        /// Its rows.
        pub row_count: Option<u64>,
        /// Values as text, where they are inline.
        pub data_array: Vec<Vec<Option<String>>>,
        /// Where they are, where they are not.
        pub external_links: Vec<ExternalLink>,
    }
}

/// Where a chunk is. Whoever has the link can read it.
#[derive(Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ExternalLink {
    /// Which chunk.
    #[serde(deserialize_with = "nullable")]
    pub chunk_index: usize,
    /// Its address, which holds for a while.
    #[serde(deserialize_with = "nullable")]
    pub external_link: String,
    /// Until when, as RFC 3339 has it.
    #[serde(deserialize_with = "nullable")]
    pub expiration: String,
    /// What to send along.
    #[serde(deserialize_with = "nullable")]
    pub http_headers: BTreeMap<String, String>,
    /// Its rows.
    pub row_count: Option<u64>,
    /// Its bytes.
    pub byte_count: Option<u64>,
}

impl std::fmt::Debug for ExternalLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalLink").field("chunk_index", &self.chunk_index).finish_non_exhaustive()
    }
}

open_enum! {
    /// Where a statement stands.
    pub enum StatementState {
        /// It waits for its warehouse.
        Pending = "PENDING",
        /// It runs.
        Running = "RUNNING",
        /// It has a result.
        Succeeded = "SUCCEEDED",
        /// It has none.
        Failed = "FAILED",
        /// Somebody has cancelled it.
        Canceled = "CANCELED",
        /// It succeeded, and its result is gone.
        Closed = "CLOSED",
    }
}

impl StatementState {
    /// Whether it stays so.
    pub fn is_end(&self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

impl StatementStatus {
    /// Why the statement failed: the service's words, and its SQLSTATE where they lack it.
    pub fn reason(&self) -> String {
        let message = self.error.as_ref().map_or("", |error| error.message.trim_end());
        let message = match &self.error {
            Some(error) if message.is_empty() => format!("the statement failed: {}", error.error_code),
            None => "the statement failed".to_owned(),
            Some(_) => message.to_owned(),
        };
        match self.sql_state.as_str() {
            "" => message,
            state if message.contains(state) => message,
            state => format!("{message} SQLSTATE: {state}"),
        }
    }
}

const PATH: &str = "/api/2.0/sql/statements";

fn path(id: &str) -> String {
    format!("{PATH}/{}", segment(id))
}

/// Has a statement run. It may run though its answer is lost.
///
/// # Errors
/// Whatever the API refuses.
pub async fn execute(client: &Client, body: &ExecuteStatement) -> Result<Statement, Error> {
    client.send(Request::post(PATH).json(body)?).await
}

/// Where a statement stands; with the first chunk, where it has succeeded.
///
/// # Errors
/// Whatever the API refuses: a statement that is not there any more.
pub async fn get(client: &Client, id: &str) -> Result<Statement, Error> {
    client.send(Request::get(path(id))).await
}

/// A chunk of a result, with new links.
///
/// # Errors
/// Whatever the API refuses.
pub async fn chunk(client: &Client, id: &str, index: usize) -> Result<ResultData, Error> {
    client.send(Request::get(format!("{}/result/chunks/{index}", path(id)))).await
}

/// Asks for the end of a statement. It ends a little later.
///
/// # Errors
/// Whatever the API refuses.
pub async fn cancel(client: &Client, id: &str) -> Result<(), Error> {
    client.send(Request::post(format!("{}/cancel", path(id))).idempotent()).await
}
