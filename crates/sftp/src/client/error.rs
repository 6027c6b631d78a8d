//! What a request may come to.

use std::fmt;

use crate::wire::{Malformed, Reader, kind};

/// Characters of a server's words that are kept.
const WORDS: usize = 300;

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The server refuses it.
    #[error("{status}{}", said(.words))]
    Refused {
        /// Why, as a number of the protocol.
        status: Status,
        /// Why, in the server's words, without what would move a terminal's cursor.
        words: String,
    },
    /// There is no connection any more.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// The other end does not speak the protocol.
    #[error("the server does not speak SFTP: {0}")]
    Protocol(&'static str),
    /// Nothing more was to be asked: [`Sftp::until`](super::Sftp::until).
    #[error("stopped")]
    Stopped,
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(" ({words})") }
}

impl Error {
    pub(crate) fn lost(why: impl fmt::Display) -> Self {
        Self::Lost(why.to_string())
    }

    /// Whether the server refuses it for this reason.
    pub fn is(&self, wanted: Status) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == wanted)
    }
}

impl From<Malformed> for Error {
    fn from(_: Malformed) -> Self {
        Self::Protocol("a packet ends before its parts do")
    }
}

/// The reasons of a status: draft-ietf-secsh-filexfer-02, section 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Status {
    EndOfFile,
    NoSuchFile,
    PermissionDenied,
    Failure,
    BadMessage,
    NoConnection,
    ConnectionLost,
    Unsupported,
    /// One of later versions, or of the server's own.
    Other(u32),
}

impl From<u32> for Status {
    fn from(number: u32) -> Self {
        match number {
            1 => Self::EndOfFile,
            2 => Self::NoSuchFile,
            3 => Self::PermissionDenied,
            4 => Self::Failure,
            5 => Self::BadMessage,
            6 => Self::NoConnection,
            7 => Self::ConnectionLost,
            8 => Self::Unsupported,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndOfFile => "end of file",
            Self::NoSuchFile => "no such file or folder",
            Self::PermissionDenied => "permission denied",
            Self::Failure => "the server failed",
            Self::BadMessage => "the server calls the request malformed",
            Self::NoConnection | Self::ConnectionLost => "the server has lost its storage",
            Self::Unsupported => "the server cannot do that",
            Self::Other(number) => return write!(f, "the server failed with status {number}"),
        })
    }
}

/// A status as a result.
///
/// # Errors
/// When it is another one than success.
pub(super) fn done(reader: &mut Reader) -> Result<(), Error> {
    match reader.number()? {
        0 => Ok(()),
        number => {
            // Some servers leave out the words.
            let words = reader.bytes().unwrap_or_default();
            let words = String::from_utf8_lossy(&words);
            let words = words.trim().chars().filter(|letter| !letter.is_control()).take(WORDS).collect();
            Err(Error::Refused { status: number.into(), words })
        }
    }
}

/// What is to be read of an answer that should be of this kind.
///
/// # Errors
/// When it is a status, or of another kind.
pub(super) fn expect(kind: u8, wanted: u8, reader: &mut Reader) -> Result<(), Error> {
    match kind {
        kind if kind == wanted => Ok(()),
        kind::STATUS => Err(done(reader).err().unwrap_or(Error::Protocol("success instead of an answer"))),
        _ => Err(Error::Protocol("an answer of another kind than the request's")),
    }
}
