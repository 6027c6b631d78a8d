//! Workspace files: notebooks, files and folders. <https://docs.databricks.com/api/workspace/workspace>
//!
//! They are real files below a folder that stands for `/Workspace`: what a driver writes there is a workspace file too. What a
//! file alone cannot say (that it is a notebook, its language) is kept beside, by path.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::rights::{self, FileRight};
use super::{archive, jupyter, multipart};
use crate::answer::{Answer, ApiError, set};
use crate::call::{Cx, Settings};
use crate::route::{Route, route};
use crate::state::Workspace;

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/workspace/mkdirs", mkdirs),
    route(Method::POST, "/api/2.0/workspace/import", import),
    route(Method::POST, "/api/2.0/workspace-files/import-file/{path*}", import_file),
    route(Method::GET, "/api/2.0/workspace/get-status", get_status),
    route(Method::GET, "/api/2.0/workspace/export", export),
    route(Method::GET, "/api/2.0/workspace/list", list),
    route(Method::POST, "/api/2.0/workspace/delete", delete),
];

/// Bytes that `import` takes.
const LARGEST_IMPORT: usize = 10 * 1024 * 1024;
/// How a notebook's source begins.
const NOTEBOOK_MARK: &str = "Databricks notebook source";

/// A path in the workspace, and where it is on this machine.
struct Place {
    /// As it was asked for.
    asked: String,
    /// Without `/Workspace`.
    path: String,
    file: PathBuf,
}

/// The folder that stands for `/Workspace`.
pub(crate) fn root(settings: &Settings, workspace: i64) -> PathBuf {
    settings.dir.join("workspaces").join(workspace.to_string()).join("files")
}

/// Where a path of the workspace is on this machine. Paths are absolute, begin with `/Workspace` or not, and climb nowhere.
fn place(cx: &mut Cx<'_>, asked: &str) -> Result<Place, ApiError> {
    let path = normal(asked)?;
    let root = root(cx.settings, cx.workspace_id()?);
    let caller = cx.caller()?.principal.clone();
    let home = cx.state.principals.get(&caller).map(|one| one.application_id.clone()).unwrap_or_default();
    for folder in ["Shared".to_owned(), "Repos".to_owned(), format!("Users/{home}")] {
        std::fs::create_dir_all(root.join(folder)).map_err(|error| broken(asked, &error))?;
    }
    let file = root.join(path.trim_start_matches('/'));
    Ok(Place { asked: asked.to_owned(), path, file })
}

/// Where a file of the workspace is on this machine.
pub(super) fn file(cx: &mut Cx<'_>, path: &str) -> Result<PathBuf, ApiError> {
    Ok(place(cx, path)?.file)
}

/// A path without `/Workspace` and without a `/` at its end.
fn normal(asked: &str) -> Result<String, ApiError> {
    let bad = || ApiError::invalid(format!("Path ({asked}) doesn't start with '/' or is not normalised."));
    let path =
        asked.strip_prefix("/Workspace").filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(asked);
    let path = path.trim_end_matches('/');
    if path.is_empty() && (asked == "/" || asked.starts_with("/Workspace")) {
        return Ok(String::new());
    }
    let rest = path.strip_prefix('/').ok_or_else(bad)?;
    let good = rest.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && !part.contains('\0'));
    if good { Ok(path.to_owned()) } else { Err(bad()) }
}

#[derive(Deserialize)]
struct Mkdirs {
    path: String,
}

fn mkdirs(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Mkdirs = cx.read("workspace.Mkdirs")?;
    let place = place(cx, &wanted.path)?;
    if place.file.is_dir() {
        rights::require_file(cx, &place.path, FileRight::View)?;
    } else {
        may_add(cx, &place)?;
    }
    match std::fs::create_dir_all(&place.file) {
        Ok(()) => Ok(Answer::empty()),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory) => {
            Err(ApiError::exists(format!("Path ({}) or a part of it is not a folder.", place.asked)))
        }
        Err(error) => Err(broken(&place.asked, &error)),
    }
}

