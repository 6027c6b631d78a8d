//! The engine: one Python process that runs statements side by side, spoken to in lines of JSON (`engine.py`).

pub(crate) mod process;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::statement::{Failure, Outcome};

/// What the engine says of a statement.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// It wants a call of the workspace's API, and waits for the answer.
    Ask {
        method: String,
        path: String,
        body: Value,
    },
    End(Outcome),
    Failed(Failure),
    /// It was interrupted.
    Canceled {},
}

/// A line of the engine.
#[derive(Deserialize)]
struct Said {
    id: String,
    #[serde(flatten)]
    event: Event,
}

/// The engine's process, while there is one, and the statements that it runs.
#[derive(Debug, Default)]
pub(crate) struct Engine(Mutex<Running>);

#[derive(Debug, Default)]
struct Running {
    /// Lines on their way to the process.
    lines: Option<mpsc::UnboundedSender<String>>,
    statements: BTreeMap<String, mpsc::UnboundedSender<Event>>,
}

impl Engine {
    fn with<T>(&self, work: impl FnOnce(&mut Running) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a line. It is lost where there is no process, which the statement then learns.
    pub(crate) fn send(&self, line: &Value) {
        self.with(|running| running.lines.as_ref().map(|lines| lines.send(format!("{line}\n"))));
    }

    /// Interrupts a statement.
    pub(crate) fn cancel(&self, statement: &str) {
        self.send(&json!({"cancel": statement}));
    }

    /// Listens to nothing more of a statement.
    pub(crate) fn forget(&self, statement: &str) {
        self.with(|running| running.statements.remove(statement));
    }

    /// Hands on what the process said.
    fn said(&self, line: &str) -> Result<(), serde_json::Error> {
        let Said { id, event } = serde_json::from_str(line)?;
        self.with(|running| running.statements.get(&id).map(|one| one.send(event)));
        Ok(())
    }
}

/// The engine, and who waits for it.
#[derive(Debug)]
pub(crate) struct Sql {
    pub(crate) engine: Engine,
    /// Moves when a statement goes on.
    changes: watch::Sender<()>,
}

impl Sql {
    pub(crate) fn new() -> Self {
        Self { engine: Engine::default(), changes: watch::Sender::new(()) }
    }

    /// What moves when a statement goes on.
    pub(crate) fn listen(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Tells who waits that a statement went on.
    pub(crate) fn changed(&self) {
        self.changes.send_replace(());
    }
}
