//! Jupyter notebooks (nbformat 4) and the source format of the service, from one to the other.
//! <https://nbformat.readthedocs.io/en/latest/format_description.html>

use serde_json::{Value, json};

/// Whether a file is a Jupyter notebook.
pub(super) fn is_notebook(path: &str, content: &[u8]) -> bool {
    path.ends_with(".ipynb") && serde_json::from_slice::<Value>(content).is_ok_and(|book| book.get("cells").is_some())
}

/// The source that a Jupyter notebook stands for, and its language.
///
/// # Errors
/// What is wrong with it.
pub(super) fn to_source(content: &[u8]) -> Result<(String, String), String> {
    let book: Value =
        serde_json::from_slice(content).map_err(|error| format!("The notebook is not of Jupyter's format: {error}"))?;
    let cells = book.get("cells").and_then(Value::as_array).ok_or("The notebook has no cells.")?;
    let named = ["/metadata/language_info/name", "/metadata/kernelspec/language"];
    let name = named.iter().find_map(|pointer| book.pointer(pointer)?.as_str()).unwrap_or("python");
    let language = match name.to_ascii_lowercase().as_str() {
        "sql" => "SQL",
        "scala" => "SCALA",
        "r" => "R",
        _ => "PYTHON",
    };
    let comment = comment(language);
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| {
            let text = text_of(cell.get("source"));
            if cell.get("cell_type").and_then(Value::as_str) == Some("markdown") {
                let lines: Vec<String> = text.lines().map(|line| format!("{comment} MAGIC {line}")).collect();
                format!("{comment} MAGIC %md\n{}", lines.join("\n"))
            } else {
                text
            }
        })
        .collect();
    let between = format!("\n\n{comment} COMMAND ----------\n\n");
    Ok((format!("{comment} Databricks notebook source\n{}\n", cells.join(&between)), language.to_owned()))
}

/// A notebook's source as a Jupyter notebook.
pub(super) fn from_source(source: &str, language: &str) -> String {
    let comment = comment(language);
    let body = source.split_once('\n').filter(|(first, _)| first.contains("Databricks notebook source"));
    let body = body.map_or(source, |(_, rest)| rest);
    let magic = format!("{comment} MAGIC ");
    let cells: Vec<Value> = body
        .split(&format!("{comment} COMMAND ----------"))
        .map(|cell| {
            let cell = cell.trim();
            match cell.strip_prefix(&format!("{magic}%md")) {
                Some(text) => {
                    let lines: Vec<&str> =
                        text.trim_start().lines().map(|line| line.strip_prefix(&magic).unwrap_or(line)).collect();
                    json!({"cell_type": "markdown", "metadata": {}, "source": lines.join("\n")})
                }
                None => json!({
                    "cell_type": "code", "metadata": {}, "execution_count": null, "outputs": [], "source": cell,
                }),
            }
        })
        .collect();
    let name = language.to_ascii_lowercase();
    json!({
        "cells": cells,
        "metadata": {"language_info": {"name": name}},
        "nbformat": 4,
        "nbformat_minor": 0,
    })
    .to_string()
}

fn comment(language: &str) -> &'static str {
    match language {
        "SQL" => "--",
        "SCALA" => "//",
        _ => "#",
    }
}

/// A cell's text, which is one or a list of lines.
fn text_of(source: Option<&Value>) -> String {
    match source {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notebook_goes_there_and_back() {
        let book = json!({
            "cells": [
                {"cell_type": "markdown", "source": ["# Title\n", "text"]},
                {"cell_type": "code", "source": "print(1)"},
            ],
            "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 0,
        });
        let (source, language) = to_source(book.to_string().as_bytes()).unwrap();
        assert_eq!(language, "PYTHON");
        assert_eq!(
            source,
            "# Databricks notebook source\n# MAGIC %md\n# MAGIC # Title\n# MAGIC text\n\n# COMMAND ----------\n\nprint(1)\n"
        );
        let back: Value = serde_json::from_str(&from_source(&source, &language)).unwrap();
        assert_eq!(back["cells"][0]["source"], "# Title\ntext");
        assert_eq!((&back["cells"][1]["cell_type"], &back["cells"][1]["source"]), (&json!("code"), &json!("print(1)")));
    }

    #[test]
    fn what_is_no_notebook_is_refused() {
        assert!(to_source(b"x").is_err() && to_source(b"{}").is_err());
        assert!(!is_notebook("/a.ipynb", b"{}") && !is_notebook("/a.py", b"{\"cells\":[]}"));
        assert!(is_notebook("/a.ipynb", b"{\"cells\":[]}"));
    }
}
