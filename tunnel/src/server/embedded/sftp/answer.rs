//! Answers that several requests have, and why one is not done.

use std::io;
use std::path::Path;

use bytes::{BufMut, BytesMut};
use nix::errno::Errno;
use sftp::wire::attributes::Attributes;
use sftp::wire::{Malformed, put_bytes, put_path};

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

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Self {
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

/// Adds a name that stands for itself, as `realpath` and `readlink` answer: SSH_FXP_NAME with one name.
pub(super) fn put_name(answers: &mut BytesMut, path: &Path) {
    answers.put_u32(1);
    put_path(answers, path);
    put_path(answers, path);
    Attributes::default().put(answers);
}

/// Adds a status: its number, its words, and no language.
pub(super) fn put_status(answers: &mut BytesMut, failure: Option<&Failure>) {
    let (number, words) = failure.map_or((0, "Success"), Failure::status);
    answers.put_u32(number);
    put_bytes(answers, words.as_bytes());
    put_bytes(answers, b"");
}
