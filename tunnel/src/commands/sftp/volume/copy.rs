//! A file into a volume and out of it, without a file of this machine in between.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use databricks::api::files::{self, Content};
use futures_util::{Stream, TryStreamExt, stream};
use sftp::client::Entry;
use sftp::file::{self, Carried, Failed, Options, Source};
use sftp::tree::{Here, There};
use tokio::io::AsyncWrite;
use tokio_util::io::StreamReader;
use tokio_util::sync::PollSender;

use super::{Volume, refused};

/// Pieces of a file that wait to be sent on.
const PIECES: usize = 16;
/// Bytes of a file that the Files API takes: 5 GiB.
const MOST: u64 = 5 << 30;

fn whole(bytes: u64) -> Carried {
    Carried { bytes, resumed: 0, was_absent: false }
}

/// What breaks a request off.
fn unread() -> io::Error {
    io::Error::other("the file could not be read to its end")
}

impl Volume {
    /// Says of a file that is too large that it is, before any of it is sent.
    fn takes(&self, file: &Path, size: u64) -> Result<(), Failed> {
        let what = || format!("{size} bytes are more than the 5 GiB that a file of a volume can have by the Files API");
        if size <= MOST { Ok(()) } else { Err(refused(&self.path(file), io::ErrorKind::FileTooLarge, what())) }
    }

    async fn upload(
        &self,
        file: &Path,
        size: u64,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Result<(), Failed> {
        self.call(file, |client, path| async move { files::upload(&client, &path, size, bytes).await }).await
    }
}

/// From this machine into a volume. What is lost or refused for a moment is sent again.
pub(in crate::commands::sftp) async fn from_here(
    here: &Here,
    volume: &Volume,
    file: &Path,
    carried: impl FnOnce(u64),
) -> Result<Carried, Failed> {
    let local = here.path(file);
    let unreadable = |error| Failed::Here { place: local.clone(), error };
    let before = tokio::fs::metadata(&local).await.map_err(unreadable)?;
    volume.takes(file, before.len())?;
    let content = Content::File(local.clone());
    volume.call(file, |client, path| async move { files::put(&client, &path, &content).await }).await?;
    let after = tokio::fs::metadata(&local).await.map_err(unreadable)?;
    let seen = |like: &std::fs::Metadata| (like.len(), like.modified().unwrap_or(SystemTime::UNIX_EPOCH));
    if seen(&before) != seen(&after) {
        return Err(Failed::Changed { place: local, what: "the volume has what was read".to_owned() });
    }
    carried(after.len());
    Ok(whole(after.len()))
}

/// From a volume to this machine, beside its place until all of it is there.
pub(in crate::commands::sftp) async fn to_here(
    volume: &Volume,
    here: &Here,
    (file, entry): (&Path, &Entry),
    options: Options,
    carried: impl FnMut(u64),
) -> Result<Carried, Failed> {
    volume.incoming(file, entry.attributes.size).await?.land(&here.path(file), options, carried).await
}

/// From one volume into another.
pub(in crate::commands::sftp) async fn across(
    from: &Volume,
    to: &Volume,
    (file, entry): (&Path, &Entry),
    carried: impl FnOnce(u64),
) -> Result<Carried, Failed> {
    if let Some(all) = from.small(file, entry.attributes.size).await? {
        let (size, content) = (all.len() as u64, Content::Bytes(all));
        to.call(file, |client, path| async move { files::put(&client, &path, &content).await }).await?;
        carried(size);
        return Ok(whole(size));
    }
    let incoming = from.incoming(file, entry.attributes.size).await?;
    let Some(size) = incoming.size else {
        let what = "its size was not told, and a volume needs it";
        return Err(refused(&incoming.place, io::ErrorKind::InvalidData, what));
    };
    to.takes(file, size)?;
    let (broken, why) = std::sync::mpsc::channel();
    let bytes = incoming.bytes.map_err(move |error| {
        let _ = broken.send(error);
        unread()
    });
    let uploaded = to.upload(file, size, bytes).await;
    // Of a request that breaks off, the end that broke says why.
    if let Ok(error) = why.try_recv() {
        return Err(Failed::here(&incoming.place)(error));
    }
    uploaded?;
    carried(size);
    Ok(whole(size))
}

/// From a server into a volume.
pub(in crate::commands::sftp) async fn from_server(
    there: &There,
    volume: &Volume,
    file: &Path,
    carried: impl FnMut(u64),
) -> Result<Carried, Failed> {
    let from = there.path(file);
    let refused = Failed::there(&from);
    let lanes = file::reader(there.channels(), &from).await?;
    let size = lanes.attributes().await.map_err(refused)?.size.unwrap_or_default();
    volume.takes(file, size)?;
    let (sender, mut receiver) = tokio::sync::mpsc::channel(PIECES);
    let body = stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let reading = async {
        let mut pipe = Pipe(PollSender::new(sender.clone()));
        let read = lanes.download((0, Some(size)), &mut pipe, carried).await;
        if read.is_err() {
            // Half a file is none: the request breaks off.
            let _ = sender.send(Err(unread())).await;
        }
        drop(sender);
        read
    };
    let (read, written) = tokio::join!(reading, volume.upload(file, size, body));
    lanes.let_go().await;
    match (read, written) {
        (Ok(bytes), Ok(())) => Ok(whole(bytes)),
        // Where nobody takes the bytes any more, the other end says why.
        (Err(sftp::transfer::Failure::Here(_)) | Ok(_), Err(failed)) => Err(failed),
        (Err(failure), _) => Err(Failed::of(&from, &volume.path(file), failure)),
    }
}

/// From a volume to a server.
pub(in crate::commands::sftp) async fn to_server(
    volume: &Volume,
    there: &There,
    (file, entry): (&Path, &Entry),
    options: Options,
    carried: impl FnMut(u64) + Send,
) -> Result<Carried, Failed> {
    let incoming = volume.incoming(file, entry.attributes.size).await?;
    let mut reader = StreamReader::new(incoming.bytes);
    let put = file::put(there.channels(), Source::Stream(&mut reader), &there.path(file), options, carried).await;
    put.map_err(|failed| match failed {
        // What is here of a stream is where it comes from.
        Failed::Here { error, .. } => Failed::Here { place: incoming.place, error },
        failed => failed,
    })
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
