//! Small files of a workspace: read, written, listed and removed, each in one request where that is enough.
//! API: <https://docs.databricks.com/api/workspace/workspace>.

use bytes::Bytes;

use crate::api::workspace::{Delete, ListObjects, Mkdirs, import_file_path};
use crate::{Client, Error, Request};

/// A file's bytes; `None` where there is none.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn read(client: &Client, path: &str) -> Result<Option<Bytes>, Error> {
    let request = Request::get("/api/2.0/workspace/export").query("path", path).query("direct_download", "true");
    match client.send_bytes(request).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file, over one that is there. A folder that is missing is made.
///
/// # Errors
/// Whatever the API refuses.
pub async fn write(client: &Client, path: &str, content: impl Into<Bytes>) -> Result<(), Error> {
    let content = content.into();
    let upload = || {
        Request::post(import_file_path(path))
            .query("overwrite", "true")
            .body(content.clone(), "application/octet-stream")
            .idempotent()
    };
    match client.send::<()>(upload()).await {
        Err(error) if error.is_not_found() => {}
        other => return other,
    }
    let folder = path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default();
    client.send::<()>(Request::post("/api/2.0/workspace/mkdirs").json(&Mkdirs { path: folder })?.idempotent()).await?;
    client.send::<()>(upload()).await
}

/// Removes a file. One that is gone is no error.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn remove(client: &Client, path: &str) -> Result<(), Error> {
    let body = Delete { path: path.to_owned(), recursive: Some(false) };
    match client.send::<()>(Request::post("/api/2.0/workspace/delete").json(&body)?.idempotent()).await {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

/// The paths of what stands in a folder; none where there is no folder.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn list(client: &Client, folder: &str) -> Result<Vec<String>, Error> {
    let request = Request::get("/api/2.0/workspace/list").query("path", folder);
    match client.send::<ListObjects>(request).await {
        Ok(found) => Ok(found.objects.into_iter().map(|object| object.path).collect()),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
