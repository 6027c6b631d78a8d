//! The lines that begin in a part of a file: the one before belongs to whoever has the part before.

use std::io::{self, Read};

use crate::download::{Download, Remotely};
use crate::failure::Result;

/// Bytes that are read at once.
const BUFFER: usize = 128 * 1024;

/// Reads whole lines.
pub(super) struct Lines {
    bytes: Download,
    buffer: Vec<u8>,
    start: usize,
    /// Where the part ends. The line that the byte before belongs to is the last one.
    until: u64,
    is_over: bool,
}

impl Lines {
    /// Goes to the first line that begins at the offset or behind it.
    pub(super) fn new(file: &Remotely, from: u64, until: u64) -> Result<Self> {
        let bytes = file.part(from.saturating_sub(1), until);
        let mut lines = Self { bytes, buffer: Vec::new(), start: 0, until, is_over: false };
        while from > 0 && !lines.is_over {
            lines.is_over = !lines.fill()?;
            if let Some(end) = lines.buffer.iter().position(|byte| *byte == b'\n') {
                lines.start = end + 1;
                break;
            }
        }
        // A line that goes over the whole part begins in none.
        let first = lines.bytes.position() - (lines.buffer.len() - lines.start) as u64;
        lines.is_over |= first >= until;
        Ok(lines)
    }

    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.resize(BUFFER, 0);
        let read = self.bytes.read(&mut self.buffer)?;
        self.buffer.truncate(read);
        self.start = 0;
        Ok(read > 0)
    }
}

impl Read for Lines {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.is_over || (self.start == self.buffer.len() && !self.fill()?) {
            self.is_over = true;
            return Ok(0);
        }
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        let position = self.bytes.position() - rest.len() as u64;
        // The first end of a line at the last byte of the part, or behind it, is the end.
        let last = usize::try_from((self.until - 1).saturating_sub(position)).unwrap_or(usize::MAX);
        let end =
            rest.get(last..).and_then(|behind| behind.iter().position(|byte| *byte == b'\n')).map(|end| last + end + 1);
        let length = end.unwrap_or(rest.len()).min(into.len());
        if let (Some(into), Some(rest)) = (into.get_mut(..length), rest.get(..length)) {
            into.copy_from_slice(rest);
        }
        self.start += length;
        self.is_over = end == Some(length);
        Ok(length)
    }
}
