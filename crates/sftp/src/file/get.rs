//! From there to here.

use std::fs::FileTimes;
use std::io::{self, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::{Carried, Failed, Options, mark_of, part, reader, same};
use crate::client::Sftp;
use crate::wire::attributes::Attributes;

/// Gets a file to its path here, through these channels. `carried` is told each number of bytes that has arrived.
///
/// # Errors
/// [`Failed`]: here is what was here before. What this try wrote stays as a part where it can be gone on with, and is removed
/// otherwise.
pub async fn get(
    channels: &[Sftp],
    path: &Path,
    local: &Path,
    options: Options,
    mut carried: impl FnMut(u64) + Send,
) -> Result<Carried, Failed> {
    let (here, there) = (Failed::here(local), Failed::there(path));
    let lanes = reader(channels, path).await?;
    let before = lanes.attributes().await.map_err(&there)?;
    let mark = match (options.resume, before.size, before.times) {
        (true, Some(size), Some((_, modified))) => mark_of(size, modified.into()),
        _ => format!("{:x}", std::process::id()),
    };
    let part = part(local, &mark);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(!options.resume).open(&part).await.map_err(&here)?;
    let got = async {
        // What is here was written in order.
        let found = file.metadata().await.map_err(&here)?.len();
        let resumed = if before.size.is_some_and(|size| found <= size) { found } else { 0 };
        file.set_len(resumed).await.map_err(&here)?;
        file.seek(SeekFrom::Start(resumed)).await.map_err(&here)?;
        carried(resumed);
        let came = lanes.download((resumed, before.size), &mut file, &mut carried).await;
        let bytes = came.map_err(|failure| Failed::of(path, local, failure))?;
        file.flush().await.map_err(&here)?;
        let after = lanes.attributes().await.map_err(&there)?;
        if (after.size, after.times.map(|times| times.1)) != (before.size, before.times.map(|times| times.1)) {
            return Err(Failed::Changed {
                place: path.to_owned(),
                what: "its size or time is another one now".to_owned(),
            });
        }
        if options.checksum {
            let mut written = File::open(&part).await.map_err(&here)?;
            same::check(&lanes, path, &mut written, local, bytes).await?;
        }
        settle(file, &part, local, options.preserve.then_some(before), options).await.map_err(&here)?;
        Ok(Carried { bytes, resumed, was_absent: false })
    };
    let got = got.await;
    lanes.let_go().await;
    let Err(failed) = got else { return got };
    if options.keeps_part(&failed) {
        return Err(failed.keeping(&part));
    }
    let _ = fs::remove_file(&part).await;
    Err(failed)
}

/// All bytes are here: they are brought to the disk, where that is wanted, and get their name.
pub(super) async fn settle(
    file: File,
    part: &Path,
    local: &Path,
    kept: Option<Attributes>,
    options: Options,
) -> io::Result<()> {
    if !options.unsynced {
        file.sync_all().await?;
    }
    if let Some(kept) = kept {
        keep(&file.into_std().await, &kept)?;
    }
    fs::rename(part, local).await
}

/// Has a file here have the mode and the times of one there.
pub(super) fn keep(file: &std::fs::File, kept: &Attributes) -> io::Result<()> {
    if let Some(mode) = kept.permissions {
        file.set_permissions(std::fs::Permissions::from_mode(mode & 0o777))?;
    }
    if let Some((accessed, modified)) = kept.times {
        let time = |seconds: u32| UNIX_EPOCH + Duration::from_secs(seconds.into());
        file.set_times(FileTimes::new().set_accessed(time(accessed)).set_modified(time(modified)))?;
    }
    Ok(())
}
