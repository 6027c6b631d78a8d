//! `tunnel connect`: from the endpoint in Terraform's outputs to a shell on the cluster.

use std::io::IsTerminal;
use std::process::ExitStatus;
use std::time::Duration;

use clap::Args;
use databricks::api::secrets;
use ssh_endpoint::SERVER_PUBLIC_KEY;
use tokio::time::{sleep, timeout};

use crate::commands::ready::Ready;
use crate::commands::selection::{IdentityArgs, NamedEndpointArgs};
use crate::endpoint::files::Files;
use crate::endpoint::start::address;
use crate::error::{Error, Result};
use crate::home::home;
use crate::say;
use crate::ssh::{self, Login};
use crate::websocket::dial;
use crate::{environment, known_hosts, words};

/// What to connect to, and what to run there.
#[derive(Debug, Args)]
#[command(after_help = "Exits with the command's code; 255 is ssh's own failure, and 1 the tunnel's.

Examples:
  tunnel connect
  tunnel connect -- python3 train.py --epochs 3
  tunnel connect demo -o ForwardAgent=yes    # of the outputs, or known here: tunnel list
  terraform output -json | tunnel connect --outputs - -- uname -a")]
pub struct ConnectArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub selection: NamedEndpointArgs,
    /// With which key.
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// An option for ssh, as for `ssh -o`. May be given several times.
    #[arg(short = 'o', value_name = "OPTION")]
    pub options: Vec<String>,
    /// Command to run, with its arguments as they are. Without one, a shell.
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Connects, and answers ssh's exit code.
///
/// # Errors
/// When there is no endpoint, the workspace refuses, or the server does not start.
pub async fn run(args: ConnectArgs) -> Result<u8> {
    let ready = Ready::of(&args.selection.into(), &args.identity.into()).await?;
    let login = Login {
        endpoint: &ready.endpoint,
        options: ready.options.iter().chain(&args.options),
        command: &args.command,
        terminal: std::io::stdin().is_terminal(),
    };
    let session = uuid::Uuid::new_v4().to_string();
    let status = ssh::run_session("ssh", login.arguments(), &environment::path(), &ready.token, &session).await?;
    let code = exit_code(status);
    // 255 is ssh's own failure, or the command's: if there is something to say about the first, it is said.
    if code == 255
        && let Ok(Some(reason)) = timeout(Duration::from_secs(10), post_mortem(&ready, &session)).await
    {
        say!("tunnel: {reason}");
    }
    Ok(code)
}

/// How long the server may take to hear what sshd says at its end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What can be found out about a failed connection: of the server's words those about its sessions only.
async fn post_mortem(ready: &Ready, session: &str) -> Option<Error> {
    let Ready { client, endpoint, server, .. } = ready;
    let current = secrets::get(client, &endpoint.secret_scope, SERVER_PUBLIC_KEY).await.ok()??;
    if known_hosts::parse(current.expose()) != known_hosts::parse(&endpoint.server_host_key) {
        let pin = Files::known_hosts(&home().ok()?, endpoint);
        let error = Error::new("the server's host key is not the one in the outputs, so nothing was sent to it");
        return Some(error.way_out(format!(
            "If the endpoint was made anew, run terraform apply here, or without Terraform remove {}, and connect again. If not, \
             somebody else may be answering: do not connect.",
            pin.display()
        )));
    }
    let token = client.bearer().await.ok()?;
    let address = address(endpoint, server).ok()?;
    let mut log = dial::logs_of_session(&address, session, &token).await.ok()?;
    if log.is_empty() {
        // The server may still be reading what sshd said at its end.
        sleep(LAST_WORDS).await;
        log = dial::logs_of_session(&address, session, &token).await.ok()?;
    }
    let text = words::printable(&String::from_utf8_lossy(&log));
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(5)..)?.join("\n");
    (!last.is_empty()).then(|| Error::new(format!("the server's last words:\n{last}")))
}

/// A shell's view of how a process ended.
pub fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(255)
}
