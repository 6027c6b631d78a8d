//! The history of queries. <https://docs.databricks.com/api/workspace/queryhistory/list>

use http::Method;
use serde_json::{Value, json};

use super::statement::{Statement, StatementState};
use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::route::{Route, route};

/// The endpoint.
pub(crate) const ROUTES: &[Route] = &[route(Method::GET, "/api/2.0/sql/history/queries", list)];

/// Queries of a page, where none are asked for, and the most.
const PAGE: usize = 100;
const LARGEST: usize = 1000;

/// The newest first. Others' queries are for administrators.
fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let asked = Asked::read(cx)?;
    let caller = cx.caller()?.clone();
    let sees_all = cx.administers(&caller)?;
    let statements = &cx.workspace()?.statements;
    let is_visible = |one: &Statement| sees_all || one.owner == caller.principal;
    let mut found: Vec<(&String, &Statement)> =
        statements.iter().filter(|(id, one)| is_visible(one) && asked.wants(id, one)).collect();
    found.sort_by(|(id, one), (other_id, other)| (other.began, other_id).cmp(&(one.began, id)));
    let rest = found.len().saturating_sub(asked.skip + asked.most);
    let page: Vec<Value> = found.into_iter().skip(asked.skip).take(asked.most).map(|(id, one)| told(id, one)).collect();
    let next = (rest > 0).then(|| (asked.skip + asked.most).to_string());
    let answer = json!({ "res": page, "has_next_page": next.is_some(), "next_page_token": next.unwrap_or_default() });
    Ok(Answer::json(&answer))
}

/// What a caller asks for.
struct Asked {
    skip: usize,
    most: usize,
    warehouses: Vec<String>,
    ids: Vec<String>,
    users: Vec<String>,
    statuses: Vec<String>,
    since: Option<i64>,
    until: Option<i64>,
}

impl Asked {
    fn read(cx: &Cx<'_>) -> Result<Self, ApiError> {
        let number = |name: &str| -> Result<Option<i64>, ApiError> {
            let text = cx.query(name);
            let number = text.map(|text| text.parse().map_err(|_| ApiError::invalid(format!("{name} is no number."))));
            number.transpose()
        };
        let most = number("max_results")?.map_or(PAGE, |most| usize::try_from(most).unwrap_or_default());
        if !(1..=LARGEST).contains(&most) {
            return Err(ApiError::invalid(format!("max_results must be between 1 and {LARGEST}.")));
        }
        let skip = number("page_token")?.map_or(0, |skip| usize::try_from(skip).unwrap_or_default());
        let filter = |name: &str| cx.query_all(&format!("filter_by.{name}"));
        Ok(Self {
            skip,
            most,
            warehouses: filter("warehouse_ids"),
            ids: filter("statement_ids"),
            users: filter("user_ids"),
            statuses: filter("statuses"),
            since: number("filter_by.query_start_time_range.start_time_ms")?,
            until: number("filter_by.query_start_time_range.end_time_ms")?,
        })
    }

    fn wants(&self, id: &str, one: &Statement) -> bool {
        let among = |names: &[String], name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
        among(&self.warehouses, &one.order.warehouse)
            && among(&self.ids, id)
            && among(&self.users, &one.owner)
            && among(&self.statuses, status(one))
            && self.since.is_none_or(|since| one.began >= since)
            && self.until.is_none_or(|until| one.began <= until)
    }
}

/// The history's word for a statement's state.
fn status(one: &Statement) -> &'static str {
    match one.state {
        StatementState::Pending => "QUEUED",
        StatementState::Running => "RUNNING",
        StatementState::Succeeded | StatementState::Closed => "FINISHED",
        StatementState::Failed => "FAILED",
        StatementState::Canceled => "CANCELED",
    }
}

fn told(id: &str, one: &Statement) -> Value {
    let rows: u64 = one.outcome.iter().flat_map(|outcome| &outcome.chunks).map(|chunk| chunk.row_count).sum();
    json!({
        "query_id": id,
        "query_text": one.order.text,
        "status": status(one),
        "user_id": one.owner.parse::<i64>().ok(),
        "warehouse_id": one.order.warehouse,
        "endpoint_id": one.order.warehouse,
        "query_start_time_ms": one.began,
        "query_end_time_ms": one.ended,
        "execution_end_time_ms": one.ended,
        "duration": one.ended.map(|ended| ended - one.began),
        "is_final": one.is_over(),
        "rows_produced": rows,
        "error_message": one.failure.as_ref().map(|failure| failure.message.as_str()),
    })
}