#[derive(Deserialize)]
struct Import {
    path: String,
    #[serde(default)]
    content: String,
    format: Option<String>,
    language: Option<String>,
    #[serde(default)]
    overwrite: bool,
}

fn import(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (wanted, content) = match multipart::boundary(&cx.call.headers) {
        Some(boundary) => import_of_form(&cx.call.body, &boundary)?,
        None => {
            let wanted: Import = cx.read("workspace.Import")?;
            let content = STANDARD.decode(&wanted.content).map_err(|_| ApiError::invalid("content is not base64."))?;
            (wanted, content)
        }
    };
    if content.len() > LARGEST_IMPORT {
        let message =
            format!("File size imported is ({} bytes), exceeded max size ({LARGEST_IMPORT} bytes)", content.len());
        return Err(ApiError::new(http::StatusCode::BAD_REQUEST, "MAX_NOTEBOOK_SIZE_EXCEEDED", message));
    }
    let language = match wanted.format.as_deref().unwrap_or("SOURCE") {
        "SOURCE" => Some(language(wanted.language.as_deref(), &wanted.path)?),
        "AUTO" if jupyter::is_notebook(&wanted.path, &content) => {
            let path = wanted.path.trim_end_matches(".ipynb").to_owned();
            return import_jupyter(cx, &path, &content, wanted.overwrite);
        }
        "AUTO" => notebook_language(&wanted.path, &content),
        "RAW" => None,
        "JUPYTER" => return import_jupyter(cx, &wanted.path, &content, wanted.overwrite),
        other => {
            let message = format!("The local cloud imports SOURCE, AUTO, RAW and JUPYTER, not {other}.");
            return Err(ApiError::invalid(message));
        }
    };
    let place = place(cx, &wanted.path)?;
    write(cx, &place, &content, wanted.overwrite, language)?;
    Ok(Answer::empty())
}

/// Keeps a Jupyter notebook as the source that it stands for.
fn import_jupyter(cx: &mut Cx<'_>, path: &str, content: &[u8], overwrite: bool) -> Result<Answer, ApiError> {
    let (source, language) = jupyter::to_source(content).map_err(ApiError::invalid)?;
    let place = place(cx, path)?;
    write(cx, &place, source.as_bytes(), overwrite, Some(language))?;
    cx.workspace()?.files.jupyter.insert(place.path);
    Ok(Answer::empty())
}

/// An import as a form (`multipart/form-data`), which is how the SDKs upload.
fn import_of_form(body: &[u8], boundary: &str) -> Result<(Import, Vec<u8>), ApiError> {
    let parts = multipart::parts(body, boundary).ok_or_else(|| ApiError::malformed("The form is not whole."))?;
    let text = |name: &str| {
        let part = parts.iter().find(|(known, _)| known == name)?;
        Some(String::from_utf8_lossy(part.1).into_owned())
    };
    let content = parts.iter().find(|(name, _)| name == "content").map(|(_, content)| content.to_vec());
    let wanted = Import {
        path: text("path").ok_or_else(|| ApiError::invalid("Missing required field: path"))?,
        content: String::new(),
        format: text("format"),
        language: text("language").filter(|language| !language.is_empty()),
        overwrite: text("overwrite").as_deref() == Some("true"),
    };
    Ok((wanted, content.unwrap_or_default()))
}

fn import_file(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let path = format!("/{}", cx.param("path").trim_start_matches('/'));
    let overwrite = cx.query("overwrite") == Some("true");
    let content = cx.call.body.clone();
    // What begins as a notebook becomes one, without the extension (the official CLI's import-dir counts on it).
    if let Some(language) = notebook_language(&path, &content) {
        let name = path.rsplit_once('.').map_or(path.as_str(), |(name, _)| name).to_owned();
        let place = place(cx, &name)?;
        write(cx, &place, &content, overwrite, Some(language))?;
        return Ok(Answer::empty());
    }
    let place = place(cx, &path)?;
    if !path.ends_with(".zip") {
        write(cx, &place, &content, overwrite, None)?;
        return Ok(Answer::empty());
    }
    // An archive is expanded where it was put.
    may_add(cx, &place)?;
    let folder = place.file.parent().map(Path::to_owned).unwrap_or_default();
    if !folder.is_dir() {
        return Err(no_parent(&place));
    }
    let taken = archive::expand(&content, &folder, overwrite).map_err(|error| match error {
        archive::Error::Exists(name) => ApiError::exists(format!("Path ({name}) already exists.")),
        other => ApiError::invalid(format!("{}: {other}", place.asked)),
    })?;
    tracing::debug!(files = taken, "an archive was expanded");
    Ok(Answer::empty())
}

