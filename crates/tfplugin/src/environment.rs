//! What the environment says: the one file of this crate that reads it. Names: go-plugin's handshake, and Terraform's own.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The value of the cookie by which Terraform says that it is Terraform.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// What Terraform tells a plugin that it starts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// Whether the process was started by Terraform.
    pub(crate) cookie: bool,
    /// The major versions of the protocol that Terraform speaks.
    pub(crate) versions: Option<String>,
    /// The one client certificate to accept, in PEM.
    pub(crate) client_certificate: Option<String>,
    /// Where to make a socket.
    pub(crate) socket_folder: PathBuf,
    /// The group that may use the socket.
    pub(crate) socket_group: Option<String>,
    /// The least and the greatest port, where there are no sockets.
    pub(crate) ports: (u16, u16),
    /// Where the journal of creates is.
    pub(crate) journal: PathBuf,
    /// What Terraform works on.
    pub(crate) working: Working,
}

/// What a run of Terraform works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Working {
    /// Terraform's workspace: all of them share a working directory, and its journal.
    pub(crate) workspace: String,
    /// Whether the run was asked to leave a part of the state alone (`-target`, `-exclude`): what it does not show may be
    /// stored all the same.
    pub(crate) is_partial: bool,
}

impl Default for Working {
    fn default() -> Self {
        Self { workspace: "default".to_owned(), is_partial: false }
    }
}

impl Working {
    /// As Terraform finds it: `TF_WORKSPACE`, then what `terraform workspace select` wrote.
    fn read(data: &Path) -> Self {
        let selected = || fs::read_to_string(data.join("environment")).ok().map(|name| name.trim().to_owned());
        let workspace = text("TF_WORKSPACE").or_else(selected).filter(|name| !name.is_empty());
        // Where the system has no /proc, a run counts as a whole one.
        let parent = fs::read(format!("/proc/{}/cmdline", std::os::unix::process::parent_id())).unwrap_or_default();
        let given = env::vars().filter(|(name, _)| name.starts_with("TF_CLI_ARGS")).map(|(_, value)| value);
        Self {
            workspace: workspace.unwrap_or_else(|| Self::default().workspace),
            is_partial: is_partial(&String::from_utf8_lossy(&parent)) || given.into_iter().any(|it| is_partial(&it)),
        }
    }
}

/// Whether Terraform's arguments leave a part of the state alone.
fn is_partial(arguments: &str) -> bool {
    arguments.split(['\0', ' ']).any(|argument| {
        let name = argument.trim_start_matches('-').split('=').next().unwrap_or_default();
        argument.starts_with('-') && matches!(name, "target" | "target-file" | "exclude" | "exclude-file")
    })
}

impl Environment {
    pub(crate) fn read() -> Self {
        let port = |name: &str, default: u16| text(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let data =
            env::var_os("TF_DATA_DIR").filter(|it| !it.is_empty()).map_or_else(|| ".terraform".into(), PathBuf::from);
        Self {
            cookie: text("TF_PLUGIN_MAGIC_COOKIE").as_deref() == Some(COOKIE),
            versions: text("PLUGIN_PROTOCOL_VERSIONS"),
            client_certificate: text("PLUGIN_CLIENT_CERT"),
            socket_folder: text("PLUGIN_UNIX_SOCKET_DIR").map_or_else(env::temp_dir, PathBuf::from),
            socket_group: text("PLUGIN_UNIX_SOCKET_GROUP"),
            ports: (port("PLUGIN_MIN_PORT", 0), port("PLUGIN_MAX_PORT", 0)),
            journal: data.join("provider-journal"),
            working: Working::read(&data),
        }
    }
}

/// The log level that Terraform was asked for: `TF_LOG_PROVIDER_<NAME>`, `TF_LOG_PROVIDER`, `TF_LOG`.
pub(crate) fn log_level(provider: &str) -> Option<String> {
    let own = format!("TF_LOG_PROVIDER_{}", provider.to_uppercase().replace('-', "_"));
    [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"].into_iter().find_map(text)
}

fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::is_partial;

    #[test]
    fn a_run_with_targets_is_a_partial_one() {
        for (arguments, partial) in [
            ("terraform\0apply\0-auto-approve", false),
            ("terraform\0apply\0-target=a.b\0-auto-approve", true),
            ("terraform\0plan\0--target\0a.b", true),
            ("-parallelism=2 -exclude=a.b", true),
            ("terraform\0-chdir=target\0apply\0-var\0x=-target=", false),
            ("terraform\0apply\0target", false),
            ("", false),
        ] {
            assert_eq!(is_partial(arguments), partial, "{arguments:?}");
        }
    }
}
