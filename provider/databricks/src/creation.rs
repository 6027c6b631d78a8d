//! Creating requests: what their failures leave behind.

use tfplugin::{Error, Result};

/// The answer to the one request by which an object comes to be.
pub(crate) trait Created<T> {
    /// Where the API refused, nothing was made, and the error says so to the framework.
    fn created(self) -> Result<T>;
}

impl<T> Created<T> for Result<T, databricks::Error> {
    fn created(self) -> Result<T> {
        self.map_err(uncreated)
    }
}

/// The error of a creating request.
pub(crate) fn uncreated(error: databricks::Error) -> Error {
    let is_certain = error.has_done_nothing();
    let error = Error::from(error);
    if is_certain { error.undone() } else { error }
}
