//! Parquet's view of a file: chunks of columns, of which each is read in order and all of them in turns.
//!
//! A page's head is as short as twenty bytes, so that asking for each page by itself would wait for the network twice a page. What is
//! fetched is a window on a chunk: a megabyte of it, and no byte behind its end.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes, BytesMut};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use sftp::transfer::Lanes;

use crate::download::Remotely;
use crate::failure::{Failure, Result};

/// Bytes of a window at most, and at least where there are many columns.
const WINDOW: Range<u64> = 64 * 1024..1024 * 1024;
/// Bytes of all windows.
const WINDOWS: u64 = 16 * 1024 * 1024;

/// A file, open for as long as this lives.
pub(crate) struct Chunks(Arc<Inner>);

struct Inner {
    file: Remotely,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lanes: Option<Lanes>,
    /// What is read in order.
    chunks: Vec<Range<u64>>,
    /// How many of them are read in turns.
    columns: usize,
    windows: VecDeque<Window>,
}

/// Bytes of a file from an offset on.
struct Window {
    start: u64,
    bytes: Bytes,
}

impl Window {
    /// What it has from an offset on: nothing where that is not in it.
    fn from(&self, offset: u64) -> Bytes {
        let skipped = offset.checked_sub(self.start).and_then(|skipped| usize::try_from(skipped).ok());
        skipped
            .filter(|skipped| *skipped < self.bytes.len())
            .map(|skipped| self.bytes.slice(skipped..))
            .unwrap_or_default()
    }
}

impl Chunks {
    pub(crate) fn new(file: Remotely) -> Self {
        Self(Arc::new(Inner { file, state: Mutex::default() }))
    }

    /// What will be read in order, and how many columns in turns.
    pub(crate) fn plan(&self, chunks: Vec<Range<u64>>, columns: usize) {
        let mut state = self.0.state();
        (state.chunks, state.columns) = (chunks, columns);
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes from an offset on: as many as are at hand, and at least `wanted` if the file has them.
    fn bytes(&self, offset: u64, wanted: usize) -> Result<Bytes> {
        let mut state = self.state();
        let found = state.windows.iter().map(|window| window.from(offset)).max_by_key(Bytes::len).unwrap_or_default();
        let wanted = (self.file.size().saturating_sub(offset)).min(wanted as u64);
        if found.len() as u64 >= wanted {
            return Ok(found);
        }
        let start = offset + found.len() as u64;
        let chunk = state.chunk(start);
        let end = state.end(start, &chunk).max(offset + wanted);
        let fetched = self.fetch(&mut state, start..end)?;
        let mut bytes = BytesMut::with_capacity(found.len() + fetched.len());
        bytes.extend_from_slice(&found);
        bytes.extend_from_slice(&fetched);
        let bytes = bytes.freeze();
        // One for each chunk that is being read; of those that are done, the oldest goes.
        state.windows.retain(|window| !chunk.contains(&window.start));
        while state.windows.len() > state.columns {
            state.windows.pop_front();
        }
        state.windows.push_back(Window { start: offset, bytes: bytes.clone() });
        Ok(bytes)
    }

    fn fetch(&self, state: &mut State, bytes: Range<u64>) -> Result<Bytes> {
        self.file.runtime().block_on(async {
            let lanes = match state.lanes.take() {
                Some(lanes) => lanes,
                None => self.file.lanes().await?,
            };
            let mut fetched = Vec::new();
            let came = lanes.download((bytes.start, Some(bytes.end)), &mut fetched, |_| {}).await;
            state.lanes = Some(lanes);
            came.map_err(|failure| Failure::from(failure).while_doing(&self.file.path().display().to_string()))?;
            Ok(Bytes::from(fetched))
        })
    }
}

impl State {
    /// The chunk of an offset; where it is in none, nothing.
    fn chunk(&self, offset: u64) -> Range<u64> {
        self.chunks.iter().find(|chunk| chunk.contains(&offset)).cloned().unwrap_or(offset..offset)
    }

    /// Where a window of a chunk ends.
    fn end(&self, start: u64, chunk: &Range<u64>) -> u64 {
        let size = (WINDOWS / self.columns.max(1) as u64).clamp(WINDOW.start, WINDOW.end);
        chunk.end.min(start.saturating_add(size))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(lanes) = self.state().lanes.take() {
            self.file.runtime().spawn(async move { lanes.close().await });
        }
    }
}

/// Bytes from an offset on, one after the other.
pub(crate) struct Ahead {
    file: Arc<Inner>,
    offset: u64,
    bytes: Bytes,
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() && !buffer.is_empty() {
            self.bytes = self.file.bytes(self.offset, buffer.len()).map_err(io::Error::other)?;
            self.offset += self.bytes.len() as u64;
        }
        let length = buffer.len().min(self.bytes.len());
        self.bytes.copy_to_slice(buffer.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.file.size()
    }
}

impl ChunkReader for Chunks {
    type T = Ahead;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Ahead> {
        Ok(Ahead { file: Arc::clone(&self.0), offset: start, bytes: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let mut bytes = self.0.bytes(start, length).map_err(|failure| ParquetError::External(Box::new(failure)))?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!("{} ends within a page", self.0.file.path().display())));
        }
        bytes.truncate(length);
        Ok(bytes)
    }
}
