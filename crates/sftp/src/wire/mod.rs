//! Packets of SFTP version 3: draft-ietf-secsh-filexfer-02. A name is bytes, as it is on the file systems of both ends.

pub mod attributes;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The version of the protocol: the one that all servers speak.
pub const VERSION: u32 = 3;
/// Bytes of the longest packet, in both directions: OpenSSH's SFTP_MAX_MSG_LENGTH.
pub const LONGEST: usize = 256 * 1024;

/// The kinds of packets: section 3.
pub mod kind {
    #![allow(missing_docs)]
    pub const INIT: u8 = 1;
    pub const VERSION: u8 = 2;
    pub const OPEN: u8 = 3;
    pub const CLOSE: u8 = 4;
    pub const READ: u8 = 5;
    pub const WRITE: u8 = 6;
    pub const LSTAT: u8 = 7;
    pub const FSTAT: u8 = 8;
    pub const SETSTAT: u8 = 9;
    pub const FSETSTAT: u8 = 10;
    pub const OPENDIR: u8 = 11;
    pub const READDIR: u8 = 12;
    pub const REMOVE: u8 = 13;
    pub const MKDIR: u8 = 14;
    pub const RMDIR: u8 = 15;
    pub const REALPATH: u8 = 16;
    pub const STAT: u8 = 17;
    pub const RENAME: u8 = 18;
    pub const READLINK: u8 = 19;
    pub const SYMLINK: u8 = 20;
    pub const STATUS: u8 = 101;
    pub const HANDLE: u8 = 102;
    pub const DATA: u8 = 103;
    pub const NAME: u8 = 104;
    pub const ATTRIBUTES: u8 = 105;
    pub const EXTENDED: u8 = 200;
    pub const EXTENDED_REPLY: u8 = 201;
}

/// What is not the packet that it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a malformed SFTP packet")]
pub struct Malformed;

impl From<bytes::TryGetError> for Malformed {
    fn from(_: bytes::TryGetError) -> Self {
        Self
    }
}

/// Reads the parts of a packet.
#[derive(Debug)]
pub struct Reader(Bytes);

impl Reader {
    /// Reads a packet without its length.
    pub fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// Whether there is nothing left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    ///
    /// # Errors
    /// At the end, as all others.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.0.try_get_u8()?)
    }

    /// A number of 32 bits.
    ///
    /// # Errors
    /// At the end.
    pub fn number(&mut self) -> Result<u32, Malformed> {
        Ok(self.0.try_get_u32()?)
    }

    /// A number of 64 bits.
    ///
    /// # Errors
    /// At the end.
    pub fn long(&mut self) -> Result<u64, Malformed> {
        Ok(self.0.try_get_u64()?)
    }

    /// A string: its length, then its bytes.
    ///
    /// # Errors
    /// When it is longer than the packet.
    pub fn bytes(&mut self) -> Result<Bytes, Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        if self.0.len() < length {
            return Err(Malformed);
        }
        Ok(self.0.split_to(length))
    }

    /// A string that is a path.
    ///
    /// # Errors
    /// When it has a byte of 0, which no path has.
    pub fn path(&mut self) -> Result<PathBuf, Malformed> {
        let bytes = self.bytes()?;
        if bytes.contains(&0) {
            return Err(Malformed);
        }
        Ok(PathBuf::from(OsStr::from_bytes(&bytes)))
    }
}

/// Begins a packet, whose length [`finish`] fills in. Answers where it is. What has no id, has the version there.
pub fn begin(packets: &mut BytesMut, kind: u8, id: u32) -> usize {
    let start = packets.len();
    packets.put_u32(0);
    packets.put_u8(kind);
    packets.put_u32(id);
    start
}

/// Fills in the length of the packet that begins at `start`.
pub fn finish(packets: &mut BytesMut, start: usize) {
    let length = u32::try_from(packets.len().saturating_sub(start + 4)).unwrap_or(u32::MAX);
    if let Some(place) = packets.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// Adds a string with its length.
pub fn put_bytes(packets: &mut BytesMut, bytes: &[u8]) {
    packets.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    packets.put_slice(bytes);
}

/// Adds a path.
pub fn put_path(packets: &mut BytesMut, path: &Path) {
    put_bytes(packets, path.as_os_str().as_bytes());
}

/// What has arrived so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrived {
    /// A packet, without its length.
    Packet(Bytes),
    /// Not yet a whole one.
    Incomplete,
    /// No packet at all: it says that it is empty, or longer than any.
    Wrong,
}

/// Takes a packet off what has arrived.
pub fn take(arrived: &mut BytesMut) -> Arrived {
    let Ok(length) = arrived.as_ref().try_get_u32() else { return Arrived::Incomplete };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length == 0 || length > LONGEST {
        return Arrived::Wrong;
    }
    if arrived.len() < 4 + length {
        return Arrived::Incomplete;
    }
    arrived.advance(4);
    Arrived::Packet(arrived.split_to(length).freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_taken_off_when_they_are_complete() {
        let check =
            |bytes: &[u8], expected: Arrived| assert_eq!(take(&mut BytesMut::from(bytes)), expected, "{bytes:?}");
        check(&[0, 0], Arrived::Incomplete);
        check(&[0, 0, 0, 2, 7], Arrived::Incomplete);
        check(&[0, 0, 0, 2, 7, 8, 9], Arrived::Packet(Bytes::from_static(&[7, 8])));
        check(&[0, 0, 0, 0], Arrived::Wrong);
        check(&[0xff, 0, 0, 0, 1], Arrived::Wrong);
    }

    #[test]
    fn a_string_ends_with_its_packet() {
        let mut packet = BytesMut::new();
        let start = begin(&mut packet, kind::REMOVE, 7);
        put_path(&mut packet, Path::new(OsStr::from_bytes(b"caf\xe9")));
        finish(&mut packet, start);
        assert_eq!(packet.len(), 4 + 5 + 4 + 4);
        let Arrived::Packet(bytes) = take(&mut packet) else { panic!("no packet") };
        let mut reader = Reader::new(bytes);
        assert_eq!((reader.byte(), reader.number()), (Ok(kind::REMOVE), Ok(7)));
        assert_eq!(reader.path().unwrap().as_os_str().as_bytes(), b"caf\xe9");
        assert!(reader.is_empty() && reader.byte() == Err(Malformed));
        let lies = Reader::new(Bytes::from_static(&[0, 0, 0, 9, 1])).bytes();
        assert_eq!(lies, Err(Malformed));
        assert_eq!(Reader::new(Bytes::from_static(&[0, 0, 0, 1, 0])).path(), Err(Malformed));
    }
}
