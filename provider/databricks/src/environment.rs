//! What the provider's own code reads from the environment. The clients of AWS and Databricks read theirs themselves.

use std::path::PathBuf;

/// The program that databricks_ssh_endpoint uploads: `TUNNEL_BINARY`.
pub(crate) fn tunnel_binary() -> Option<PathBuf> {
    std::env::var_os("TUNNEL_BINARY").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The folders of `PATH`.
pub(crate) fn search_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// The names of the variables that the clients of Databricks read.
pub(crate) fn databricks_variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("DATABRICKS_")).collect()
}
