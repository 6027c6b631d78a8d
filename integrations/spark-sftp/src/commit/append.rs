//! Files are added to a folder.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::journal::Plan;
use super::lock::Lock;
use super::{Batch, SUCCESS, rename_over, sweep};
use crate::failure::Result;
use crate::job::{Job, Staged};
use crate::remote::Remote;

/// Adds them. Answers false for a batch of a stream that is there.
///
/// # Errors
/// Why not: the journal says what is to be undone.
pub(super) async fn commit(
    remote: &Remote,
    job: &Job,
    staged: &[Staged],
    batch: Option<&Batch>,
    lock: &Lock,
) -> Result<bool> {
    let done = match batch {
        Some(batch) => Some(Done::of(remote, job, batch).await?),
        None => None,
    };
    if done.as_ref().is_some_and(|done| done.has) {
        return Ok(false);
    }
    let mut files: Vec<PathBuf> = staged.iter().map(|file| job.path.join(&file.name)).collect();
    let success = job.path.join(SUCCESS);
    if remote.stat(&success).await?.is_none() {
        files.push(success.clone());
    }
    if let Some(done) = &done {
        files.push(done.path.clone());
    }
    lock.note(remote, job, Plan::Append { files }).await?;
    let folders: BTreeSet<_> = staged.iter().filter_map(|file| file.name.parent()).collect();
    for folder in folders {
        remote.make_all(&job.path.join(folder)).await?;
    }
    remote.rename_all(staged.iter().map(|file| (file.path.clone(), job.path.join(&file.name)))).await?;
    // A put that is cut off leaves its part: not in the folder that people see.
    let ready = job.folder().join(SUCCESS);
    remote.put(&ready, b"").await?;
    rename_over(remote, &ready, &success).await?;
    if let Some(done) = &done {
        done.note(remote).await?;
    }
    Ok(true)
}

/// The note that a batch of a stream is there: a file whose name is the batch's number, so that it is made and undone as any file.
struct Done {
    path: PathBuf,
    earlier: Vec<PathBuf>,
    has: bool,
}

impl Done {
    async fn of(remote: &Remote, job: &Job, batch: &Batch) -> Result<Self> {
        let folder = job.base().join(sweep::STREAMS).join(crate::folders::escape(&batch.query));
        remote.make_all(&folder).await?;
        let entries = remote.list(&folder).await?;
        let mut numbers: Vec<u64> = entries.iter().filter_map(|entry| entry.name.to_str()?.parse().ok()).collect();
        numbers.sort_unstable();
        let has = numbers.last().is_some_and(|last| *last >= batch.number);
        // The last one stays until its follower does.
        numbers.pop();
        let earlier = numbers.iter().map(|number| folder.join(number.to_string())).collect();
        Ok(Self { path: folder.join(batch.number.to_string()), earlier, has })
    }

    async fn note(&self, remote: &Remote) -> Result<()> {
        remote.touch(&self.path).await?;
        // They count no longer, and do no harm.
        let _ = remote.remove_all(self.earlier.iter().cloned()).await;
        Ok(())
    }
}
