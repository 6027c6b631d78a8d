//! The tunnel's folder on this machine, and what it calls itself there.

use std::path::PathBuf;

use crate::environment;
use crate::error::{Context, Error, Result};

/// The tunnel's folder.
///
/// # Errors
/// When there is no home.
pub fn home() -> Result<PathBuf> {
    let home = environment::home()
        .ok_or_else(|| Error::new("there is no home directory").way_out("Set DATABRICKS_TUNNEL_HOME to a folder."))?;
    // ssh runs in this folder too, and the paths stand in its options.
    std::path::absolute(&home).context(|| format!("{} is no folder", home.display()))
}

/// Whose key it is: `user@machine`.
pub fn comment() -> String {
    let user = environment::variable("USER").or_else(|| environment::variable("LOGNAME"));
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    format!("{}@{}", user.as_deref().unwrap_or("tunnel"), host.as_deref().unwrap_or("unknown"))
}
