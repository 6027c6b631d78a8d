//! What came of a command, as people and programs read it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use databricks::api::commands::{CommandResults, ResultType, without_colours};
use serde_json::Value;

use crate::error::{Context, Error, Result};
use crate::table::{self, Surface};
use crate::{keys, print, say, words};

/// Shows results; answers whether the command failed.
///
/// # Errors
/// When stdout or an image's file cannot be written.
pub fn show(results: &CommandResults, images: &Path) -> Result<bool> {
    match &results.result_type {
        ResultType::Error => {
            let plain = |text: &str| words::printable(&without_colours(text));
            let (summary, cause) = (plain(&results.summary), plain(&results.cause));
            let summary = if cause.contains(&summary) { String::new() } else { format!("{summary}\n") };
            say!("{summary}{}", cause.trim_end());
            return Ok(true);
        }
        ResultType::Table => print::bytes(table_of(results, print::surface()).as_bytes())?,
        ResultType::Image => save(images, &[results.file_name.as_str()])?,
        ResultType::Images => save(images, &results.file_names.iter().map(String::as_str).collect::<Vec<_>>())?,
        _ => {
            let text = match &results.data {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            print::bytes(format!("{text}{end}").as_bytes())?;
        }
    }
    if results.truncated == Some(true) {
        say!("tunnel: the service left rows out");
    }
    Ok(false)
}

/// A table of rows and named columns.
fn table_of(results: &CommandResults, surface: Surface) -> String {
    let name = |column: &Value| column.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let headings: Vec<String> = results.schema.iter().map(name).collect();
    let rows = results.data.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    let rows = rows.iter().map(|row| {
        let cells = row.as_array().cloned().unwrap_or_default();
        cells.iter().map(|cell| cell_text(cell).into()).collect()
    });
    table::rows(headings, rows.collect(), surface)
}

fn cell_text(cell: &Value) -> String {
    match cell {
        Value::Null => "null".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes images, as `PREFIX-1.png`, and prints the files' names.
fn save(prefix: &Path, images: &[&str]) -> Result<()> {
    for (number, image) in images.iter().enumerate() {
        let (kind, data) = image
            .strip_prefix("data:image/")
            .and_then(|rest| rest.split_once(";base64,"))
            .ok_or_else(|| Error::new("the image is none that can be saved"))?;
        let bytes = BASE64_STANDARD.decode(data).context(|| "the image cannot be read".to_owned())?;
        let ending = if kind.starts_with("svg") { "svg" } else { kind };
        if !ending.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(Error::new(format!("{kind:?} is no kind of image")));
        }
        let file = PathBuf::from(format!("{}-{}.{ending}", prefix.display(), number + 1));
        keys::write_atomically(&file, &bytes, 0o644)?;
        print::bytes(format!("{}\n", file.display()).as_bytes())?;
    }
    Ok(())
}
