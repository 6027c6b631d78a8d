//! Files and notebooks of a workspace: `/api/2.0/workspace/…` and `/api/2.0/workspace-files/import-file/{path}`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/workspace>. `import-file` takes the raw bytes as body and the path
//! percent-encoded in the URL, without its leading slash; a body whose target ends in `.zip` is expanded beside it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::{open_enum, wire};
use crate::{Client, Error, IfExists, Request};

/// How long an upload may take: megabytes over a slow line.
const UPLOAD_LIMIT: Duration = Duration::from_secs(600);

wire! {
    /// `POST /api/2.0/workspace/mkdirs`.
    pub struct Mkdirs {
        /// Absolute path; missing parents are made, an existing directory is fine.
        pub path: String,
    }

    /// `POST /api/2.0/workspace/import`.
    pub struct Import {
        /// Absolute path.
        pub path: String,
        /// Base64 of the bytes, up to 10 MB.
        pub content: String,
        /// SOURCE, AUTO, RAW, JUPYTER, HTML, DBC.
        pub format: String,
        /// PYTHON, SQL, SCALA, R; needed for SOURCE.
        pub language: String,
        /// Whether what stands there is replaced.
        pub overwrite: Option<bool>,
    }

    /// `GET /api/2.0/workspace/get-status?path=…`.
    pub struct ObjectInfo {
        /// Epoch milliseconds.
        pub created_at: Option<i64>,
        /// Language of a notebook.
        pub language: String,
        /// Epoch milliseconds.
        pub modified_at: Option<i64>,
        /// Its id.
        pub object_id: Option<i64>,
        /// What it is.
        pub object_type: ObjectType,
        /// Absolute path.
        pub path: String,
        /// Its id, as text.
        pub resource_id: String,
        /// Bytes of a file.
        pub size: Option<i64>,
    }

    /// `GET /api/2.0/workspace/list?path=…`.
    pub struct ListObjects {
        /// What stands in the directory.
        pub objects: Vec<ObjectInfo>,
    }

    /// `POST /api/2.0/workspace/delete`.
    pub struct Delete {
        /// Absolute path.
        pub path: String,
        /// Whether a directory that is not empty goes with what is in it.
        pub recursive: Option<bool>,
    }
}

open_enum! {
    /// What stands at a path.
    pub enum ObjectType {
        /// A directory.
        Directory = "DIRECTORY",
        /// A file.
        File = "FILE",
        /// A notebook.
        Notebook = "NOTEBOOK",
        /// A library.
        Library = "LIBRARY",
        /// A Git folder.
        Repo = "REPO",
        /// A dashboard.
        Dashboard = "DASHBOARD",
    }
}

/// The path of an `import-file` call for an absolute workspace path: each segment is percent-encoded.
pub fn import_file_path(path: &str) -> String {
    let encoded: Vec<String> = path.trim_start_matches('/').split('/').map(crate::segment).collect();
    format!("/api/2.0/workspace-files/import-file/{}", encoded.join("/"))
}

/// A file's bytes; `None` where there is none.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn read_file(client: &Client, path: &str) -> Result<Option<Bytes>, Error> {
    let request = Request::get("/api/2.0/workspace/export").query("path", path).query("direct_download", "true");
    client.send_bytes(request).await.if_exists()
}

/// Writes a file, over one that is there. A folder that is missing is made.
///
/// # Errors
/// Whatever the API refuses.
pub async fn write_file(client: &Client, path: &str, content: impl Into<Bytes>) -> Result<(), Error> {
    let content = content.into();
    match client.send(import(path, content.clone())).await {
        Err(error) if error.is_not_found() => {}
        other => return other,
    }
    make_directory(client, path.rsplit_once('/').map_or("", |(folder, _)| folder)).await?;
    client.send(import(path, content)).await
}

/// Writes a big file into a folder that is there, over one that is there.
///
/// # Errors
/// Whatever the API refuses.
pub async fn upload(client: &Client, path: &str, content: Bytes) -> Result<(), Error> {
    client.send(import(path, content).timeout(UPLOAD_LIMIT)).await
}

fn import(path: &str, content: Bytes) -> Request {
    let request = Request::post(import_file_path(path)).query("overwrite", "true");
    request.body(content, "application/octet-stream").idempotent()
}

/// Writes a Python notebook's source into a folder that is there, over one that is there.
///
/// # Errors
/// Whatever the API refuses.
pub async fn put_notebook(client: &Client, path: &str, source: &str) -> Result<(), Error> {
    let notebook = Import {
        path: path.to_owned(),
        content: STANDARD.encode(source),
        format: "SOURCE".to_owned(),
        language: "PYTHON".to_owned(),
        overwrite: Some(true),
    };
    import_into_folder(client, &notebook).await
}

/// Writes what is described; a folder that is missing is made.
///
/// # Errors
/// Whatever the API refuses.
pub async fn import_object(client: &Client, object: &Import) -> Result<(), Error> {
    match import_into_folder(client, object).await {
        Err(error) if error.is_not_found() => {}
        other => return other,
    }
    make_directory(client, object.path.rsplit_once('/').map_or("", |(folder, _)| folder)).await?;
    import_into_folder(client, object).await
}

async fn import_into_folder(client: &Client, object: &Import) -> Result<(), Error> {
    let request = Request::post("/api/2.0/workspace/import").json(object)?;
    client.send(if object.overwrite == Some(true) { request.idempotent() } else { request }).await
}

/// What stands at a path; `None` where there is nothing.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn status(client: &Client, path: &str) -> Result<Option<ObjectInfo>, Error> {
    client.send(Request::get("/api/2.0/workspace/get-status").query("path", path)).await.if_exists()
}

/// A file's size: `None` without a file, `Some(None)` where the workspace does not tell it.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn file_size(client: &Client, path: &str) -> Result<Option<Option<i64>>, Error> {
    Ok(status(client, path).await?.map(|info| info.size))
}

/// Makes a folder, and those above it. One that is there is no error.
///
/// # Errors
/// Whatever the API refuses.
pub async fn make_directory(client: &Client, path: &str) -> Result<(), Error> {
    client.send(Request::post("/api/2.0/workspace/mkdirs").json(&Mkdirs { path: path.to_owned() })?.idempotent()).await
}

/// Removes a file. One that is gone is no error.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn remove_file(client: &Client, path: &str) -> Result<(), Error> {
    delete(client, path, false).await
}

/// Removes a folder with all that is in it. One that is gone is no error.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn remove_folder(client: &Client, path: &str) -> Result<(), Error> {
    delete(client, path, true).await
}

async fn delete(client: &Client, path: &str, recursive: bool) -> Result<(), Error> {
    let body = Delete { path: path.to_owned(), recursive: Some(recursive) };
    client.send::<()>(Request::post("/api/2.0/workspace/delete").json(&body)?.idempotent()).await.if_exists()?;
    Ok(())
}

/// The paths of what stands in a folder; none where there is no folder.
///
/// # Errors
/// Whatever else the API refuses.
pub async fn list(client: &Client, folder: &str) -> Result<Vec<String>, Error> {
    let request = Request::get("/api/2.0/workspace/list").query("path", folder);
    let found = client.send::<ListObjects>(request).await.if_exists()?.unwrap_or_default();
    Ok(found.objects.into_iter().map(|object| object.path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_file_encodes_each_segment() {
        assert_eq!(
            import_file_path("/Workspace/Users/a@b.c/x y/é?.zip"),
            "/api/2.0/workspace-files/import-file/Workspace/Users/a%40b.c/x%20y/%C3%A9%3F.zip"
        );
    }
}
