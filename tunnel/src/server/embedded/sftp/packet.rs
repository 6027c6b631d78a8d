//! The parts of packets: draft-ietf-secsh-filexfer-02, sections 3 to 7.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use nix::errno::Errno;

/// Bytes of the longest packet, in both directions: OpenSSH's SFTP_MAX_MSG_LENGTH.
pub(super) const LONGEST: usize = 256 * 1024;

/// Why a request is not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The end of a file or a folder.
    End,
    /// The request cannot be read.
    Malformed,
    /// An operation that this server does not have.
    Unsupported,
    /// What the system said.
    System(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<Errno> for Failure {
    fn from(error: Errno) -> Self {
        Self::System(error.into())
    }
}

impl From<bytes::TryGetError> for Failure {
    fn from(_: bytes::TryGetError) -> Self {
        Self::Malformed
    }
}

impl Failure {
    /// The number of a status and its words, as OpenSSH's server assigns them.
    fn status(&self) -> (u32, &'static str) {
        match self {
            Self::End => (1, "End of file"),
            Self::Malformed => (5, "Bad message"),
            Self::Unsupported => (8, "Operation unsupported"),
            Self::System(error) => match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::ENOENT | Errno::ENOTDIR | Errno::EBADF | Errno::ELOOP) => (2, "No such file"),
                Some(Errno::EPERM | Errno::EACCES | Errno::EFAULT) => (3, "Permission denied"),
                Some(Errno::ENAMETOOLONG | Errno::EINVAL) => (5, "Bad message"),
                Some(Errno::ENOSYS) => (8, "Operation unsupported"),
                _ => (4, "Failure"),
            },
        }
    }
}

/// Reads a request.
#[derive(Debug)]
pub(super) struct Reader(Bytes);

impl Reader {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Failure> {
        Ok(self.0.try_get_u8()?)
    }

    pub(super) fn number(&mut self) -> Result<u32, Failure> {
        Ok(self.0.try_get_u32()?)
    }

    pub(super) fn long(&mut self) -> Result<u64, Failure> {
        Ok(self.0.try_get_u64()?)
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes, Failure> {
        let length = usize::try_from(self.number()?).map_err(|_| Failure::Malformed)?;
        if self.0.len() < length {
            return Err(Failure::Malformed);
        }
        Ok(self.0.split_to(length))
    }

    pub(super) fn path(&mut self) -> Result<PathBuf, Failure> {
        let bytes = self.bytes()?;
        if bytes.contains(&0) {
            return Err(Failure::Malformed);
        }
        Ok(PathBuf::from(OsStr::from_bytes(&bytes)))
    }
}

/// Begins a packet, whose length [`finish`] fills in. Answers where it is.
pub(super) fn begin(answers: &mut BytesMut, kind: u8, id: u32) -> usize {
    let start = answers.len();
    answers.put_u32(0);
    answers.put_u8(kind);
    answers.put_u32(id);
    start
}

/// Fills in the length of the packet that begins at `start`.
pub(super) fn finish(answers: &mut BytesMut, start: usize) {
    let length = u32::try_from(answers.len().saturating_sub(start + 4)).unwrap_or(u32::MAX);
    if let Some(place) = answers.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// Adds a string with its length.
pub(super) fn put_bytes(answers: &mut BytesMut, bytes: &[u8]) {
    answers.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    answers.put_slice(bytes);
}

/// Adds a name that stands for itself, as `realpath` and `readlink` answer: SSH_FXP_NAME with one name.
pub(super) fn put_path(answers: &mut BytesMut, path: &Path) {
    let bytes = path.as_os_str().as_bytes();
    answers.put_u32(1);
    put_bytes(answers, bytes);
    put_bytes(answers, bytes);
    answers.put_u32(0);
}

/// Adds a status: its number, its words, and no language.
pub(super) fn put_status(answers: &mut BytesMut, failure: Option<&Failure>) {
    let (number, words) = failure.map_or((0, "Success"), Failure::status);
    answers.put_u32(number);
    put_bytes(answers, words.as_bytes());
    put_bytes(answers, b"");
}