/// Refuses who may add nothing where this would be: that takes the right to manage the folder, or the next one above that there is.
fn may_add(cx: &Cx<'_>, place: &Place) -> Result<(), ApiError> {
    let mut folders = place.path.rmatch_indices('/').map(|(at, _)| place.path.get(..at).unwrap_or_default());
    let depth = |folder: &str| place.path.matches('/').count() - folder.matches('/').count();
    let there = folders.find(|folder| place.file.ancestors().nth(depth(folder)).is_some_and(Path::is_dir));
    rights::require_file(cx, there.unwrap_or_default(), FileRight::Manage)
}

/// Writes a file, whole or not at all: a program that runs from it goes on running.
fn write(
    cx: &mut Cx<'_>,
    place: &Place,
    content: &[u8],
    overwrite: bool,
    language: Option<String>,
) -> Result<(), ApiError> {
    if place.file.exists() {
        rights::require_file(cx, &place.path, FileRight::Edit)?;
    } else {
        may_add(cx, place)?;
    }
    let folder = place.file.parent().filter(|folder| folder.is_dir()).ok_or_else(|| no_parent(place))?;
    let files = &mut cx.workspace()?.files;
    if place.file.exists() {
        if !overwrite {
            return Err(ApiError::exists(format!("Path ({}) already exists.", place.asked)));
        }
        let was_notebook = files.notebooks.contains_key(&place.path);
        if place.file.is_dir() || was_notebook != language.is_some() {
            let actual = if place.file.is_dir() {
                "DIRECTORY"
            } else if was_notebook {
                "NOTEBOOK"
            } else {
                "FILE"
            };
            let message =
                format!("Cannot overwrite the asset at {} due to type mismatch (actual: {actual}).", place.asked);
            return Err(ApiError::invalid(message));
        }
    }
    archive::write_whole(folder, &place.file, content).map_err(|error| broken(&place.asked, &error))?;
    match language {
        Some(language) => files.notebooks.insert(place.path.clone(), language),
        None => files.notebooks.remove(&place.path),
    };
    files.jupyter.remove(&place.path);
    Ok(())
}

fn get_status(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let path = cx.required("path")?.to_owned();
    let place = place(cx, &path)?;
    rights::require_file(cx, &place.path, FileRight::View)?;
    let mut status = status(cx, &place.asked, &place.path, &place.file)?;
    let export_info = cx.query("return_export_info") == Some("true");
    let files = &cx.workspace()?.files;
    if export_info && files.notebooks.contains_key(&place.path) {
        let format = if files.jupyter.contains(&place.path) { "JUPYTER" } else { "SOURCE" };
        set(&mut status, "repos_export_format", json!(format));
    }
    Ok(Answer::json(&status))
}

