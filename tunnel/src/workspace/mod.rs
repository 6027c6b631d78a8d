//! Which workspace, signed in as whom: the floor that every family of commands stands on. It knows no endpoint and no command.

pub mod client;
pub mod clusters;
pub mod found;
pub mod names;
pub mod profiles;
pub mod selection;
pub mod waiting;
pub mod warehouses;

use crate::error::{Error, exit};

/// An error of the workspace, with what was being done.
pub fn explain(error: databricks::Error, doing: &str) -> Error {
    Error::new(doing).caused_by(error)
}

/// The same with the exit code that tells what is not there, and who may not, from other failures.
pub fn refused(error: databricks::Error, doing: &str) -> Error {
    let code = match &error {
        databricks::Error::Auth { .. } => exit::DENIED,
        _ if error.is_denied() || error.is_bad_token() => exit::DENIED,
        _ if error.is_not_found() || error.is_missing_cluster() => exit::NOT_THERE,
        // API 1.2 has no codes but these.
        _ if ["ClusterNotFound", "ContextNotFound", "CommandNotFound"]
            .iter()
            .any(|start| error.message().starts_with(start)) =>
        {
            exit::NOT_THERE
        }
        _ => exit::FAILED,
    };
    explain(error, doing).exits_with(code)
}
