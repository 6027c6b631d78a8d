//! A statement from its turn to its end: its warehouse comes up, the engine runs it, and what came of it is noted.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;

use super::control::{self, Asked};
use super::engine::{Event, process};
use super::settings::{INLINE_BYTES, results};
use super::statement::{Failure, Order, Outcome, Statement, StatementState};
use super::warehouses;
use crate::inner::Inner;

/// How often it is looked whether a warehouse is up.
const POLL: Duration = Duration::from_millis(20);

/// How a statement ended.
pub(crate) enum Ended {
    Succeeded(Outcome),
    Failed(Failure),
    Canceled,
}

/// Runs a statement that is pending.
pub(crate) fn start(inner: &Arc<Inner>, workspace: i64, id: String) {
    let owner = Arc::clone(inner);
    inner.tasks.spawn(async move {
        let ended = execute(&owner, workspace, &id).await;
        let now = owner.now();
        let is_told = owner.with(|state| {
            let Some(of) = state.workspaces.get_mut(&workspace) else { return false };
            let Some(statement) = of.statements.get_mut(&id) else { return false };
            match ended {
                Ended::Succeeded(outcome) if statement.end(now, StatementState::Succeeded) => {
                    let session = statement.order.session.as_ref().and_then(|id| of.sql_sessions.get_mut(id));
                    if let Some(session) = session {
                        session.catalog = Some(outcome.catalog.clone());
                        session.schema = Some(outcome.schema.clone());
                    }
                    statement.outcome = Some(outcome);
                    true
                }
                Ended::Failed(failure) if statement.end(now, StatementState::Failed) => {
                    statement.failure = Some(failure);
                    false
                }
                _ => {
                    statement.end(now, StatementState::Canceled);
                    false
                }
            }
        });
        owner.sql.changed();
        if !is_told {
            remove_result(&owner, workspace, &id);
        }
    });
}

/// Removes the files of a result.
pub(crate) fn remove_result(inner: &Inner, workspace: i64, id: &str) {
    let folder = results(&inner.settings.dir, workspace).join(id);
    if let Err(error) = std::fs::remove_dir_all(&folder)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %error, "a result could not be removed");
    }
}

async fn execute(inner: &Arc<Inner>, workspace: i64, id: &str) -> Ended {
    loop {
        let now = inner.now();
        let warehouse = inner.with(|state| {
            let of = state.workspaces.get_mut(&workspace)?;
            of.store.tick(now);
            let statement = of.statements.get(id).filter(|one| !one.is_over())?;
            Some(warehouses::state(&of.store, &statement.order.warehouse).to_owned())
        });
        match warehouse.as_deref() {
            None => return Ended::Canceled,
            Some("RUNNING") => break,
            Some("STARTING") => {}
            Some(other) => {
                let other = if other.is_empty() { "DELETED" } else { other };
                let message = format!("The warehouse cannot run the statement: it is in state {other}.");
                return Ended::Failed(Failure::of_service("ABORTED", message));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = inner.stop.cancelled() => return Ended::Canceled,
        }
    }
    let begun = inner.with(|state| {
        let statement = state.workspaces.get_mut(&workspace)?.statements.get_mut(id);
        let statement = statement.filter(|one| one.state == StatementState::Pending)?;
        statement.state = StatementState::Running;
        Some(Statement::clone(statement))
    });
    let Some(Statement { owner, order, .. }) = begun else { return Ended::Canceled };
    inner.sql.changed();
    on_engine(inner, workspace, &owner, id, &order).await
}

/// Runs a statement on the engine, whatever asked for it.
pub(crate) async fn on_engine(inner: &Arc<Inner>, workspace: i64, owner: &str, id: &str, order: &Order) -> Ended {
    let (user, catalogs, default_catalog) = inner.with(|state| {
        let user = state.principals.get(owner).map(|one| one.login().to_owned()).unwrap_or_default();
        (user, control::catalogs(state, workspace), control::default_catalog(state, workspace))
    });
    let line = json!({
        "run": id,
        "statement": order.text,
        "parameters": order.parameters,
        "catalog": order.catalog,
        "default_catalog": default_catalog,
        "schema": order.schema,
        "user": user,
        "catalogs": catalogs,
        "folder": results(&inner.settings.dir, workspace).join(id),
        "disposition": order.disposition,
        "format": order.format,
        "chunk_bytes": inner.settings.sql.chunk_bytes,
        "inline_bytes": INLINE_BYTES,
        "row_limit": order.row_limit,
        "byte_limit": order.byte_limit,
    });
    let mut events = match process::begin(inner, id, &line).await {
        Ok(events) => events,
        Err(message) => return Ended::Failed(Failure::of_service("INTERNAL_ERROR", message)),
    };
    // Meanwhile it may have been canceled.
    let is_wanted = inner.with(|state| {
        let of = state.workspaces.get(&workspace);
        of.and_then(|of| of.statements.get(id)).is_none_or(|one| !one.is_over())
    });
    if !is_wanted {
        inner.sql.engine.cancel(id);
    }
    let ended = follow(inner, workspace, owner, id, &mut events).await;
    inner.sql.engine.forget(id);
    ended
}

async fn follow(
    inner: &Arc<Inner>,
    workspace: i64,
    owner: &str,
    id: &str,
    events: &mut mpsc::UnboundedReceiver<Event>,
) -> Ended {
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = inner.stop.cancelled() => return Ended::Canceled,
        };
        match event {
            Some(Event::Ask { method, path, body }) => {
                let (of, owner) = (Arc::clone(inner), owner.to_owned());
                let asked = tokio::task::spawn_blocking(move || {
                    let asked = Asked { workspace, principal: &owner, method: &method, target: &path, body: &body };
                    let (settings, faults, now) = (&of.settings, &of.faults, of.now());
                    let told = of.with(|state| control::call(state, settings, faults, now, &asked));
                    of.mark_changed();
                    told
                });
                let (status, body) = asked.await.unwrap_or_default();
                inner.sql.engine.send(&json!({"tell": id, "status": status, "body": body}));
            }
            Some(Event::End(outcome)) => return Ended::Succeeded(outcome),
            Some(Event::Failed(failure)) => return Ended::Failed(failure),
            Some(Event::Canceled {}) => return Ended::Canceled,
            None => {
                let message =
                    "The local cloud's SQL engine ended while the statement ran. The next statement starts it again.";
                return Ended::Failed(Failure::of_service("INTERNAL_ERROR", message));
            }
        }
    }
}