fn export(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let path = cx.required("path")?.to_owned();
    let direct = cx.query("direct_download") == Some("true");
    let format = cx.query("format").unwrap_or("SOURCE").to_owned();
    if !["SOURCE", "AUTO", "RAW", "JUPYTER"].contains(&format.as_str()) {
        return Err(ApiError::invalid(format!("The local cloud exports SOURCE, AUTO, RAW and JUPYTER, not {format}.")));
    }
    let place = place(cx, &path)?;
    rights::require_file(cx, &place.path, FileRight::View)?;
    if place.file.is_dir() {
        return Err(ApiError::invalid(format!("Path ({path}) is a folder, which the local cloud does not export.")));
    }
    let mut content = std::fs::read(&place.file).map_err(|error| unreadable(&place.asked, &error))?;
    let language = cx.workspace()?.files.notebooks.get(&place.path).cloned();
    let mut kind = language.as_deref().map_or("file", extension);
    if format == "JUPYTER" {
        let Some(language) = language else {
            return Err(ApiError::invalid(format!("Path ({path}) is no notebook.")));
        };
        content = jupyter::from_source(&String::from_utf8_lossy(&content), &language).into_bytes();
        kind = "ipynb";
    }
    if direct {
        return Ok(Answer::bytes("application/octet-stream", content));
    }
    Ok(Answer::json(&json!({"content": STANDARD.encode(content), "file_type": kind})))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let path = cx.required("path")?.to_owned();
    let place = place(cx, &path)?;
    rights::require_file(cx, &place.path, FileRight::View)?;
    if place.file.is_file() {
        let only = status(cx, &place.asked, &place.path, &place.file)?;
        return Ok(Answer::json(&json!({"objects": [only]})));
    }
    let entries = std::fs::read_dir(&place.file).map_err(|error| unreadable(&place.asked, &error))?;
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| !name.starts_with(archive::PARTIAL));
    names.sort_unstable();
    let mut objects = Vec::new();
    for name in names {
        let asked = format!("{}/{name}", place.asked.trim_end_matches('/'));
        if let Ok(object) = status(cx, &asked, &format!("{}/{name}", place.path), &place.file.join(&name)) {
            objects.push(object);
        }
    }
    Ok(Answer::json(&if objects.is_empty() { json!({}) } else { json!({"objects": objects}) }))
}

#[derive(Deserialize)]
struct Delete {
    path: String,
    #[serde(default)]
    recursive: bool,
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Delete = cx.read("workspace.Delete")?;
    let place = place(cx, &wanted.path)?;
    rights::require_file(cx, &place.path, FileRight::Manage)?;
    if place.path.matches('/').count() < 2 && place.file.is_dir() {
        return Err(ApiError::new(
            http::StatusCode::BAD_REQUEST,
            "DIRECTORY_PROTECTED",
            format!("Folder {} is protected and cannot be deleted.", place.asked),
        ));
    }
    let outcome = if place.file.is_dir() {
        let mut entries = std::fs::read_dir(&place.file).map_err(|error| unreadable(&place.asked, &error))?;
        if entries.next().is_some() && !wanted.recursive {
            return Err(ApiError::new(
                http::StatusCode::BAD_REQUEST,
                "DIRECTORY_NOT_EMPTY",
                format!("Folder ({}) is not empty.", place.asked),
            ));
        }
        std::fs::remove_dir_all(&place.file)
    } else {
        std::fs::remove_file(&place.file)
    };
    outcome.map_err(|error| unreadable(&place.asked, &error))?;
    let below = format!("{}/", place.path);
    let files = &mut cx.workspace()?.files;
    files.notebooks.retain(|path, _| *path != place.path && !path.starts_with(&below));
    files.ids.retain(|path, _| *path != place.path && !path.starts_with(&below));
    Ok(Answer::empty())
}

/// What the API says of an object.
fn status(cx: &mut Cx<'_>, asked: &str, path: &str, file: &Path) -> Result<Value, ApiError> {
    let found = std::fs::metadata(file).map_err(|error| unreadable(asked, &error))?;
    let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or_default();
    let known = cx.workspace()?.files.ids.get(path).copied();
    let id = match known {
        Some(id) => id,
        None => {
            let id = cx.state.next_id();
            cx.workspace()?.files.ids.insert(path.to_owned(), id);
            id
        }
    };
    let mut status = json!({"path": asked, "object_id": id, "resource_id": id.to_string()});
    let notebook = cx.workspace()?.files.notebooks.get(path).cloned();
    if found.is_dir() {
        set(&mut status, "object_type", json!("DIRECTORY"));
    } else if let Some(language) = notebook {
        set(&mut status, "object_type", json!("NOTEBOOK"));
        set(&mut status, "language", json!(language));
        set(&mut status, "created_at", json!(modified));
        set(&mut status, "modified_at", json!(modified));
    } else {
        set(&mut status, "object_type", json!("FILE"));
        set(&mut status, "size", json!(found.len()));
        set(&mut status, "created_at", json!(modified));
        set(&mut status, "modified_at", json!(modified));
    }
    Ok(status)
}

