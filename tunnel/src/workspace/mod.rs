//! Which workspace, signed in as whom: the floor that every family of commands stands on. It knows no endpoint and no command.

pub mod client;
pub mod profiles;
pub mod selection;

use crate::error::Error;

/// An error of the workspace, with what was being done.
pub fn explain(error: databricks::Error, doing: &str) -> Error {
    Error::new(doing).caused_by(error)
}
