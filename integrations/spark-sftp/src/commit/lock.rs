//! One commit at a time on a path: a folder that only one can make. Whoever holds it says every few seconds that he lives; whoever waits
//! takes back what a dead one was doing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sftp::wire::attributes::Attributes;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::is_missing;
use super::journal::{self, Journal, Plan};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::remote::{Remote, touch};

/// The folder's name.
pub(super) const NAME: &str = "commit";
/// Where a job has the lock of a dead holder while it undoes what that one did.
const LOST: &str = "lost";
/// How often a lock may be neither there nor to be made.
const MISSES: u32 = 20;
/// How often a holder says that he lives before he would count as dead.
const WORDS: u32 = 6;
/// How long a living holder is waited for.
const PATIENCE: Duration = Duration::from_secs(900);
/// Between two looks at somebody else's lock.
const LOOK: Duration = Duration::from_millis(500);

/// A lock that is held.
pub(super) struct Lock {
    folder: PathBuf,
    alive: JoinHandle<()>,
}

/// Waits for the lock. What a dead holder was doing is undone then.
///
/// # Errors
/// What the server says, or that somebody holds it for too long.
pub(super) async fn take(remote: &Remote, job: &Job) -> Result<Lock> {
    let folder = job.base().join(NAME);
    let until = Instant::now() + PATIENCE;
    let mut misses = 0;
    while let Err(error) = remote.sftp.make_folder(&folder, &Attributes::default()).await {
        match last_word(remote, &folder).await? {
            // It was released just now; or it cannot be made at all.
            None if misses == MISSES => return Err(Failure::at(&folder)(error)),
            None => {
                misses += 1;
                remote.make_all(&job.folder()).await?;
            }
            Some(last) if u64::from(now(remote, job).await?.saturating_sub(last)) > job.dead_after.as_secs() => {
                take_over(remote, job, &folder).await?;
                continue;
            }
            Some(_) if Instant::now() > until => {
                let text = format!("another write to {} has been committing for {PATIENCE:?}", job.path.display());
                return Err(Failure::exists(text));
            }
            Some(_) => sleep(LOOK).await,
        }
    }
    let (sftp, beat, pause) = (remote.sftp.clone(), folder.join("alive"), job.dead_after / WORDS);
    let alive = tokio::spawn(async move {
        while touch(&sftp, &beat).await.is_ok() {
            sleep(pause).await;
        }
    });
    Ok(Lock { folder, alive })
}

/// When the holder last said something; `None` where there is none.
async fn last_word(remote: &Remote, folder: &Path) -> Result<Option<u32>> {
    let Some(made) = remote.changed(folder).await? else { return Ok(None) };
    let word = remote.changed(&folder.join("alive")).await?.unwrap_or(0);
    Ok(Some(word.max(made)))
}

/// The server's time.
async fn now(remote: &Remote, job: &Job) -> Result<u32> {
    let clock = job.folder().join("clock");
    remote.touch(&clock).await?;
    Ok(remote.changed(&clock).await?.unwrap_or(u32::MAX))
}

/// Takes a dead holder's lock away and undoes what he was doing. One of several who try that does it.
async fn take_over(remote: &Remote, job: &Job, folder: &Path) -> Result<()> {
    let lost = job.folder().join(LOST);
    match remote.sftp.rename(folder, &lost).await.map_err(Failure::at(folder)) {
        Err(failure) if is_missing(&failure) => return Ok(()),
        renamed => renamed?,
    }
    undo_taken_over(remote, &job.folder()).await
}

/// Undoes what a job has taken over from a dead holder.
///
/// # Errors
/// What the server says: then it can be undone again.
pub(super) async fn undo_taken_over(remote: &Remote, folder: &Path) -> Result<()> {
    let lost = folder.join(LOST);
    if let Some(journal) = journal::read(remote, &lost).await? {
        journal.undo(remote).await?;
    }
    remote.remove_tree(&lost).await
}

/// Whether a job is undoing what it has taken over.
///
/// # Errors
/// What the server says.
pub(super) async fn is_taken_over_in(remote: &Remote, folder: &Path) -> Result<bool> {
    Ok(remote.stat(&folder.join(LOST)).await?.is_some())
}

/// Undoes what this job itself noted down and did not finish, if it holds the lock: its connection was cut.
///
/// # Errors
/// What the server says.
pub(super) async fn undo_own(remote: &Remote, job: &Job) -> Result<Own> {
    let folder = job.base().join(NAME);
    match journal::read(remote, &folder).await? {
        Some(journal) if journal.job == job.id => {
            journal.undo(remote).await?;
            journal::remove(remote, &folder).await?;
            remote.remove_tree(&folder).await?;
            Ok(Own::Undone)
        }
        _ => Ok(Own::Nothing),
    }
}

/// What was found of a job's own commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// It was half done, and is undone.
    Undone,
    /// It had not begun, or was done.
    Nothing,
}

impl Lock {
    /// Writes down what is done next.
    ///
    /// # Errors
    /// What the server says: then it must not be done.
    pub(super) async fn note(&self, remote: &Remote, job: &Job, plan: Plan) -> Result<()> {
        journal::write(remote, &self.folder, &Journal { job: job.id.clone(), plan }).await
    }

    /// Gives it back. Removing the journal is the moment from which what was done stays.
    ///
    /// # Errors
    /// What the server says of the journal.
    pub(super) async fn release(self, remote: &Remote) -> Result<()> {
        self.alive.abort();
        journal::remove(remote, &self.folder).await?;
        // Where this is refused, it looks dead soon, with nothing to undo.
        let _ = remote.remove_tree(&self.folder).await;
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.alive.abort();
    }
}
