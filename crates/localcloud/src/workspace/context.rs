//! What an execution context is, and a command in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A context: a process on a cluster's driver with names of its own.
#[derive(Debug, Clone)]
pub(crate) struct ExecutionContext {
    pub(crate) id: String,
    pub(crate) cluster: String,
    pub(crate) language: Language,
    /// SCIM id of who made it.
    pub(crate) owner: String,
    pub(crate) status: ContextStatus,
    pub(crate) commands: BTreeMap<String, Command>,
    /// When it was used last.
    pub(super) used: i64,
}

/// A command in a context.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    pub(crate) status: CommandStatus,
    /// As the API tells them, once there are any.
    pub(crate) results: Value,
}

/// What a context speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    Python,
    Scala,
    Sql,
    R,
}

/// Where a context stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum ContextStatus {
    Pending,
    Running,
    Error,
}

/// Where a command stands. An exception is a result of one that is `Finished`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum CommandStatus {
    Queued,
    Running,
    Cancelling,
    Cancelled,
    Error,
    Finished,
}

impl CommandStatus {
    /// Whether it stays so.
    pub(crate) fn is_end(self) -> bool {
        matches!(self, Self::Cancelled | Self::Error | Self::Finished)
    }
}
