//! Files in volumes: `/api/2.0/fs/files/Volumes/…` and `/api/2.0/fs/directories/Volumes/…`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/files>. A file has at most 5 GiB, and is there when all of it has arrived.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::Stream;
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, LAST_MODIFIED};

use super::wire;
use crate::{Client, Error, IfExists, Payload, RawAnswer, RawRequest, Request, segment};

/// How long an upload may take: gigabytes over a slow line.
const UPLOAD_LIMIT: Duration = Duration::from_secs(6 * 3600);
/// How long a download may say nothing.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(60);

const BYTES: &str = "application/octet-stream";

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

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Bytes.
    pub size: i64,
    /// When it was last written, in the words of HTTP: `Thu, 01 Jan 2026 00:00:00 GMT`.
    pub modified: String,
}

impl FileInfo {
    /// When it was last written; `None` where the service says nothing that is a time.
    pub fn modified_at(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(&self.modified).ok()
    }
}

/// What is uploaded.
#[derive(Debug, Clone)]
pub enum Content {
    /// These bytes.
    Bytes(Bytes),
    /// What a file of this machine holds.
    File(PathBuf),
}

/// The path of a call: each segment is percent-encoded.
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

/// Whether there is such a directory.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn is_directory(client: &Client, directory: &str) -> Result<bool, Error> {
    Ok(client.answer(Request::head(path("directories", directory))).await.if_exists()?.is_some())
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

/// What is known of a file; `None` where there is none.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn info(client: &Client, file: &str) -> Result<Option<FileInfo>, Error> {
    let Some(answer) = client.answer(Request::head(path("files", file))).await.if_exists()? else { return Ok(None) };
    let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let size = header(CONTENT_LENGTH).parse().unwrap_or_default();
    Ok(Some(FileInfo { size, modified: header(LAST_MODIFIED).to_owned() }))
}

/// A file's bytes at once: for small files, since memory holds them. What is lost or refused for a moment is asked for again.
///
/// # Errors
/// As [`Client::send`].
pub async fn read(client: &Client, file: &str) -> Result<Bytes, Error> {
    client.send_bytes(Request::get(path("files", file)).timeout(DOWNLOAD_LIMIT)).await
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

/// Writes a file, over one that is there. Folders that are missing are made.
///
/// # Errors
/// Whatever the API refuses, and a file of this machine that cannot be read.
pub async fn put(client: &Client, file: &str, content: &Content) -> Result<(), Error> {
    let request = Request::put(path("files", file)).query("overwrite", "true").timeout(UPLOAD_LIMIT);
    client
        .send(match content {
            Content::Bytes(bytes) => request.body(bytes.clone(), BYTES),
            Content::File(path) => request.file(path, BYTES),
        })
        .await
}

/// Writes a file of so many bytes, which come from elsewhere, over one that is there. It is not there before the last byte has arrived; where the bytes end too
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
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(BYTES)), (CONTENT_LENGTH, size.into())];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_segment_of_a_path_is_encoded() {
        assert_eq!(path("files", "/Volumes/a/b/c/x y/é?.whl"), "/api/2.0/fs/files/Volumes/a/b/c/x%20y/%C3%A9%3F.whl");
    }
}
