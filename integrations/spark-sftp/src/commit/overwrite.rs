//! A folder is replaced as a whole: the new one is made beside it, and the two change places in two renames that are sent at once.

use std::collections::BTreeSet;
use std::path::Path;

use sftp::client::Status;
use sftp::wire::attributes::Attributes;

use super::SUCCESS;
use super::journal::Plan;
use super::lock::Lock;
use crate::failure::{Failure, Result};
use crate::job::{Job, Staged};
use crate::remote::Remote;

/// Replaces it.
///
/// # Errors
/// Why not: the journal says what is to be undone.
pub(super) async fn commit(remote: &Remote, job: &Job, staged: &[Staged], lock: &Lock) -> Result<()> {
    let new = job.folder().join("new");
    let folders: BTreeSet<_> = staged.iter().filter_map(|file| file.name.parent()).chain([Path::new("")]).collect();
    for folder in folders {
        remote.make_all(&new.join(folder)).await?;
    }
    remote.rename_all(staged.iter().map(|file| (file.path.clone(), new.join(&file.name)))).await?;
    remote.put(&new.join(SUCCESS), b"").await?;
    let before = remote.stat(&job.path).await?;
    if let Some(before) = before
        && before.is_directory()
    {
        // Who may look into the folder stays as it was.
        let kept = Attributes { permissions: before.permissions.map(|mode| mode & 0o7777), ..Attributes::default() };
        remote.sftp.set(&new, &kept).await.map_err(Failure::at(&new))?;
    }
    exchange(remote, job, lock, &new, before.is_some()).await
}

/// Puts what is new in the place of what is there, and that away.
///
/// # Errors
/// Why not: the journal says what is to be undone.
pub(super) async fn exchange(remote: &Remote, job: &Job, lock: &Lock, new: &Path, is_there: bool) -> Result<()> {
    let old = job.folder().join("old");
    lock.note(remote, job, Plan::Exchange { path: job.path.clone(), old: old.clone() }).await?;
    let at = Failure::at(&job.path);
    if !is_there {
        return remote.sftp.rename(new, &job.path).await.map_err(at);
    }
    // The server does one after the other, so that nobody finds the path empty for longer than it takes to do the second.
    let (away, here) = tokio::join!(remote.sftp.rename(&job.path, &old), remote.sftp.rename(new, &job.path));
    match (away, here) {
        (_, Ok(())) => Ok(()),
        (Err(error), Err(_)) if error.is(Status::PermissionDenied) => Err(at(error).while_doing(
            "what is there is replaced by renaming it, which the folder above it must allow: write into a folder below, or append",
        )),
        (Err(error), Err(_)) | (Ok(()), Err(error)) => Err(at(error).while_doing("it cannot be replaced by a rename")),
    }
}
