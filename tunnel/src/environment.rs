//! The environment variables that the tunnel reads itself. Everything about Databricks' authentication is read by the
//! `databricks` crate.

use std::env;
use std::path::PathBuf;

/// Where the tunnel keeps its key, its known_hosts files and its locks: `$DATABRICKS_TUNNEL_HOME`, or
/// `~/.databricks/tunnel`. `None` without a home.
pub fn home() -> Option<PathBuf> {
    let set = env::var_os("DATABRICKS_TUNNEL_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    set.or_else(|| env::home_dir().map(|home| home.join(".databricks").join("tunnel")))
}

/// The person's home, where ssh's configuration is.
pub fn user_home() -> Option<PathBuf> {
    env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// The folders in which programs are looked for.
pub fn path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

/// A variable's value, where it is set, not empty, and text.
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable's value, empty or not, where it is set and is text.
pub fn value(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// The socket of the SSH agent.
pub fn agent() -> Option<PathBuf> {
    env::var_os("SSH_AUTH_SOCK").filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Whether a shell could have a variable of this name.
pub fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c == '_' || c.is_ascii_alphabetic();
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// The file with the outputs, or with an endpoint, where no flag names one.
pub fn outputs() -> Option<PathBuf> {
    env::var_os("TUNNEL_OUTPUTS").filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Where jobs are kept on this machine, in place of `~/.tunnel/jobs`.
pub fn jobs() -> Option<std::ffi::OsString> {
    env::var_os("TUNNEL_JOBS")
}

/// The HTTP proxy for `https` addresses, as curl and the official tools read it.
pub fn https_proxy() -> Option<String> {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].into_iter().find_map(variable)
}

/// The hosts that are reached without a proxy.
pub fn no_proxy() -> String {
    ["NO_PROXY", "no_proxy"].into_iter().find_map(variable).unwrap_or_default()
}

/// All variables that are text, for the sessions on the driver.
pub fn all() -> Vec<(String, String)> {
    env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}
