//! Exactly one file, under exactly its name.

use std::path::PathBuf;

use sftp::client::Mode;
use sftp::transfer::Lanes;
use sftp::wire::attributes::Attributes;

use super::lock::Lock;
use super::overwrite;
use crate::encode::Encoding;
use crate::failure::{Failure, Result};
use crate::job::{Job, Staged};
use crate::remote::Remote;
use crate::upload::put;

/// Bytes between reading and writing when files are joined.
const BUFFER: usize = 1024 * 1024;

/// Gives the file its name; several are joined first, in the order of their partitions.
///
/// # Errors
/// Why not. What was there is there.
pub(super) async fn commit(
    remote: &Remote,
    job: &Job,
    encoding: &Encoding,
    staged: &[Staged],
    lock: &Lock,
) -> Result<()> {
    let full: Vec<&Staged> = staged.iter().filter(|file| file.rows > 0).collect();
    let from = match (&*full, staged) {
        ([], []) => return Err(Failure::value("single_file: there is no partition, and so no file")),
        ([], [first, ..]) => first.path.clone(),
        ([only], _) => only.path.clone(),
        (several, _) if encoding.can_be_joined() => join(remote, job, several).await?,
        (several, _) => {
            let text =
                "files of this format and compression cannot be joined: write df.coalesce(1), or without single_file";
            return Err(Failure::value(format!("single_file, and {} partitions have rows: {text}", several.len())));
        }
    };
    match remote.stat(&job.path).await? {
        Some(found) if found.is_directory() => {
            Err(Failure::exists(format!("{} is a folder, and single_file writes a file", job.path.display())))
        }
        Some(_) if !job.overwrite => {
            let text = "is there, and a single file is not added to: write with mode(\"overwrite\")";
            Err(Failure::exists(format!("{} {text}", job.path.display())))
        }
        found if remote.sftp.features().posix_rename => {
            let renamed = match found {
                Some(_) => remote.sftp.rename_over(&from, &job.path).await,
                None => remote.sftp.rename(&from, &job.path).await,
            };
            renamed.map_err(Failure::at(&job.path))
        }
        found => overwrite::exchange(remote, job, lock, &from, found.is_some()).await,
    }
}

/// All of these as one file, which is read from the server and written to it as it comes.
async fn join(remote: &Remote, job: &Job, files: &[&Staged]) -> Result<PathBuf> {
    let joined = job.folder().join("joined");
    let (mut from, mut to) = tokio::io::duplex(BUFFER);
    let read = async move {
        for (number, file) in files.iter().enumerate() {
            let handle = remote.sftp.open(&file.path, Mode::Read, &Attributes::default()).await;
            let lanes = Lanes::new((remote.sftp.clone(), handle.map_err(Failure::at(&file.path))?), []);
            let start = if number == 0 { 0 } else { file.head };
            lanes.download((start, Some(file.bytes)), &mut to, |_| {}).await?;
            lanes.close().await.map_err(Failure::at(&file.path))?;
        }
        Ok::<_, Failure>(())
    };
    let ((), bytes) = tokio::try_join!(read, put(&remote.sftp, &mut from, &joined))?;
    let wanted =
        files.iter().enumerate().map(|(number, file)| if number == 0 { file.bytes } else { file.bytes - file.head });
    if bytes != wanted.sum::<u64>() {
        return Err(Failure::value("the joined file is shorter than its parts"));
    }
    Ok(joined)
}
