//! The Statement Execution API. <https://docs.databricks.com/api/workspace/statementexecution>

use http::Method;
use uuid::Uuid;

use super::request::{self, OnTimeout};
use super::statement::{Statement, StatementState};
use super::{sessions, view, warehouses};
use crate::answer::{Answer, ApiError, Wait};
use crate::call::Cx;
use crate::effect::Effect;
use crate::route::{Route, route};
use crate::workspace::rights::{self, WarehouseRight};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/sql/statements", execute),
    route(Method::GET, "/api/2.0/sql/statements/{id}", get),
    route(Method::DELETE, "/api/2.0/sql/statements/{id}", close),
    route(Method::GET, "/api/2.0/sql/statements/{id}/result/chunks/{chunk}", chunk),
    route(Method::POST, "/api/2.0/sql/statements/{id}/cancel", cancel),
];

fn execute(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let mut wanted = request::read(cx)?;
    rights::require_warehouse(cx, &wanted.order.warehouse, WarehouseRight::Use)?;
    warehouses::wake(cx, &wanted.order.warehouse)?;
    if let Some(session) = wanted.order.session.clone() {
        let session = sessions::find(cx, &session)?;
        let order = &mut wanted.order;
        order.catalog = order.catalog.take().or(session.catalog);
        order.schema = order.schema.take().or(session.schema);
    }
    let (owner, id, now) = (cx.caller()?.principal.clone(), Uuid::new_v4().to_string(), cx.now);
    let workspace = cx.workspace()?;
    let number = workspace.id;
    workspace.statements.insert(id.clone(), Statement::new(owner, wanted.order, now));
    cx.effects.push(Effect::StartStatement { workspace: number, statement: id.clone() });
    let answer = told(cx, &id)?;
    let cancels = wanted.on_timeout == OnTimeout::Cancel;
    Ok(if wanted.wait.is_zero() {
        answer
    } else {
        answer.waiting(Wait { workspace: number, statement: id, time: wanted.wait, cancels })
    })
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = asked(cx)?;
    told(cx, &id)
}

fn told(cx: &mut Cx<'_>, id: &str) -> Result<Answer, ApiError> {
    let (settings, now) = (cx.settings, cx.now);
    let workspace = cx.workspace()?;
    let statement = workspace.statements.get(id).ok_or_else(|| missing(id))?;
    view::statement(settings, now, workspace.id, id, statement)
}

fn chunk(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (id, settings, now) = (asked(cx)?, cx.settings, cx.now);
    let text = cx.param("chunk").to_owned();
    let workspace = cx.workspace()?;
    let statement = workspace.statements.get(&id).ok_or_else(|| missing(&id))?;
    let has = statement.outcome.as_ref().map_or(0, |outcome| outcome.chunks.len());
    match (statement.state, text.parse::<usize>()) {
        (StatementState::Succeeded, Ok(index)) if index < has => {
            view::chunk(settings, now, workspace.id, &id, statement, index)
        }
        (StatementState::Succeeded, _) => {
            Err(ApiError::invalid(format!("The chunk index {text} is out of range: the result has {has} chunks.")))
        }
        (StatementState::Closed, _) => {
            Err(ApiError::missing(format!("The statement {id} was closed: its result is no longer available.")))
        }
        (state, _) => Err(ApiError::wrong_state(format!("The statement {id} has no result in state {state:?}."))),
    }
}

fn cancel(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (id, now) = (asked(cx)?, cx.now);
    if let Some(statement) = cx.workspace()?.statements.get_mut(&id)
        && statement.end(now, StatementState::Canceled)
    {
        cx.effects.push(Effect::CancelStatement { statement: id });
    }
    Ok(Answer::empty())
}

/// What the SQL connector calls when it has read a result, or wants none.
fn close(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (id, now) = (asked(cx)?, cx.now);
    let workspace = cx.workspace()?;
    let number = workspace.id;
    if let Some(statement) = workspace.statements.get_mut(&id) {
        if statement.end(now, StatementState::Canceled) {
            cx.effects.push(Effect::CancelStatement { statement: id });
        } else {
            statement.state = StatementState::Closed;
            statement.outcome = None;
            cx.effects.push(Effect::RemoveResult { workspace: number, statement: id });
        }
    }
    Ok(Answer::empty())
}

/// The statement that the path names, if it is the caller's to see.
fn asked(cx: &mut Cx<'_>) -> Result<String, ApiError> {
    let (id, caller) = (cx.param("id").to_owned(), cx.caller()?.clone());
    let owner = cx.workspace()?.statements.get(&id).map(|one| one.owner.clone());
    match owner {
        Some(owner) if owner == caller.principal || cx.administers(&caller)? => Ok(id),
        _ => Err(missing(&id)),
    }
}

fn missing(id: &str) -> ApiError {
    ApiError::new(http::StatusCode::NOT_FOUND, "NOT_FOUND", format!("The statement {id} was not found."))
}
