//! The program `tunnel` on this machine, run as a child: where it is found, what it is given, what it said. The provider starts
//! no other process.

use std::io::Write;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use ssh_endpoint::{PROGRAM, SshEndpoint};
use tempfile::NamedTempFile;
use tfplugin::{Attr, Call, Error, Result, Secret};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use url::Url;

use super::endpoint_slots::turn;
use super::tunnel_binary::Places;
use crate::clients::Workspace;
use crate::environment;

/// Variables of the clients of Databricks that say neither who signs in nor where.
const KEPT: [&str; 5] = [
    "DATABRICKS_WORKSPACE_ID",
    "DATABRICKS_RATE_LIMIT",
    "DATABRICKS_HTTP_TIMEOUT_SECONDS",
    "DATABRICKS_RETRY_TIMEOUT_SECONDS",
    "DATABRICKS_USER_AGENT_EXTRA",
];

/// A program that exists.
#[derive(Debug, Clone)]
pub(super) struct TunnelProgram(PathBuf);

/// What it is asked.
#[derive(Debug, Default)]
pub(super) struct Ask {
    /// What follows `tunnel job --outputs FILE`.
    pub(super) arguments: Vec<String>,
    /// Variables that are secret.
    pub(super) secrets: Vec<(String, Secret<String>)>,
    /// What it reads.
    pub(super) stdin: String,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// By itself.
    Said(Said),
    /// The user interrupted Terraform.
    Interrupted,
    /// The time of the operation was over.
    Late,
}

/// What it said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    /// Its last words on stderr.
    pub(super) words: String,
}

impl TunnelProgram {
    /// The configured file; else `tunnel` beside the provider or on the PATH.
    pub(super) fn find(configured: &Attr<String>) -> Result<Self> {
        let candidates = match configured.known() {
            Some(path) => vec![std::path::absolute(path)?],
            None => Places::here().folders.iter().map(|folder| folder.join(PROGRAM)).collect(),
        };
        candidates.iter().find(|path| path.is_file()).cloned().map(Self).ok_or_else(|| {
            let looked: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
            Error::new("The program tunnel was not found on this machine")
                .detail(format!(
                    "It brings the job to the endpoint. Install it beside the provider or on the PATH, or set tunnel_program to its file. Looked for {}.",
                    looked.join(", ")
                ))
                .at("tunnel_program")
        })
    }

    /// Runs `tunnel job` at an endpoint of the provider's own workspace. It ends when the operation ends, at the latest.
    pub(super) async fn job(&self, cx: &Call<Workspace>, endpoint: &SshEndpoint, ask: Ask) -> Result<Ending> {
        of_this_workspace(endpoint, cx.client().host())?;
        let _turn = tokio::select! {
            turn = turn(endpoint) => turn,
            () = cx.cancelled() => return Ok(Ending::Interrupted),
            () = tokio::time::sleep(cx.left()) => return Ok(Ending::Late),
        };
        let token = cx.client().bearer().await?;
        let outputs = outputs(endpoint)?;
        let mut command = Command::new(&self.0);
        command.arg("job").arg("--outputs").arg(outputs.path()).args(&ask.arguments);
        for name in environment::databricks_variables().iter().filter(|name| is_of_a_login(name)) {
            command.env_remove(name);
        }
        command.envs(ask.secrets.iter().map(|(name, value)| (name, value.expose())));
        command.env("DATABRICKS_HOST", &endpoint.host).env("DATABRICKS_TOKEN", token.expose());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // Ctrl-C at a terminal goes to all of a process group. Terraform tells us of it, and we decide what ends.
        command.process_group(0);
        let cannot = |error: &std::io::Error| {
            Error::new(format!("Cannot run {}", self.0.display())).detail(error.to_string()).at("tunnel_program")
        };
        let mut child = command.spawn().map_err(|error| cannot(&error))?;
        let input = child.stdin.take();
        let talking = async {
            let give = async move {
                if let Some(mut input) = input {
                    // Who does not read it all says why on stderr.
                    let _ = input.write_all(ask.stdin.as_bytes()).await;
                }
            };
            tokio::join!(child.wait_with_output(), give).0
        };
        let output = tokio::select! {
            biased;
            output = talking => output.map_err(|error| cannot(&error))?,
            () = cx.cancelled() => return Ok(Ending::Interrupted),
            () = tokio::time::sleep(cx.left()) => return Ok(Ending::Late),
        };
        let words = last_words(&String::from_utf8_lossy(&output.stderr));
        Ok(Ending::Said(Said { status: output.status, stdout: output.stdout, words }))
    }
}

/// The endpoint, in a file that this user alone reads. It holds no secret.
fn outputs(endpoint: &SshEndpoint) -> Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("ssh-endpoint-").suffix(".json").tempfile()?;
    file.write_all(&serde_json::to_vec(endpoint)?)?;
    file.flush()?;
    Ok(file)
}

/// The provider's token goes to the provider's workspace and nowhere else, whatever an endpoint says.
fn of_this_workspace(endpoint: &SshEndpoint, host: &Url) -> Result<()> {
    if endpoint.host.parse::<Url>().is_ok_and(|theirs| theirs.origin() == host.origin()) {
        return Ok(());
    }
    Err(Error::new(format!("The endpoint {:?} belongs to the workspace {}", endpoint.name, endpoint.host))
        .detail(format!(
            "This provider instance is configured for {}. Use a provider instance of the endpoint's workspace.",
            host.origin().ascii_serialization()
        ))
        .at("endpoint"))
}

/// Whether a variable could make tunnel sign in as somebody else than the provider.
fn is_of_a_login(name: &str) -> bool {
    !name.starts_with("DATABRICKS_TUNNEL_") && !KEPT.contains(&name)
}

/// The error that stands at the end of what the program wrote about its progress.
fn last_words(stderr: &str) -> String {
    const PREFIX: &str = "tunnel: ";
    let lines: Vec<&str> = stderr.trim().lines().collect();
    let start = lines.iter().rposition(|line| line.starts_with(PREFIX)).unwrap_or_default();
    let text = lines.get(start..).unwrap_or_default().join("\n");
    text.strip_prefix(PREFIX).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_error_is_told_without_the_progress() {
        let check = |stderr: &str, expected: &str| assert_eq!(last_words(stderr), expected);
        check("starting the cluster\ntunnel: no room\nMake some.\n", "no room\nMake some.");
        check("tunnel: the connection was lost\ntunnel: no key\n", "no key");
        check("error: unrecognized subcommand 'job'\n", "error: unrecognized subcommand 'job'");
        check("", "");
    }

    #[test]
    fn no_other_login_reaches_the_program() {
        for (name, expected) in [
            ("DATABRICKS_CLIENT_SECRET", true),
            ("DATABRICKS_CONFIG_PROFILE", true),
            ("DATABRICKS_AUTH_TYPE", true),
            ("DATABRICKS_TUNNEL_HOME", false),
            ("DATABRICKS_RATE_LIMIT", false),
        ] {
            assert_eq!(is_of_a_login(name), expected, "{name}");
        }
    }
}
