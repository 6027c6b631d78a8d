//! What lost attempts and lost jobs left. Nobody calls those that were killed.

use std::path::Path;

use super::is_missing;
use super::lock;
use crate::failure::Result;
use crate::job::Job;
use crate::remote::Remote;

/// The folder of the numbers of streams' batches.
pub(super) const STREAMS: &str = "streams";

/// Removes what is this job's, and what is of jobs that have said nothing for long.
///
/// # Errors
/// What the server says.
pub(super) async fn after(remote: &Remote, job: &Job) -> Result<()> {
    let base = job.base();
    // First, for the disk may be full of it.
    remote.remove_tree(&job.folder()).await?;
    let clock = base.join(format!("{}.clock", job.id));
    let now = match remote.touch(&clock).await {
        // There is nothing.
        Err(failure) if is_missing(&failure) => return Ok(()),
        touched => {
            touched?;
            remote.changed(&clock).await?.unwrap_or_default()
        }
    };
    remote.remove_all([clock]).await?;
    let entries = remote.list(&base).await?;
    if entries.iter().any(|entry| entry.name == Path::new(lock::NAME)) {
        // Somebody commits, or died at it: what a job has may be the old data, which have no other place just then.
        return Ok(());
    }
    let (mut lost, mut others) = (Vec::new(), 0);
    for entry in entries.into_iter().filter(|entry| entry.name != Path::new(STREAMS)) {
        let path = base.join(&entry.name);
        if !is_lost(remote, &path, now, job).await? {
            others += 1;
            if lock::is_taken_over_in(remote, &path).await? {
                return Ok(());
            }
        } else {
            lost.push((path, entry.attributes.is_directory()));
        }
    }
    // All are undone before the first is removed: one may have the data of another.
    for (path, _) in &lost {
        lock::undo_taken_over(remote, path).await?;
    }
    for (path, is_folder) in lost {
        if is_folder { remote.remove_tree(&path).await? } else { remote.remove_all([path]).await? }
    }
    if others == 0 {
        // Another job may begin in it just now, or a stream has its numbers there.
        let _ = remote.sftp.remove_folder(&base).await;
    }
    Ok(())
}

async fn is_lost(remote: &Remote, path: &Path, now: u32, job: &Job) -> Result<bool> {
    let made = remote.changed(path).await?.unwrap_or(0);
    let word = remote.changed(&path.join("alive")).await.ok().flatten().unwrap_or(0);
    let silent = u64::from(now.saturating_sub(made.max(word)));
    Ok(silent >= job.lost_after.as_secs())
}
