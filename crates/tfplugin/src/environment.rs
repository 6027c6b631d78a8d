//! What the environment says: the one file of this crate that reads it. Names: go-plugin's handshake, and Terraform's own.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::deployment::Deployment;

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
    /// The plan's file, where one is applied that was made before.
    pub(crate) plan: Option<PathBuf>,
    /// The deployment, and where its state is.
    pub(crate) deployment: Deployment,
}

impl Default for Working {
    fn default() -> Self {
        let deployment = Deployment { name: Some(String::new()), state: Some("terraform.tfstate".into()) };
        Self { workspace: "default".to_owned(), is_partial: false, plan: None, deployment }
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
        let arguments: Vec<String> = given.chain([String::from_utf8_lossy(&parent).into_owned()]).collect();
        let workspace = workspace.unwrap_or_else(|| "default".to_owned());
        let state = arguments.iter().find_map(|arguments| state(arguments));
        Self {
            deployment: Deployment::read(data, &workspace, state, text),
            workspace,
            plan: arguments.iter().find_map(|arguments| plan(arguments)),
            is_partial: arguments.iter().any(|arguments| is_partial(arguments)),
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

/// The file that Terraform's arguments name as its state.
fn state(arguments: &str) -> Option<PathBuf> {
    let mut arguments = arguments.split(['\0', ' ']);
    arguments
        .by_ref()
        .find_map(|argument| match argument.strip_prefix("--").or(argument.strip_prefix('-'))? {
            // The path may be the next argument.
            "state" => Some(None),
            named => named.strip_prefix("state=").map(|path| Some(path.into())),
        })?
        .or_else(|| arguments.next().map(Into::into))
}

/// The plan's file among Terraform's arguments, told by what it is: a ZIP archive.
fn plan(arguments: &str) -> Option<PathBuf> {
    let is_plan = |path: &Path| {
        let mut magic = [0; 4];
        let file = path.is_file().then(|| fs::File::open(path).ok()).flatten();
        file.is_some_and(|mut file| file.read_exact(&mut magic).is_ok()) && magic == *b"PK\x03\x04"
    };
    let mut words = arguments.split(['\0', ' ']).skip_while(|word| *word != "apply").skip(1);
    words.find(|word| !word.starts_with('-') && is_plan(Path::new(word))).map(Into::into)
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
    use std::path::Path;

    use super::{is_partial, plan, state};

    #[test]
    fn a_state_that_is_named_is_the_one() {
        for (arguments, path) in [
            ("terraform\0apply\0-state=a.tfstate", Some("a.tfstate")),
            ("terraform\0apply\0--state\0a.tfstate", Some("a.tfstate")),
            ("terraform\0apply\0-state-out=a.tfstate\0-auto-approve", None),
            ("terraform\0apply\0state=a", None),
        ] {
            assert_eq!(state(arguments).as_deref(), path.map(Path::new), "{arguments:?}");
        }
    }

    #[test]
    fn a_plan_that_is_applied_is_told_by_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (planned, other) = (folder.path().join("planned"), folder.path().join("apply"));
        std::fs::write(&planned, "PK\x03\x04...").unwrap();
        std::fs::write(&other, "region = \"x\"").unwrap();
        let (planned, other) = (planned.display(), other.display());
        let check = |arguments: String, is_it: bool| {
            assert_eq!(plan(&arguments).is_some(), is_it, "{arguments:?}");
        };
        check(format!("terraform\0apply\0-auto-approve\0{planned}"), true);
        check(format!("terraform\0-chdir=x\0apply\0-var-file\0{other}\0{planned}"), true);
        check(format!("terraform\0apply\0-var-file\0{other}"), false);
        check(format!("terraform\0show\0{planned}"), false);
        check("terraform\0apply".to_owned(), false);
    }

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
