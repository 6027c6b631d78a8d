//! Files in volumes. <https://docs.databricks.com/api/workspace/files>
//!
//! They are real files below a folder of the volume's own on this machine.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::answer::{Answer, ApiError, set};
use crate::call::Cx;
use crate::catalog::volumes;
use crate::route::{Route, route};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::PUT, "/api/2.0/fs/files/{path*}", upload),
    route(Method::GET, "/api/2.0/fs/files/{path*}", download),
    route(Method::HEAD, "/api/2.0/fs/files/{path*}", download),
    route(Method::DELETE, "/api/2.0/fs/files/{path*}", delete_file),
    route(Method::PUT, "/api/2.0/fs/directories/{path*}", create_directory),
    route(Method::GET, "/api/2.0/fs/directories/{path*}", list),
    route(Method::HEAD, "/api/2.0/fs/directories/{path*}", see_directory),
    route(Method::DELETE, "/api/2.0/fs/directories/{path*}", delete_directory),
];

/// A path in a volume, and where it is on this machine.
struct Place {
    asked: String,
    file: PathBuf,
}

/// Where `Volumes/CATALOG/SCHEMA/VOLUME/…` is. The volume is there, and the path climbs nowhere.
fn place(cx: &mut Cx<'_>) -> Result<Place, ApiError> {
    let asked = cx.param("path").to_owned();
    place_of(cx, &asked)
}

/// Where a file of a volume is on this machine.
pub(super) fn file(cx: &mut Cx<'_>, path: &str) -> Result<PathBuf, ApiError> {
    Ok(place_of(cx, path)?.file)
}

fn place_of(cx: &mut Cx<'_>, path: &str) -> Result<Place, ApiError> {
    let asked = format!("/{}", path.trim_matches('/'));
    let bad = || ApiError::invalid(format!("Path ({asked}) is none of the form /Volumes/CATALOG/SCHEMA/VOLUME/…"));
    let parts: Vec<&str> = asked.split('/').skip(1).collect();
    let (["Volumes", catalog, schema, volume], below) = parts.split_at_checked(4).ok_or_else(bad)? else {
        return Err(bad());
    };
    if below.iter().any(|part| part.is_empty() || *part == "." || *part == ".." || part.contains('\0')) {
        return Err(bad());
    }
    let id = volumes::KIND.find(cx, &format!("{catalog}.{schema}.{volume}"))?.text("volume_id").to_owned();
    let root = cx.settings.dir.join("volumes").join(id);
    std::fs::create_dir_all(&root).map_err(|error| broken(&asked, &error))?;
    let file = below.iter().fold(root, |path, part| path.join(part));
    Ok(Place { asked, file })
}

fn upload(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let place = place(cx)?;
    if place.file.is_dir() {
        return Err(ApiError::exists(format!("{} is a directory.", place.asked)));
    }
    if place.file.exists() && cx.query("overwrite") != Some("true") {
        let message = format!("The file {} already exists.", place.asked);
        return Err(ApiError { code: "ALREADY_EXISTS".to_owned(), ..ApiError::exists(message) }
            .with_status(StatusCode::CONFLICT));
    }
    // Folders come with what is put into them.
    let folder = place.file.parent().unwrap_or(Path::new("/"));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&place.file, &cx.call.body));
    written.map_err(|error| broken(&place.asked, &error))?;
    Ok(Answer::empty().with_status(StatusCode::NO_CONTENT))
}

fn download(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let place = place(cx)?;
    if !place.file.is_file() {
        return Err(missing(&place));
    }
    let content = std::fs::read(&place.file).map_err(|error| broken(&place.asked, &error))?;
    let modified = std::fs::metadata(&place.file).and_then(|found| found.modified());
    let modified = modified.map_err(|error| broken(&place.asked, &error))?;
    let answer = Answer::bytes("application/octet-stream", content);
    Ok(answer.with_header(header::LAST_MODIFIED, &httpdate::fmt_http_date(modified)))
}

fn delete_file(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let place = place(cx)?;
    if !place.file.is_file() {
        return Err(missing(&place));
    }
    std::fs::remove_file(&place.file).map_err(|error| broken(&place.asked, &error))?;
    Ok(Answer::empty().with_status(StatusCode::NO_CONTENT))
}

fn create_directory(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let place = place(cx)?;
    if place.file.is_file() {
        return Err(ApiError::exists(format!("{} is a file.", place.asked)).with_status(StatusCode::CONFLICT));
    }
    std::fs::create_dir_all(&place.file).map_err(|error| broken(&place.asked, &error))?;
    Ok(Answer::empty().with_status(StatusCode::NO_CONTENT))
}

fn see_directory(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let place = place(cx)?;
    if place.file.is_dir() { Ok(Answer::bytes("application/json", "")) } else { Err(missing(&place)) }
}

fn delete_directory(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let place = place(cx)?;
    if !place.file.is_dir() {
        return Err(missing(&place));
    }
    match std::fs::remove_dir(&place.file) {
        Ok(()) => Ok(Answer::empty().with_status(StatusCode::NO_CONTENT)),
        Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {
            let message = format!("The directory {} is not empty.", place.asked);
            Err(ApiError::new(StatusCode::BAD_REQUEST, "DIRECTORY_NOT_EMPTY", message))
        }
        Err(error) => Err(broken(&place.asked, &error)),
    }
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let place = place(cx)?;
    if !place.file.is_dir() {
        return Err(missing(&place));
    }
    let size = cx.query("page_size").and_then(|text| text.parse().ok()).unwrap_or(1000_usize).clamp(1, 1000);
    let after = cx.query("page_token").unwrap_or_default().to_owned();
    let entries = std::fs::read_dir(&place.file).map_err(|error| broken(&place.asked, &error))?;
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| *name > after);
    names.sort_unstable();
    let more = names.len() > size;
    names.truncate(size);
    let contents: Vec<Value> = names.iter().map(|name| view(&place, name)).collect();
    let mut answer = json!({"contents": contents});
    if let Some(last) = names.last().filter(|_| more) {
        set(&mut answer, "next_page_token", json!(last));
    }
    Ok(Answer::json(&answer))
}

fn view(place: &Place, name: &str) -> Value {
    let file = place.file.join(name);
    let mut view = json!({"path": format!("{}/{name}", place.asked), "name": name, "is_directory": file.is_dir()});
    if let Ok(found) = std::fs::metadata(&file)
        && found.is_file()
    {
        let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        set(&mut view, "file_size", json!(found.len()));
        set(&mut view, "last_modified", json!(modified.map(crate::time::millis)));
    }
    view
}

fn missing(place: &Place) -> ApiError {
    let message = format!("No such file or directory: {}", place.asked);
    ApiError { code: "NOT_FOUND".to_owned(), ..ApiError::missing(message) }
}

fn broken(asked: &str, error: &std::io::Error) -> ApiError {
    ApiError::internal(format!("The local cloud cannot use the file of {asked}: {error}"))
}
