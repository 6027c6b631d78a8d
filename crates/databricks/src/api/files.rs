//! Files in volumes: `/api/2.0/fs/files/Volumes/…` and `/api/2.0/fs/directories/Volumes/…`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/files>. A file has at most 5 GiB, and is there when all of it has arrived.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::wire;
use crate::{Client, Error, Payload, RawAnswer, RawRequest, Request, segment};

/// How long an upload may take: gigabytes over a slow line.
const UPLOAD_LIMIT: Duration = Duration::from_secs(6 * 3600);
/// How long a download may say nothing.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(60);

wire! {
    /// `GET /api/2.0/fs/directories/{path}`: one page.
    pub struct DirectoryContents {
        /// What is in it.
        pub contents: Vec<DirectoryEntry>,
        /// Empty on the last page.
        pub next_page_token: String,
    }

    /// A file or a directory of a directory.
    pub struct DirectoryEntry {
        /// Absolute path.
        pub path: String,
        /// Its name there.
        pub name: String,
        /// Whether it is a directory.
        pub is_directory: bool,
        /// Bytes of a file.
        pub file_size: Option<u64>,
        /// Epoch milliseconds of the last change.
        pub last_modified: Option<i64>,
    }
}

fn path(kind: &str, path: &str) -> String {
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(segment).collect();
    format!("/api/2.0/fs/{kind}/{}", parts.join("/"))
}

/// All that is in a directory.
///
/// # Errors
/// As [`Client::send`].
pub async fn list(client: &Client, directory: &str) -> Result<Vec<DirectoryEntry>, Error> {
    let request = Request::get(path("directories", directory));
    let mut pages = client.page_by_page(request, |page: DirectoryContents| (page.contents, page.next_page_token));
    let mut all = Vec::new();
    while let Some(entries) = pages.next().await? {
        all.extend(entries);
    }
    Ok(all)
}

/// Makes a directory and those above it; one that is there is fine.
///
/// # Errors
/// As [`Client::send`].
pub async fn create_directory(client: &Client, directory: &str) -> Result<(), Error> {
    client.send_bytes(Request::put(path("directories", directory))).await.map(drop)
}

/// Removes an empty directory.
///
/// # Errors
/// As [`Client::send`].
pub async fn delete_directory(client: &Client, directory: &str) -> Result<(), Error> {
    client.send_bytes(Request::delete(path("directories", directory))).await.map(drop)
}

/// Removes a file.
///
/// # Errors
/// As [`Client::send`].
pub async fn delete(client: &Client, file: &str) -> Result<(), Error> {
    client.send_bytes(Request::delete(path("files", file))).await.map(drop)
}

/// A file's bytes, as they come.
///
/// # Errors
/// As [`Client::exchange`], and when the service refuses.
pub async fn download(client: &Client, file: &str) -> Result<RawAnswer, Error> {
    let request = RawRequest {
        method: Method::GET,
        path: path("files", file),
        query: Vec::new(),
        headers: HeaderMap::new(),
        payload: Payload::Nothing,
        timeout: DOWNLOAD_LIMIT,
    };
    client.exchange(&request).await?.accepted().await
}

/// Writes a file of so many bytes, over one that is there. It is not there before the last byte has arrived; where the bytes end too
/// soon, it is what it was.
///
/// # Errors
/// As [`Client::exchange`], and when the service refuses.
pub async fn upload(
    client: &Client,
    file: &str,
    size: u64,
    bytes: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Result<(), Error> {
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")), (CONTENT_LENGTH, size.into())];
    let request = RawRequest {
        method: Method::PUT,
        path: path("files", file),
        query: vec![("overwrite".to_owned(), "true".to_owned())],
        headers: headers.into_iter().collect(),
        payload: Payload::stream(bytes),
        timeout: UPLOAD_LIMIT,
    };
    client.exchange(&request).await?.accepted().await.map(drop)
}
