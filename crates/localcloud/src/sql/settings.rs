//! How statements are executed, for as long as the local cloud runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secret::Secret;

use crate::options::SqlEngine;

/// The largest result that is told inline, in bytes. <https://docs.databricks.com/api/workspace/statementexecution>
pub(crate) const INLINE_BYTES: u64 = 25 * 1024 * 1024;
/// The largest result that a statement tells inline when it leaves the choice to the service, in bytes.
pub(crate) const SMALL_BYTES: u64 = 5 * 1024 * 1024;

/// What does not change.
#[derive(Debug)]
pub(crate) struct SqlSettings {
    pub(crate) engine: SqlEngine,
    /// Bytes of a chunk of a result, about.
    pub(crate) chunk_bytes: u64,
    /// How long a link to a chunk holds.
    pub(crate) link_lifetime: Duration,
    /// What links are signed with.
    pub(crate) links: Secret<String>,
    /// The virtual environment of the engine; without one it is the Python that runs notebooks.
    pub(crate) venv: Option<PathBuf>,
}

/// The folder of all that the engine keeps, in the local cloud's.
pub(crate) fn folder(dir: &Path) -> PathBuf {
    dir.join("sql")
}

/// The folder of a workspace's results.
pub(crate) fn results(dir: &Path, workspace: i64) -> PathBuf {
    folder(dir).join("results").join(workspace.to_string())
}
