//! From here to there.

use std::io::SeekFrom;
use std::path::Path;
use std::time::UNIX_EPOCH;

use futures_util::future::OptionFuture;
use futures_util::join;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncSeekExt};

use super::{Carried, Failed, Options, mark_of, opened, part, random, same, split};
use crate::client::{Error, Handle, Mode, Sftp};
use crate::transfer::{Lanes, MOST_ON_THE_WAY};
use crate::wire::attributes::Attributes;

/// What is put.
pub enum Source<'a> {
    /// A file of this machine.
    File(&'a Path),
    /// What comes until it ends.
    Stream(&'a mut (dyn AsyncRead + Send + Unpin)),
}

/// Puts a file at its path there, through these channels. `carried` is told each number of bytes that has arrived.
///
/// # Errors
/// [`Failed`]: there is what was there before. What an earlier or this try wrote stays as a part where it can be gone on with, and
/// is removed otherwise, as far as the connection allows.
pub async fn put(
    channels: &[Sftp],
    source: Source<'_>,
    path: &Path,
    options: Options,
    carried: impl FnMut(u64) + Send,
) -> Result<Carried, Failed> {
    match source {
        Source::Stream(bytes) => stream(channels, bytes, path, options, carried).await,
        Source::File(local) => file(channels, local, path, options, carried).await,
    }
}

async fn stream(
    channels: &[Sftp],
    bytes: &mut (dyn AsyncRead + Send + Unpin),
    path: &Path,
    options: Options,
    carried: impl FnMut(u64) + Send,
) -> Result<Carried, Failed> {
    let (first, others) = split(channels, path)?;
    let part = part(path, &random());
    let made = first.open(&part, Mode::CreateNew, &Attributes::default()).await;
    let lanes = lanes(first, made.map_err(Failed::there(path))?, others, &part).await;
    let put = async {
        let sent = lanes.upload(0, bytes, carried).await;
        let bytes = sent.map_err(|failure| Failed::of(path, Path::new("the input"), failure))?;
        let was_absent = settle(&lanes, &part, path, bytes, None, options).await?;
        Ok(Carried { bytes, resumed: 0, was_absent })
    };
    // Nobody can say again what came.
    ended(&lanes, &part, Options { resume: false, ..options }, put.await).await
}

async fn file(
    channels: &[Sftp],
    local: &Path,
    path: &Path,
    options: Options,
    mut carried: impl FnMut(u64) + Send,
) -> Result<Carried, Failed> {
    let (first, others) = split(channels, path)?;
    let (here, there) = (Failed::here(local), Failed::there(path));
    let mut file = File::open(local).await.map_err(&here)?;
    let before = file.metadata().await.map_err(&here)?;
    if before.is_dir() {
        return Err(here(std::io::ErrorKind::IsADirectory.into()));
    }
    let seconds = |time: std::io::Result<std::time::SystemTime>| {
        time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |age| age.as_secs())
    };
    let (size, modified) = (before.len(), seconds(before.modified()));
    let mark = if options.resume { mark_of(size, modified) } else { random() };
    let part = part(path, &mark);
    let mode = std::os::unix::fs::PermissionsExt::mode(&before.permissions()) & 0o777;
    let new = Attributes { permissions: options.preserve.then_some(mode), ..Attributes::default() };
    let (handle, found) = match first.open(&part, Mode::CreateNew, &new).await {
        Ok(handle) => (handle, 0),
        // Servers say no more of a file that is there than that they failed.
        Err(error) if options.resume && matches!(error, Error::Refused { .. }) => {
            let found = first.stat(&part).await.map_err(|_| there(error))?.size.unwrap_or_default();
            (first.open(&part, Mode::Update, &Attributes::default()).await.map_err(&there)?, found)
        }
        Err(error) => return Err(there(error)),
    };
    // Behind the beginning that the server took, there may be gaps of what was on the way.
    let resumed = if found > size { 0 } else { found.saturating_sub(MOST_ON_THE_WAY) };
    let lanes = lanes(first, handle, others, &part).await;
    let put = async {
        file.seek(SeekFrom::Start(resumed)).await.map_err(&here)?;
        if found > size {
            lanes.set(&Attributes { size: Some(0), ..Attributes::default() }).await.map_err(&there)?;
        }
        carried(resumed);
        let sent = lanes.upload(resumed, &mut file, &mut carried).await;
        let bytes = sent.map_err(|failure| Failed::of(path, local, failure))?;
        let after = file.metadata().await.map_err(&here)?;
        if bytes != size || seconds(after.modified()) != modified {
            let what = format!("it had {size} bytes, and {bytes} were read");
            return Err(Failed::Changed { place: local.to_owned(), what });
        }
        if options.checksum {
            same::check(&lanes, path, &mut file, local, bytes).await?;
        }
        let time = u32::try_from(modified).unwrap_or(u32::MAX);
        let kept = Attributes { permissions: Some(mode), times: Some((time, time)), ..Attributes::default() };
        let was_absent = settle(&lanes, &part, path, bytes, options.preserve.then_some(kept), options).await?;
        Ok(Carried { bytes, resumed, was_absent })
    };
    ended(&lanes, &part, options, put.await).await
}

