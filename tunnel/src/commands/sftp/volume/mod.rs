//! Files of Unity Catalog volumes, over the Files API, as a tree of the engine.

mod copy;
pub(super) mod path;

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use databricks::Client;
use databricks::api::files;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryFutureExt};
use sftp::client::Entry;
use sftp::file::{Failed, Incoming};
use sftp::tree::Side;
use sftp::wire::attributes::Attributes;
use tokio_util::sync::CancellationToken;

pub(super) use self::copy::{across, from_here, from_server, to_here, to_server};

/// Bytes of a file that is small: memory may hold as many as a tree carries at a time.
const SMALL: u64 = 1024 * 1024;

/// What a folder and a file are like: a volume keeps no modes.
const FOLDER: Attributes = Attributes { size: None, owner: None, permissions: Some(0o040_000), times: None };
const FILE: Attributes = Attributes { permissions: Some(0o100_000), ..FOLDER };

/// A tree of a volume.
pub(super) struct Volume {
    pub(super) client: Client,
    /// `/Volumes/CATALOG/SCHEMA/VOLUME`, or a folder or a file below it.
    pub(super) root: PathBuf,
    /// Once it is cancelled, nothing more is asked.
    pub(super) stop: CancellationToken,
}

fn failed(place: &Path, error: databricks::Error) -> Failed {
    let kind = match &error {
        error if error.is_not_found() => io::ErrorKind::NotFound,
        error if error.is_denied() || error.is_bad_token() => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    refused(place, kind, error)
}

fn refused(place: &Path, kind: io::ErrorKind, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failed {
    Failed::Here { place: place.to_owned(), error: io::Error::new(kind, why) }
}

impl Volume {
    /// A path of the tree, as one of the volume.
    pub(super) fn path(&self, below: &Path) -> PathBuf {
        if below.as_os_str().is_empty() { self.root.clone() } else { self.root.join(below) }
    }

    /// Does something with a path, which the API takes as text.
    async fn call<T, F: Future<Output = Result<T, databricks::Error>>>(
        &self,
        below: &Path,
        call: impl FnOnce(Client, String) -> F,
    ) -> Result<T, Failed> {
        let path = self.path(below);
        let text = path.to_str().ok_or_else(|| refused(&path, io::ErrorKind::InvalidInput, path::NO_UTF8))?;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Failed::stopped(&path)),
            done = call(self.client.clone(), text.to_owned()) => done.map_err(|error| failed(&path, error)),
        }
    }

    /// What a path is like; `None` where nothing is there.
    pub(super) async fn like(&self, below: &Path) -> Result<Option<Attributes>, Failed> {
        if !path::is_volume(&self.path(below))
            && let Some(info) =
                self.call(below, |client, path| async move { files::info(&client, &path).await }).await?
        {
            let times = info.modified_at().map(seconds).map(|time| (time, time));
            return Ok(Some(Attributes { size: u64::try_from(info.size).ok(), times, ..FILE }));
        }
        let is_folder =
            self.call(below, |client, path| async move { files::is_directory(&client, &path).await }).await?;
        Ok(is_folder.then_some(FOLDER))
    }

    /// A small file at once, which is asked for again where that was in vain; `None` where `size`, which was told of it, is not small.
    async fn small(&self, file: &Path, size: Option<u64>) -> Result<Option<Bytes>, Failed> {
        if size.is_none_or(|size| size > SMALL) {
            return Ok(None);
        }
        self.call(file, |client, path| async move { files::read(&client, &path).await }).await.map(Some)
    }

    /// A file as it comes. `size` is what was told of it.
    pub(super) async fn incoming(
        &self,
        file: &Path,
        size: Option<u64>,
    ) -> Result<Incoming<BoxStream<'static, io::Result<Bytes>>>, Failed> {
        let place = self.path(file);
        if let Some(all) = self.small(file, size).await? {
            return Ok(Incoming { place, size: Some(all.len() as u64), bytes: stream::iter([Ok(all)]).boxed() });
        }
        let answer = self.call(file, |client, path| async move { files::download(&client, &path).await }).await?;
        let told = answer.headers.get(http::header::CONTENT_LENGTH).and_then(|size| size.to_str().ok()?.parse().ok());
        let bytes = stream::try_unfold((answer, self.stop.clone()), |(mut answer, stop)| async move {
            let piece = tokio::select! {
                biased;
                () = stop.cancelled() => return Err(io::ErrorKind::Interrupted.into()),
                piece = answer.chunk().map_err(cut) => piece?,
            };
            Ok::<_, io::Error>(piece.map(|piece| (piece, (answer, stop))))
        });
        Ok(Incoming { place, size: told.or(size), bytes: bytes.boxed() })
    }
}

/// Why a file did not come to its end: nothing has been changed by that.
fn cut(error: databricks::Error) -> io::Error {
    match error {
        databricks::Error::Interrupted { reason, .. } => io::Error::other(format!("it was cut off: {reason}")),
        error => io::Error::other(error),
    }
}

impl Side for Volume {
    async fn list(&self, folder: &Path) -> Result<Option<Vec<Entry>>, Failed> {
        let entries = match self.call(folder, |client, path| async move { files::list(&client, &path).await }).await {
            Ok(entries) => entries,
            Err(Failed::Here { error, .. }) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(failed) => return Err(failed),
        };
        if entries.iter().any(|entry| matches!(&*entry.name, "" | "." | "..") || entry.name.contains('/')) {
            // It would be a path of its own choice, also in the folder that a tree is copied into.
            return Err(refused(&self.path(folder), io::ErrorKind::InvalidData, "an entry's name is no name"));
        }
        Ok(Some(entries.into_iter().map(entry).collect()))
    }

    async fn make_folder(&self, folder: &Path) -> Result<(), Failed> {
        self.call(folder, |client, path| async move { files::create_directory(&client, &path).await }).await
    }

    /// A volume keeps neither modes nor times.
    async fn settle_folder(&self, _: &Path, _: &Attributes) -> Result<(), Failed> {
        Ok(())
    }

    async fn remove(&self, file: &Path) -> Result<(), Failed> {
        self.call(file, |client, path| async move { files::delete(&client, &path).await }).await
    }

    async fn remove_folder(&self, folder: &Path) -> Result<(), Failed> {
        self.call(folder, |client, path| async move { files::delete_directory(&client, &path).await }).await
    }
}

fn entry(entry: files::DirectoryEntry) -> Entry {
    let modified = entry.last_modified.map(|time| u32::try_from(time / 1000).unwrap_or(u32::MAX));
    let times = modified.map(|time| (time, time));
    let like = if entry.is_directory { FOLDER } else { Attributes { size: entry.file_size, ..FILE } };
    Entry { name: entry.name.into(), attributes: Attributes { times, ..like } }
}

/// As a server would say it.
fn seconds(time: SystemTime) -> u32 {
    let age = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(age.as_secs()).unwrap_or(u32::MAX)
}
