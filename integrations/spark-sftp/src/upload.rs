//! A file that goes up while it is written: `std::io::Write` on this end, requests on the way on the other, and little in between.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use sftp::client::{Sftp, Status};
use sftp::file::{self, Source};
use tokio::io::AsyncRead;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::io::StreamReader;

use crate::failure::{Failure, Result};

/// Bytes that are handed over at once.
const PIECE: usize = 255 * 1024;
/// Pieces that wait for the network.
const WAITING: usize = 8;
/// How long the end of an upload that was given up is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file on its way. Dropped before [`Upload::finish`], it is removed at the server.
pub struct Upload {
    runtime: Handle,
    piece: BytesMut,
    pieces: Option<mpsc::Sender<io::Result<Bytes>>>,
    task: Option<JoinHandle<Result<u64>>>,
    bytes: u64,
    head: u64,
}

/// A file that has gone up.
#[derive(Debug, Clone, Copy)]
pub struct Uploaded {
    /// Its size.
    pub bytes: u64,
    /// How many of them are a beginning that only the first of joined files has.
    pub head: u64,
}

impl Upload {
    /// Begins. The file has its name when all of it is there.
    pub fn new(runtime: Handle, sftp: Sftp, path: PathBuf) -> Self {
        let (pieces, waiting) = mpsc::channel(WAITING);
        let task = runtime.spawn(async move {
            let next = |mut waiting: mpsc::Receiver<io::Result<Bytes>>| async move {
                waiting.recv().await.map(|piece| (piece, waiting))
            };
            let pieces = stream::unfold(waiting, next);
            let mut reader = StreamReader::new(Box::pin(pieces));
            put(&sftp, &mut reader, &path).await
        });
        Self {
            runtime,
            piece: BytesMut::with_capacity(PIECE),
            pieces: Some(pieces),
            task: Some(task),
            bytes: 0,
            head: 0,
        }
    }

    /// Bytes that were written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was written so far is a beginning that only the first of joined files has.
    pub fn head_ends(&mut self) {
        self.head = self.bytes;
    }

    fn send(&mut self) -> io::Result<()> {
        let piece = self.piece.split().freeze();
        self.piece.reserve(PIECE);
        match &self.pieces {
            Some(pieces) if pieces.blocking_send(Ok(piece)).is_ok() => Ok(()),
            // The other end knows why.
            _ => Err(io::Error::other(self.end().err().unwrap_or_else(|| Failure::value("the upload has ended")))),
        }
    }

    fn end(&mut self) -> Result<u64> {
        self.pieces = None;
        match self.task.take() {
            Some(task) => {
                self.runtime.block_on(task).map_err(|error| Failure::value(format!("a fault of ours: {error}")))?
            }
            None => Err(Failure::value("the upload has ended")),
        }
    }

    /// Ends it: the file is there, on the disk of servers that can promise it, and has its name.
    ///
    /// # Errors
    /// What the server says.
    pub fn finish(mut self) -> Result<Uploaded> {
        self.send()?;
        let bytes = self.end()?;
        Ok(Uploaded { bytes, head: self.head })
    }
}

/// Puts a file, whole or not at all. Answers its bytes.
///
/// # Errors
/// What the server says; where that is no reason, how much room it has.
pub async fn put(sftp: &Sftp, source: &mut (dyn AsyncRead + Send + Unpin), path: &Path) -> Result<u64> {
    let put =
        file::put(std::slice::from_ref(sftp), Source::Stream(source), path, file::Options::default(), |_| {}).await;
    let failed = match put {
        Ok(put) => return Ok(put.bytes),
        Err(failed) => failed,
    };
    let has_no_reason = matches!(&failed, file::Failed::There { error, .. } if error.is(Status::Failure));
    let failure = Failure::from(failed);
    let room = match path.parent() {
        Some(folder) if has_no_reason && sftp.features().statvfs => sftp.room(folder).await.ok(),
        _ => None,
    };
    Err(match room {
        Some(room) => {
            Failure { text: format!("{}, and has room for {room} bytes without this file", failure.text), ..failure }
        }
        None => failure,
    })
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (taken, _) = bytes.split_at_checked(PIECE - self.piece.len()).unwrap_or((bytes, &[]));
        self.piece.extend_from_slice(taken);
        if self.piece.len() == PIECE {
            self.send()?;
        }
        self.bytes += taken.len() as u64;
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        if let Some(pieces) = self.pieces.take() {
            let _ = pieces.blocking_send(Err(io::Error::other("it was given up")));
        }
        let _ = self.runtime.block_on(tokio::time::timeout(PATIENCE, task));
    }
}