/// A part that the first channel has open, on the others too.
async fn lanes(first: &Sftp, handle: Handle, others: &[Sftp], part: &Path) -> Lanes {
    Lanes::new((first.clone(), handle), opened(others, part, Mode::Update).await)
}

/// After what failed, the file is closed and its part removed where it does not stay.
async fn ended(lanes: &Lanes, part: &Path, options: Options, put: Result<Carried, Failed>) -> Result<Carried, Failed> {
    let Err(failed) = put else { return put };
    lanes.let_go().await;
    if options.keeps_part(&failed) {
        return Err(failed.keeping(part));
    }
    let _ = lanes.first().regardless().remove(part).await;
    Err(failed)
}

/// All bytes are there: they are brought to the disk and get their name. Answers whether the name was free for a moment.
async fn settle(
    lanes: &Lanes,
    part: &Path,
    path: &Path,
    bytes: u64,
    kept: Option<Attributes>,
    options: Options,
) -> Result<bool, Failed> {
    let there = Failed::there(path);
    let kept: OptionFuture<_> = kept.as_ref().map(|kept| lanes.set(kept)).into();
    let synced: OptionFuture<_> = (!options.unsynced).then(|| lanes.fsync()).into();
    // Sent in this order, and done in it.
    let (kept, synced, like) = join!(kept, synced, lanes.attributes());
    for done in [kept, synced].into_iter().flatten() {
        done.map_err(&there)?;
    }
    let size = like.map_err(&there)?.size;
    lanes.close().await.map_err(&there)?;
    if size.is_some_and(|size| size != bytes) {
        return Err(Failed::Differs { place: path.to_owned() });
    }
    give_name(lanes.first(), part, path).await
}

/// Renames a part that is whole. Answers whether the name was free for a moment: a server that cannot rename over a file has the old
/// one removed.
///
/// # Errors
/// What the server says.
pub(super) async fn give_name(sftp: &Sftp, part: &Path, path: &Path) -> Result<bool, Failed> {
    let there = Failed::there(path);
    if sftp.features().posix_rename {
        return sftp.rename_over(part, path).await.map(|()| false).map_err(there);
    }
    let refused = match sftp.rename(part, path).await {
        Ok(()) => return Ok(false),
        Err(error) => error,
    };
    let is_in_the_way =
        matches!(refused, Error::Refused { .. }) && sftp.stat(path).await.is_ok_and(|old| old.is_file());
    if !is_in_the_way {
        return Err(there(refused));
    }
    sftp.remove(path).await.map_err(there)?;
    // From here on there is no way back.
    match sftp.regardless().rename(part, path).await {
        Ok(()) => Ok(true),
        Err(error) => Err(Failed::Unnamed { place: path.to_owned(), part: part.to_owned(), error }),
    }
}
