//! What a commit is about to do, and how it is undone.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Kind, Result};
use crate::remote::Remote;

const NAME: &str = "journal";

/// A journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    /// Whose it is.
    pub(super) job: String,
    /// What it is about to do.
    pub(super) plan: Plan,
}

/// What a commit is about to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(super) enum Plan {
    /// To add these files, whose names no other write has, and which were not there before.
    Append {
        /// Their paths.
        files: Vec<PathBuf>,
    },
    /// To move what is at `path` to `old`, and the new data to `path`.
    Exchange {
        /// What people see.
        path: PathBuf,
        /// Where the old data wait for their removal.
        old: PathBuf,
    },
}

impl Journal {
    /// Undoes what was done of it, also when that was nothing, and also when some of it was undone before.
    ///
    /// # Errors
    /// What the server says: then it can be undone again.
    pub(super) async fn undo(&self, remote: &Remote) -> Result<()> {
        match &self.plan {
            Plan::Append { files } => match remote.remove_all(files.iter().cloned()).await {
                // In a folder that is closed to us there is nothing that we added: it was the reason to undo this.
                Err(failure) if failure.kind == Kind::Permission => {
                    remote.remove_all(remote.shown(files.iter().cloned()).await?).await
                }
                removed => removed,
            },
            Plan::Exchange { path, old } => {
                // Where something is at the path, nothing was moved; or all was, and the new data were seen: they stay. Where nothing is
                // there and nothing waits, there were no old data, and the new ones had no time to come.
                if remote.stat(path).await?.is_none() && remote.stat(old).await?.is_some() {
                    remote.rename_all([(old.clone(), path.clone())]).await?;
                }
                Ok(())
            }
        }
    }
}

/// Writes it into a lock.
pub(super) async fn write(remote: &Remote, lock: &Path, journal: &Journal) -> Result<()> {
    let text = serde_json::to_vec(journal).map_err(|error| Failure::value(error.to_string()))?;
    remote.put(&lock.join(NAME), &text).await
}

/// Reads that of a lock.
pub(super) async fn read(remote: &Remote, lock: &Path) -> Result<Option<Journal>> {
    let path = lock.join(NAME);
    let Some(text) = remote.get(&path).await? else { return Ok(None) };
    let damaged = |error| Failure::value(format!("{} is no journal of a write: {error}", path.display()));
    serde_json::from_slice(&text).map(Some).map_err(damaged)
}

/// Removes that of a lock.
pub(super) async fn remove(remote: &Remote, lock: &Path) -> Result<()> {
    remote.remove_all([lock.join(NAME)]).await
}