/// A Python file, for its run.
///
/// # Errors
/// Why it cannot be run, in the API's words.
pub(crate) fn python_file(settings: &Settings, workspace: &Workspace, path: &str) -> Result<PathBuf, String> {
    let normal = normal(path).map_err(|error| error.message)?;
    let file = root(settings, workspace.id).join(normal.trim_start_matches('/'));
    let missing = || format!("Cannot read the python file {path}. Please check that the file exists.");
    file.is_file().then_some(file).ok_or_else(missing)
}

/// The file of a Python notebook, for its run.
///
/// # Errors
/// Why it cannot be run, in the API's words.
pub(crate) fn notebook(settings: &Settings, workspace: &Workspace, path: &str) -> Result<PathBuf, String> {
    let normal = normal(path).map_err(|error| error.message)?;
    let file = root(settings, workspace.id).join(normal.trim_start_matches('/'));
    match workspace.files.notebooks.get(&normal).map(String::as_str) {
        Some("PYTHON") if file.is_file() => Ok(file),
        Some(_) if file.is_file() => Err(format!("The local cloud runs Python notebooks, and {path} is none.")),
        _ => Err(format!("Unable to access the notebook \"{path}\". Either it does not exist, or it is no notebook.")),
    }
}

fn language(given: Option<&str>, path: &str) -> Result<String, ApiError> {
    let by_name = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("py") => Some("PYTHON"),
        Some("sql") => Some("SQL"),
        Some("scala") => Some("SCALA"),
        Some("r" | "R") => Some("R"),
        _ => None,
    };
    match given.or(by_name) {
        Some(language @ ("PYTHON" | "SQL" | "SCALA" | "R")) => Ok(language.to_owned()),
        Some(other) => Err(ApiError::invalid(format!("language {other} is none of PYTHON, SQL, SCALA and R."))),
        None => Err(ApiError::invalid("language is required for the format SOURCE.")),
    }
}

fn notebook_language(path: &str, content: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(content.get(..80).unwrap_or(content)).into_owned();
    let first = start.lines().next()?;
    first.contains(NOTEBOOK_MARK).then(|| language(None, path).ok()).flatten()
}

fn extension(language: &str) -> &'static str {
    match language {
        "PYTHON" => "py",
        "SQL" => "sql",
        "SCALA" => "scala",
        _ => "r",
    }
}

fn no_parent(place: &Place) -> ApiError {
    let parent = place.asked.rsplit_once('/').map_or("/", |(parent, _)| parent);
    ApiError::missing(format!("The parent folder ({parent}) does not exist."))
}

fn unreadable(asked: &str, error: &std::io::Error) -> ApiError {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            ApiError::missing(format!("Path ({asked}) doesn't exist."))
        }
        _ => broken(asked, error),
    }
}

fn broken(asked: &str, error: &std::io::Error) -> ApiError {
    ApiError::internal(format!("The local cloud cannot use the file of {asked}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_climb_nowhere() {
        let check =
            |asked: &str, expected: Option<&str>| assert_eq!(normal(asked).ok().as_deref(), expected, "{asked}");
        check("/Users/ada/x", Some("/Users/ada/x"));
        check("/Workspace/Users/ada/x/", Some("/Users/ada/x"));
        check("/Workspace", Some(""));
        check("/", Some(""));
        check("/Workspaces/x", Some("/Workspaces/x"));
        check("Users/ada", None);
        check("/Users/../x", None);
        check("/Users//x", None);
        check("/Users/./x", None);
        check("", None);
    }

    #[test]
    fn a_notebook_is_known_by_its_first_line() {
        let check = |path: &str, content: &str, expected: Option<&str>| {
            assert_eq!(notebook_language(path, content.as_bytes()).as_deref(), expected, "{path}");
        };
        check("/x.py", "# Databricks notebook source\n1", Some("PYTHON"));
        check("/x.sql", "-- Databricks notebook source\n", Some("SQL"));
        check("/x.py", "print()", None);
        check("/x.txt", "# Databricks notebook source", None);
        check("/x.py", "", None);
    }
}
