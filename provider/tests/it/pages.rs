//! The documentation and the examples in the tree are those that the code generates. `UPDATE_DOCS=1` writes them.

use std::path::{Path, PathBuf};

use terraform_provider_databricks::Databricks;

use crate::cloud::root;

pub const TESTS: &[(&str, fn())] = &[("docs_and_examples_are_current", docs_and_examples_are_current)];

fn docs_and_examples_are_current() {
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let pages = tfplugin::docs::files::<Databricks>();
    let mut stale = Vec::new();
    for (path, text) in &pages {
        let path = root().join(path);
        if std::fs::read_to_string(&path).ok().as_deref() == Some(text) {
            continue;
        }
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
        } else {
            stale.push(path);
        }
    }
    for folder in [
        "docs/resources",
        "docs/data-sources",
        "docs/ephemeral-resources",
        "docs/actions",
        "docs/functions",
        "examples/resources",
        "examples/actions",
    ] {
        for path in files(&root().join(folder)) {
            let relative = path.strip_prefix(root()).unwrap().display().to_string();
            if pages.contains_key(&relative) {
                continue;
            }
            if update {
                std::fs::remove_file(&path).unwrap();
            } else {
                stale.push(path);
            }
        }
    }
    assert!(stale.is_empty(), "not what the code generates (run: just docs): {stale:#?}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
