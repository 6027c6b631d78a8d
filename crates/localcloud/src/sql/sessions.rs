//! Sessions of the SQL connector: a catalog and a schema that one statement leaves to the next. The API's public reference does not have
//! them; what is known is what the connector sends.
//! <https://github.com/databricks/databricks-sql-python/blob/main/src/databricks/sql/backend/sea/models/requests.py>

use http::Method;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::statement::Session;
use super::warehouses;
use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::route::{Route, route};
use crate::workspace::rights::{self, WarehouseRight};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/sql/sessions", create),
    route(Method::DELETE, "/api/2.0/sql/sessions/{id}", delete),
];

#[derive(Deserialize)]
struct CreateSession {
    warehouse_id: String,
    catalog: Option<String>,
    schema: Option<String>,
}

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let CreateSession { warehouse_id, catalog, schema } = cx.read("sql.CreateSession")?;
    rights::require_warehouse(cx, &warehouse_id, WarehouseRight::Use)?;
    warehouses::wake(cx, &warehouse_id)?;
    let (owner, id) = (cx.caller()?.principal.clone(), Uuid::new_v4().to_string());
    cx.workspace()?.sql_sessions.insert(id.clone(), Session { owner, catalog, schema });
    Ok(Answer::json(&json!({"session_id": id})))
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.param("id").to_owned();
    find(cx, &id)?;
    cx.workspace()?.sql_sessions.remove(&id);
    Ok(Answer::empty())
}

/// A session of the caller's.
pub(super) fn find(cx: &mut Cx<'_>, id: &str) -> Result<Session, ApiError> {
    let caller = cx.caller()?.principal.clone();
    let found = cx.workspace()?.sql_sessions.get(id).filter(|session| session.owner == caller).cloned();
    found.ok_or_else(|| ApiError::missing(format!("The session {id} was not found.")))
}
