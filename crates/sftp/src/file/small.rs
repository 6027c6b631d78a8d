//! Files that fit into one packet: few requests, of which those that need no answer of each other are sent together. Many such files
//! are on the way at a time, so that their number costs no round trips.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use futures_util::future::OptionFuture;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::get::keep;
use super::put::give_name;
use super::{Carried, Failed, Options, part, random};
use crate::client::{Mode, Sftp};
use crate::wire::attributes::Attributes;

/// Puts a file through one channel, if it fits into one packet; `None` where it does not, and nothing has been done.
///
/// # Errors
/// [`Failed`]: there is what was there before.
pub async fn put_small(sftp: &Sftp, local: &Path, path: &Path, options: Options) -> Result<Option<Carried>, Failed> {
    let most = sftp.features().limits.write;
    let source = local.to_owned();
    let Some((bytes, like)) = blocking(move || read(&source, most)).await.map_err(Failed::here(local))? else {
        return Ok(None);
    };
    let there = Failed::there(path);
    // A write that waited would be overtaken by what closes the file.
    sftp.paced(bytes.len() as u64).await.map_err(&there)?;
    let sftp = &sftp.unlimited();
    let part = part(path, &random());
    let new =
        Attributes { permissions: options.preserve.then_some(like.permissions).flatten(), ..Attributes::default() };
    let handle = sftp.open(&part, Mode::CreateNew, &new).await.map_err(&there)?;
    let put = async {
        let written: OptionFuture<_> = (!bytes.is_empty()).then(|| sftp.write(&handle, 0, &bytes)).into();
        let kept: OptionFuture<_> = options.preserve.then(|| sftp.set_open(&handle, &like)).into();
        let is_synced = !options.unsynced && sftp.features().fsync;
        let synced: OptionFuture<_> = is_synced.then(|| sftp.fsync(&handle)).into();
        // Sent in this order, and done in it.
        let (written, kept, synced, closed) = futures_util::join!(written, kept, synced, sftp.close(&handle));
        for done in [written, kept, synced, Some(closed)].into_iter().flatten() {
            done.map_err(&there)?;
        }
        give_name(sftp, &part, path).await
    };
    match put.await {
        Ok(was_absent) => Ok(Some(Carried { bytes: bytes.len() as u64, resumed: 0, was_absent })),
        Err(failed) => {
            if !options.keeps_part(&failed) {
                let _ = sftp.regardless().remove(&part).await;
            }
            Err(failed)
        }
    }
}

/// Gets a file through one channel, if one answer has all of it; `None` where none has, and nothing has been done. `size` is what it
/// was said to have.
///
/// # Errors
/// [`Failed`]: here is what was here before.
pub async fn get_small(
    sftp: &Sftp,
    (path, size): (&Path, u64),
    local: &Path,
    options: Options,
) -> Result<Option<Carried>, Failed> {
    let there = Failed::there(path);
    sftp.paced(size).await.map_err(&there)?;
    let handle = sftp.open(path, Mode::Read, &Attributes::default()).await.map_err(&there)?;
    let most = sftp.features().limits.read;
    let sftp = &sftp.unlimited();
    let (bytes, like, closed) =
        futures_util::join!(sftp.read(&handle, 0, most), sftp.fstat(&handle), sftp.close(&handle));
    let (bytes, like) = (bytes.map_err(&there)?, like.map_err(&there)?);
    closed.map_err(&there)?;
    let length = bytes.len() as u64;
    if like.size != Some(length) {
        return Ok(None);
    }
    let kept = options.preserve.then_some(like);
    let destination = local.to_owned();
    blocking(move || write(&destination, &bytes, kept, options)).await.map_err(Failed::here(local))?;
    Ok(Some(Carried { bytes: length, resumed: 0, was_absent: false }))
}

/// What a file here has, and what it is like; `None` if it has more than `most` bytes.
fn read(local: &Path, most: u32) -> io::Result<Option<(Bytes, Attributes)>> {
    let mut file = File::open(local)?;
    let like = file.metadata()?;
    if like.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if like.len() > most.into() {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(like.len() + 1).unwrap_or_default());
    (&mut file).take(u64::from(most) + 1).read_to_end(&mut bytes)?;
    // It grows while it is read: that takes more than a look.
    if bytes.len() as u64 != like.len() {
        return Ok(None);
    }
    let modified = like.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let seconds = modified.map_or(0, |age| u32::try_from(age.as_secs()).unwrap_or(u32::MAX));
    let mode = std::os::unix::fs::PermissionsExt::mode(&like.permissions()) & 0o777;
    let like = Attributes { permissions: Some(mode), times: Some((seconds, seconds)), ..Attributes::default() };
    Ok(Some((bytes.into(), like)))
}

/// Writes a file here, whole or not at all.
fn write(local: &Path, bytes: &[u8], kept: Option<Attributes>, options: Options) -> io::Result<()> {
    let part: PathBuf = part(local, &random());
    let written = OpenOptions::new().write(true).create_new(true).open(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        if !options.unsynced {
            file.sync_all()?;
        }
        if let Some(kept) = kept {
            keep(&file, &kept)?;
        }
        std::fs::rename(&part, local)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// Files of this machine that are read or written at a time: with more threads each of them is slower.
static HANDS: Semaphore = Semaphore::const_new(16);

/// Does what waits for a disk where nobody else waits for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    let _hand = HANDS.acquire().await.map_err(io::Error::other)?;
    spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
