//! What the service answered, before anybody reads it.

use bytes::Bytes;
use reqwest::header::HeaderMap;

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
