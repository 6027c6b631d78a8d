//! The official Databricks provider's contract: its schemas as a table, and states that it wrote.
//!
//! `provider/tests/official` has the data: `schemas.tsv` and `resources.tsv` (read off the official provider's schemas),
//! `states/` and `states.tsv` (written by it, with their configurations), `differences.tsv` (what we do differently on
//! purpose, each with its reason).

pub mod refreshed;
pub mod shape;
pub mod states;
pub mod table;

use std::path::PathBuf;

use crate::cloud::root;

/// A file of the data.
fn file(name: &str) -> PathBuf {
    root().join("provider/tests/official").join(name)
}

/// The rows of a table of the data, without its heading.
fn rows(name: &str) -> Vec<Vec<String>> {
    let path = file(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}
