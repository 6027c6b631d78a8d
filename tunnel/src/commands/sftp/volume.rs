//! Files of Unity Catalog volumes, over the Files API: as a tree of the engine, and to and from servers without a file of this machine.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use databricks::Client;
use databricks::api::files;
use futures_util::stream;
use sftp::client::Entry;
use sftp::file::{self, Carried, Failed, Options, Source};
use sftp::tree::{Copy, Side, There};
use sftp::wire::attributes::Attributes;
use tokio::io::AsyncWrite;
use tokio_util::io::StreamReader;
use tokio_util::sync::PollSender;

/// Pieces of a file that wait to be sent on.
const PIECES: usize = 16;

/// A tree of a volume.
pub(super) struct Volume {
    pub(super) client: Client,
    /// `/Volumes/CATALOG/SCHEMA/VOLUME`, or a folder or a file below it.
    pub(super) root: PathBuf,
}

/// Whether a path is one of a volume.
pub(super) fn is_of_volume(path: &[u8]) -> bool {
    path.starts_with(b"/Volumes/")
}

fn failed(place: &Path, error: databricks::Error) -> Failed {
    let kind = match &error {
        error if error.is_not_found() => io::ErrorKind::NotFound,
        error if error.is_denied() => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    Failed::Here { place: place.to_owned(), error: io::Error::new(kind, error) }
}

impl Volume {
    fn path(&self, below: &Path) -> PathBuf {
        if below.as_os_str().is_empty() { self.root.clone() } else { self.root.join(below) }
    }

    /// Does something with a path, which the API takes as text.
    async fn call<T, F: Future<Output = Result<T, databricks::Error>>>(
        &self,
        below: &Path,
        call: impl FnOnce(Client, String) -> F,
    ) -> Result<T, Failed> {
        let path = self.path(below);
        let Some(text) = path.to_str() else {
            let error =
                io::Error::new(io::ErrorKind::InvalidInput, "its name is no UTF-8, and a volume has no other names");
            return Err(Failed::Here { place: path, error });
        };
        call(self.client.clone(), text.to_owned()).await.map_err(|error| failed(&path, error))
    }
}

impl Side for Volume {
    async fn list(&self, folder: &Path) -> Result<Option<Vec<Entry>>, Failed> {
        match self.call(folder, |client, path| async move { files::list(&client, &path).await }).await {
            Ok(entries) => Ok(Some(entries.into_iter().map(entry).collect())),
            Err(Failed::Here { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(failed) => Err(failed),
        }
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
    let kind = if entry.is_directory { 0o040_755 } else { 0o100_644 };
    Entry {
        name: entry.name.into(),
        attributes: Attributes {
            size: entry.file_size,
            permissions: Some(kind),
            times: modified.map(|time| (time, time)),
            ..Attributes::default()
        },
    }
}

/// From a server into a volume.
pub(super) struct IntoVolume<'a, F> {
    pub(super) there: &'a There,
    pub(super) volume: &'a Volume,
    pub(super) carried: Mutex<F>,
}

/// From a volume to a server.
pub(super) struct OutOfVolume<'a, F> {
    pub(super) volume: &'a Volume,
    pub(super) there: &'a There,
    pub(super) options: Options,
    pub(super) carried: Mutex<F>,
}

fn tell(carried: &Mutex<impl FnMut(u64)>, more: u64) {
    (carried.lock().unwrap_or_else(PoisonError::into_inner))(more);
}

impl<F: FnMut(u64) + Send> Copy for IntoVolume<'_, F> {
    async fn copy(&self, file: &Path, _: &Entry) -> Result<Carried, Failed> {
        let from = self.there.path(file);
        let there = |error| Failed::There { place: from.clone(), error };
        let lanes = file::reader(self.there.channels(), &from).await?;
        let size = lanes.attributes().await.map_err(there)?.size.unwrap_or_default();
        let (sender, mut receiver) = tokio::sync::mpsc::channel(PIECES);
        let body = stream::poll_fn(move |cx| receiver.poll_recv(cx));
        let reading = async {
            let mut pipe = Pipe(PollSender::new(sender.clone()));
            let read = lanes.download((0, Some(size)), &mut pipe, |more| tell(&self.carried, more)).await;
            if read.is_err() {
                // Half a file is none: the request breaks off.
                let _ = sender.send(Err(io::Error::other("the file could not be read to its end"))).await;
            }
            drop(sender);
            read
        };
        let writing =
            self.volume.call(file, |client, path| async move { files::upload(&client, &path, size, body).await });
        let (read, written) = tokio::join!(reading, writing);
        match (read, written) {
            (Ok(bytes), Ok(())) => {
                lanes.close().await.map_err(there)?;
                Ok(Carried { bytes, resumed: 0, was_absent: false })
            }
            // Where nobody takes the bytes any more, the other end says why.
            (Err(sftp::transfer::Failure::Here(_)) | Ok(_), Err(failed)) => Err(failed),
            (Err(failure), _) => Err(Failed::of(&from, &self.volume.path(file), failure)),
        }
    }
}

impl<F: FnMut(u64) + Send> Copy for OutOfVolume<'_, F> {
    async fn copy(&self, file: &Path, _: &Entry) -> Result<Carried, Failed> {
        let to = self.there.path(file);
        let answer =
            self.volume.call(file, |client, path| async move { files::download(&client, &path).await }).await?;
        let pieces = stream::try_unfold(answer, |mut answer| async move {
            let piece = answer.chunk().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>(piece.map(|piece| (piece, answer)))
        });
        let mut reader = Box::pin(StreamReader::new(pieces));
        let told = |more: u64| tell(&self.carried, more);
        file::put(self.there.channels(), Source::Stream(&mut reader), &to, self.options, told).await
    }
}

/// What is written to it goes on as pieces.
struct Pipe(PollSender<io::Result<Bytes>>);

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        ready!(self.0.poll_reserve(cx)).map_err(gone)?;
        self.0.send_item(Ok(Bytes::copy_from_slice(bytes))).map_err(gone)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
