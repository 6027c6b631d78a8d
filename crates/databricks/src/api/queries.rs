//! The history of queries: `/api/2.0/sql/history/queries`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/queryhistory/list>. Everybody sees their own, of the last 30 days.

use super::{open_enum, wire};
use crate::{Client, Error, Request};

wire! {
    /// A query that was sent.
    pub struct Query {
        /// Its id: that of the statement, where it came by the statement API.
        pub query_id: String,
        /// Its text, with its comments.
        pub query_text: String,
        /// Where it stands.
        pub status: QueryStatus,
    }

    /// A page of the history.
    pub struct QueriesPage {
        /// The newest first.
        pub res: Vec<Query>,
        /// Whether there are more.
        pub has_next_page: Option<bool>,
        /// Where they start.
        pub next_page_token: String,
    }
}

open_enum! {
    /// Where a query stands.
    pub enum QueryStatus {
        /// It waits.
        Queued = "QUEUED",
        /// It has begun.
        Started = "STARTED",
        /// It is being compiled.
        Compiling = "COMPILING",
        /// It was compiled.
        Compiled = "COMPILED",
        /// It runs.
        Running = "RUNNING",
        /// It has a result.
        Finished = "FINISHED",
        /// It has none.
        Failed = "FAILED",
        /// Somebody has cancelled it.
        Canceled = "CANCELED",
    }
}

/// The queries that were sent to a warehouse at this time (milliseconds since 1970) or later, by everybody or by one user (a number), the
/// newest first.
///
/// # Errors
/// Whatever the API refuses.
pub async fn since(
    client: &Client,
    warehouse_id: &str,
    start_time_ms: i64,
    user_id: Option<&str>,
) -> Result<Vec<Query>, Error> {
    let request = Request::get("/api/2.0/sql/history/queries")
        .query("filter_by.warehouse_ids", warehouse_id)
        .query("filter_by.query_start_time_range.start_time_ms", start_time_ms.to_string())
        .query("max_results", "1000");
    let request = user_id.into_iter().fold(request, |request, id| request.query("filter_by.user_ids", id));
    let next = |page: QueriesPage| {
        let token = if page.has_next_page == Some(true) { page.next_page_token } else { String::new() };
        (page.res, token)
    };
    client.pages(request, next).await
}
