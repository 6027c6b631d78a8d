//! Waiting for the end of a statement, which a request may ask for. No thread waits.

use std::sync::Arc;

use super::view;
use crate::answer::{Answer, ApiError, Wait};
use crate::inner::Inner;
use crate::sql::statement::StatementState;

/// The answer as it is when the statement has ended, or the time is over.
pub(crate) async fn awaited(inner: &Arc<Inner>, answer: Answer, wait: Wait) -> Answer {
    let mut changes = inner.sql.listen();
    let time = tokio::time::sleep(wait.time);
    tokio::pin!(time);
    loop {
        let is_over = inner.with(|state| {
            let statement = state.workspaces.get(&wait.workspace).and_then(|of| of.statements.get(&wait.statement));
            statement.is_none_or(|one| one.is_over())
        });
        if is_over {
            break;
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = inner.stop.cancelled() => break,
            () = &mut time => {
                if wait.cancels {
                    cancel(inner, &wait);
                }
                break;
            }
        }
    }
    let (owner, now) = (Arc::clone(inner), inner.now());
    // A result is read from its file.
    let told = tokio::task::spawn_blocking(move || {
        let statement =
            owner.with(|state| state.workspaces.get(&wait.workspace)?.statements.get(&wait.statement).cloned());
        let missing = || ApiError::missing(format!("The statement {} was not found.", wait.statement));
        let statement = statement.ok_or_else(missing)?;
        view::statement(&owner.settings, now, wait.workspace, &wait.statement, &statement)
    });
    let told = match told.await {
        Ok(told) => told.unwrap_or_else(Answer::from),
        Err(error) => ApiError::internal(format!("The local cloud has a bug: {error}")).into(),
    };
    Answer { headers: answer.headers, ..told }
}

fn cancel(inner: &Inner, wait: &Wait) {
    let now = inner.now();
    let ends = inner.with(|state| {
        let statement = state.workspaces.get_mut(&wait.workspace).and_then(|of| of.statements.get_mut(&wait.statement));
        statement.is_some_and(|one| one.end(now, StatementState::Canceled))
    });
    if ends {
        inner.sql.engine.cancel(&wait.statement);
        inner.sql.changed();
    }
}
