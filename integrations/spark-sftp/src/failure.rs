//! What went wrong, as people read it in Spark, and as Python catches it.

use std::path::Path;

use pyo3::PyErr;
use pyo3::exceptions::{
    PyConnectionError, PyFileExistsError, PyFileNotFoundError, PyOSError, PyPermissionError, PyValueError,
};
use sftp::client::{Error, Status};
use sftp::{file, ssh, transfer};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Failure>;

/// Why something is not done: the thing, the reason, and the way out where there is one. It never has a secret in it.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// Which exception of Python it becomes.
    pub kind: Kind,
    /// The words.
    pub text: String,
}

/// What Python catches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `ValueError`: an option, or data that the format cannot hold.
    Value,
    /// `ConnectionError`: there is no connection, or no longer.
    Connection,
    /// `FileNotFoundError`.
    Missing,
    /// `FileExistsError`.
    Exists,
    /// `PermissionError`.
    Permission,
    /// `OSError`: what else a server refuses.
    Refused,
}

impl Failure {
    /// An option or data that cannot be used.
    pub fn value(text: impl Into<String>) -> Self {
        Self { kind: Kind::Value, text: text.into() }
    }

    /// Something is there that should not be.
    pub fn exists(text: impl Into<String>) -> Self {
        Self { kind: Kind::Exists, text: text.into() }
    }

    /// The server refuses something about a path.
    pub fn at(path: &Path) -> impl Fn(Error) -> Self + '_ {
        |error| {
            let kind = kind(&error);
            Self { kind, text: format!("{}: {error}", path.display()) }
        }
    }

    /// The same failure with what was being done in front of it.
    #[must_use]
    pub fn while_doing(self, what: &str) -> Self {
        Self { text: format!("{what}: {}", self.text), ..self }
    }
}

fn kind(error: &Error) -> Kind {
    match error {
        Error::Refused { status: Status::NoSuchFile, .. } => Kind::Missing,
        Error::Refused { status: Status::PermissionDenied, .. } => Kind::Permission,
        Error::Refused { .. } | Error::Stopped => Kind::Refused,
        Error::Lost(_) | Error::Protocol(_) => Kind::Connection,
    }
}

impl From<ssh::Error> for Failure {
    fn from(error: ssh::Error) -> Self {
        Self { kind: Kind::Connection, text: error.to_string() }
    }
}

impl From<file::Failed> for Failure {
    fn from(failed: file::Failed) -> Self {
        let kind = match &failed {
            file::Failed::There { error, .. } => kind(error),
            _ => Kind::Refused,
        };
        Self { kind, text: failed.to_string() }
    }
}

impl From<transfer::Failure> for Failure {
    fn from(failure: transfer::Failure) -> Self {
        let kind = match &failure {
            transfer::Failure::There(error) => kind(error),
            _ => Kind::Refused,
        };
        Self { kind, text: failure.to_string() }
    }
}

impl From<arrow::error::ArrowError> for Failure {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::value(error.to_string())
    }
}

impl From<parquet::errors::ParquetError> for Failure {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::value(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { kind: Kind::Refused, text: error.to_string() }
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        let text = failure.text;
        match failure.kind {
            Kind::Value => PyValueError::new_err(text),
            Kind::Connection => PyConnectionError::new_err(text),
            Kind::Missing => PyFileNotFoundError::new_err(text),
            Kind::Exists => PyFileExistsError::new_err(text),
            Kind::Permission => PyPermissionError::new_err(text),
            Kind::Refused => PyOSError::new_err(text),
        }
    }
}
