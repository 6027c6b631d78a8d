//! Whether two files are the same, byte for byte.

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncSeekExt, AsyncWrite, ReadBuf};

use super::Failed;
use crate::transfer::Lanes;

/// Reads the file there once more and compares it with the one here.
///
/// # Errors
/// When it is another one, or cannot be read.
pub(super) async fn check(lanes: &Lanes, path: &Path, file: &mut File, local: &Path, size: u64) -> Result<(), Failed> {
    file.rewind().await.map_err(Failed::here(local))?;
    let mut same = Same { file, differs: false };
    let read = lanes.download((0, Some(size)), &mut same, |_| {}).await;
    read.map_err(|failure| Failed::of(path, local, failure))?;
    if same.differs { Err(Failed::Differs { place: path.to_owned() }) } else { Ok(()) }
}

/// Compares what is written to it with a file.
struct Same<'a> {
    file: &'a mut File,
    differs: bool,
}

impl AsyncWrite for Same<'_> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let mut buffer = vec![0; bytes.len()];
        let mut read = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut *self.file).poll_read(cx, &mut read))?;
        let filled = read.filled();
        self.differs |= filled.is_empty() || !bytes.starts_with(filled);
        // The first difference decides: the rest is only taken.
        Poll::Ready(Ok(if self.differs { bytes.len() } else { filled.len() }))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
