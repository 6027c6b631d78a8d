//! From staged files to files that people see: all of them, or none.
//!
//! One job at a time commits on a path ([`lock`]). What it is about to do stands in a journal first, so that whoever finds it undone
//! takes it back ([`journal`]): the job that was killed had told nobody that it succeeded. Then the files are added ([`append`]), the
//! folder is exchanged ([`overwrite`]), or the one file gets its name ([`single`]). At the end what lost attempts and lost jobs left is
//! swept ([`sweep`]).

mod append;
mod journal;
mod lock;
mod overwrite;
mod single;
mod sweep;

use std::path::Path;

use crate::encode::Encoding;
use crate::failure::{Failure, Kind, Result};
use crate::job::{Job, Staged};
use crate::remote::Remote;

/// The empty file that says that a folder is whole, as Hadoop's.
pub const SUCCESS: &str = "_SUCCESS";

/// A batch of a stream.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The query, the same after a restart.
    pub query: String,
    /// Its number: each is larger than the one before, and is the same when it is replayed.
    pub number: u64,
}

/// What became of a commit.
#[derive(Debug)]
pub enum Outcome {
    /// The files are seen. False for a batch of a stream that was there already.
    Done(bool),
    /// All was done but the last word, after which the connection was lost: [`settle`] says what it was.
    Unsure(Failure),
}

/// Makes all staged files seen.
///
/// # Errors
/// Why not. People see then what they saw before.
pub async fn commit(
    remote: &Remote,
    job: &Job,
    encoding: &Encoding,
    staged: &[Staged],
    batch: Option<&Batch>,
) -> Result<Outcome> {
    remote.make_all(&job.folder()).await?;
    let lock = lock::take(remote, job).await?;
    let committed = if job.single_file {
        single::commit(remote, job, encoding, staged, &lock).await.map(|()| true)
    } else if job.overwrite {
        overwrite::commit(remote, job, staged, &lock).await.map(|()| true)
    } else {
        append::commit(remote, job, staged, batch, &lock).await
    };
    match committed {
        Ok(is_new) => {
            if let Err(failure) = lock.release(remote).await {
                return Ok(Outcome::Unsure(failure));
            }
            // It is done, and stays so when the sweeping is not: the next commit goes on with that.
            let _ = sweep(remote, job).await;
            Ok(Outcome::Done(is_new))
        }
        Err(failure) => {
            // Where the connection is gone, abort or the next job takes it back.
            if lock::undo_own(remote, job).await.is_ok() {
                let _ = lock.release(remote).await;
            }
            Err(failure)
        }
    }
}

/// After [`Outcome::Unsure`], over another connection: whether it was done. If not, it is undone.
///
/// # Errors
/// What the server says.
pub async fn settle(remote: &Remote, job: &Job) -> Result<bool> {
    Ok(lock::undo_own(remote, job).await? == lock::Own::Nothing)
}

/// Takes back what a job has begun to commit, removes what it has staged, and what lost ones left.
///
/// # Errors
/// What the server says.
pub async fn abort(remote: &Remote, job: &Job) -> Result<()> {
    lock::undo_own(remote, job).await?;
    sweep(remote, job).await
}

/// Before a job: what a killed one left half done is taken back, so that what is looked at is whole.
///
/// # Errors
/// What the server says.
pub async fn heal(remote: &Remote, job: &Job) -> Result<()> {
    for job in places(job) {
        if remote.stat(&job.base().join(lock::NAME)).await?.is_some() {
            remote.make_all(&job.folder()).await?;
            lock::take(remote, &job).await?.release(remote).await?;
            sweep::after(remote, &job).await?;
        }
    }
    Ok(())
}

/// Removes what a job has staged, and what lost ones left, also such as replaced the folder that this one adds to.
async fn sweep(remote: &Remote, job: &Job) -> Result<()> {
    for job in places(job) {
        sweep::after(remote, &job).await?;
    }
    Ok(())
}

/// The job, and where it adds to a folder, the same as one that replaces it: those stand in another place.
fn places(job: &Job) -> Vec<Job> {
    let exchange = Job { overwrite: job.path.file_name().is_some(), ..job.clone() };
    if exchange.base() == job.base() { vec![exchange] } else { vec![exchange, job.clone()] }
}

/// Renames a file over whatever is there.
async fn rename_over(remote: &Remote, from: &Path, to: &Path) -> Result<()> {
    if remote.sftp.features().posix_rename {
        return remote.sftp.rename_over(from, to).await.map_err(Failure::at(to));
    }
    match remote.sftp.remove(to).await {
        Ok(()) => {}
        Err(error) if error.is(sftp::client::Status::NoSuchFile) => {}
        Err(error) => return Err(Failure::at(to)(error)),
    }
    remote.sftp.rename(from, to).await.map_err(Failure::at(to))
}

/// Whether a failure says that something is not there.
fn is_missing(failure: &Failure) -> bool {
    failure.kind == Kind::Missing
}
