//! What the environment says: the one file of this crate that reads it. Names: go-plugin's handshake, and Terraform's own.

use std::env;
use std::path::PathBuf;

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
