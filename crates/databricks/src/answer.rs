//! What the service answered: as it came, and for whom an object may be gone.

use bytes::Bytes;
use reqwest::header::HeaderMap;

use crate::Error;

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct RawResponse {
    /// HTTP status: 2xx.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// An answer about an object that may be gone.
pub trait IfExists<T> {
    /// The answer; `None` for an object that does not exist.
    ///
    /// # Errors
    /// Whatever else the API refuses.
    fn if_exists(self) -> Result<Option<T>, Error>;
}

impl<T> IfExists<T> for Result<T, Error> {
    fn if_exists(self) -> Result<Option<T>, Error> {
        match self {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
