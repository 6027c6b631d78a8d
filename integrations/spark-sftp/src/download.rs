//! A part of a file that comes down while it is read: `std::io::Read` on this end, requests on the way on the other.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sftp::client::{Mode, Sftp};
use sftp::transfer::Lanes;
use sftp::wire::attributes::Attributes;
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::failure::{Failure, Result};

/// Bytes between the network and whoever reads.
const WAITING: usize = 2 * 1024 * 1024;
/// Bytes that are asked for at once behind the end of a part, for the line that begins in it.
const BEHIND: u64 = 64 * 1024;

/// A file at a server, without being open.
#[derive(Debug, Clone)]
pub struct Remotely {
    runtime: Handle,
    sftp: Sftp,
    path: PathBuf,
    size: u64,
}

impl Remotely {
    /// A file whose size is known.
    pub fn new(runtime: Handle, sftp: Sftp, path: &Path, size: u64) -> Self {
        Self { runtime, sftp, path: path.to_owned(), size }
    }

    /// Its bytes from an offset on, to another one; what is read behind that comes too, in small parts.
    pub fn part(&self, from: u64, until: u64) -> Download {
        Download { file: self.clone(), next: from, until: until.min(self.size), current: None }
    }

    /// All of it.
    pub fn whole(&self) -> Download {
        self.part(0, self.size)
    }

    /// Its size.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its runtime.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Opens it.
    ///
    /// # Errors
    /// What the server says.
    pub(crate) async fn lanes(&self) -> Result<Lanes> {
        let handle =
            self.sftp.open(&self.path, Mode::Read, &Attributes::default()).await.map_err(Failure::at(&self.path))?;
        Ok(Lanes::new((self.sftp.clone(), handle), []))
    }
}

/// Bytes on their way.
pub struct Download {
    file: Remotely,
    next: u64,
    until: u64,
    current: Option<(DuplexStream, JoinHandle<Result<()>>)>,
}

impl Download {
    /// Where the next byte stands in the file.
    pub fn position(&self) -> u64 {
        self.next
    }

    fn begin(&mut self) {
        // Behind its end, a part goes on in small steps.
        let until = if self.next < self.until { self.until } else { (self.next + BEHIND).min(self.file.size) };
        let (ours, mut theirs) = tokio::io::duplex(WAITING);
        let (file, from) = (self.file.clone(), self.next);
        let task = self.file.runtime.spawn(async move {
            let lanes = file.lanes().await?;
            let came = lanes.download((from, Some(until)), &mut theirs, |_| {}).await;
            let closed = lanes.close().await;
            came.map_err(|failure| Failure::from(failure).while_doing(&file.path.display().to_string()))?;
            closed.map_err(Failure::at(&file.path))
        });
        self.until = until;
        self.current = Some((ours, task));
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.next >= self.file.size || buffer.is_empty() {
                return Ok(0);
            }
            let Some((stream, _)) = &mut self.current else {
                self.begin();
                continue;
            };
            let read = self.file.runtime.block_on(stream.read(buffer))?;
            if read > 0 {
                self.next += read as u64;
                return Ok(read);
            }
            // What ends here ends because all came, or because of a failure, which only the other end knows.
            if let Some((_, task)) = self.current.take() {
                let ended = self.file.runtime.block_on(task).map_err(io::Error::other)?;
                ended.map_err(io::Error::other)?;
            }
        }
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        if let Some((_, task)) = self.current.take() {
            task.abort();
        }
    }
}
