//! Runs ssh with the tunnel as its ProxyCommand. What it is told is decided by [`arguments`]; ssh(1), ssh_config(5).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use databricks::ssh_endpoint::SshEndpoint;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secret::Secret;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Context, Error, Result};
use crate::quote;

/// The variable in which `connect` hands its token to the proxy that ssh starts, which saves asking for another.
pub const TOKEN_VARIABLE: &str = "DATABRICKS_TUNNEL_TOKEN";

/// Everything that ssh is told.
#[derive(Debug)]
pub struct Invocation<'a> {
    /// The endpoint.
    pub endpoint: &'a SshEndpoint,
    /// The command line of the proxy, as arguments.
    pub proxy: Vec<String>,
    /// File of the client's private key.
    pub identity: &'a Path,
    /// File with the endpoint's host key.
    pub known_hosts: &'a Path,
    /// More `-o` options of the person's; ours come first, and the first counts.
    pub options: &'a [String],
    /// What to run: arguments, or nothing for a shell.
    pub command: &'a [String],
    /// Whether a person sits in front of it.
    pub terminal: bool,
}

/// ssh's arguments.
pub fn arguments(invocation: &Invocation<'_>) -> Vec<String> {
    let file = |path: &Path| format!("\"{}\"", path.display().to_string().replace('%', "%%"));
    let alias = invocation.endpoint.host_key_alias();
    let options = [
        format!("ProxyCommand={}", quote::proxy_command(&invocation.proxy)),
        "ProxyJump=none".to_owned(),
        format!("HostKeyAlias={alias}"),
        "StrictHostKeyChecking=yes".to_owned(),
        format!("UserKnownHostsFile={}", file(invocation.known_hosts)),
        "GlobalKnownHostsFile=/dev/null".to_owned(),
        "HostKeyAlgorithms=ssh-ed25519".to_owned(),
        "UpdateHostKeys=no".to_owned(),
        "VerifyHostKeyDNS=no".to_owned(),
        "CheckHostIP=no".to_owned(),
        format!("IdentityFile={}", file(invocation.identity)),
        "IdentitiesOnly=yes".to_owned(),
        "PreferredAuthentications=publickey".to_owned(),
        "ControlPath=none".to_owned(),
        "ConnectTimeout=360".to_owned(),
        "ServerAliveInterval=30".to_owned(),
        // The tunnel takes a lost connection up again for ten minutes, and ssh is to wait for that.
        "ServerAliveCountMax=22".to_owned(),
        "Compression=no".to_owned(),
    ];
    let all = options.iter().chain(invocation.options);
    let mut arguments: Vec<String> = all.flat_map(|option| ["-o".to_owned(), option.clone()]).collect();
    let command = if invocation.command.is_empty() && invocation.terminal {
        arguments.push("-t".to_owned());
        Some(SHELL.to_owned())
    } else if invocation.command.is_empty() {
        None
    } else {
        Some(quote::line(invocation.command))
    };
    arguments.extend(["-l".to_owned(), invocation.endpoint.remote_user.clone(), alias]);
    if let Some(command) = command {
        arguments.extend(["--".to_owned(), command]);
    }
    arguments
}

/// An interactive shell that is no login shell: `/etc/profile` would take the driver's PATH away.
const SHELL: &str = "if command -v bash >/dev/null 2>&1; then exec bash -i; else exec \"${SHELL:-/bin/sh}\" -i; fi";

/// Runs ssh to its end. Signals that end this process end ssh first.
///
/// # Errors
/// When there is no ssh on the path, or it cannot be started.
pub async fn run(invocation: &Invocation<'_>, path: &[PathBuf], token: &Secret<String>) -> Result<ExitStatus> {
    let program = path.iter().map(|folder| folder.join("ssh")).find(|file| file.is_file()).ok_or_else(|| {
        Error::new("there is no ssh on the PATH").way_out("Install OpenSSH's client (openssh-client).")
    })?;
    let mut child = Command::new(&program)
        .args(arguments(invocation).into_iter().map(OsString::from))
        .env(TOKEN_VARIABLE, token.expose())
        .stdin(Stdio::inherit())
        .spawn()
        .context(|| format!("cannot run {}", program.display()))?;
    // The terminal sends these to ssh as well; here they must not end the process that waits for it.
    let mut interrupt = signal(SignalKind::interrupt()).context(|| "cannot wait for signals".to_owned())?;
    let mut quit = signal(SignalKind::quit()).context(|| "cannot wait for signals".to_owned())?;
    let mut terminate = signal(SignalKind::terminate()).context(|| "cannot wait for signals".to_owned())?;
    let mut hang_up = signal(SignalKind::hangup()).context(|| "cannot wait for signals".to_owned())?;
    loop {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let forward = tokio::select! {
            status = child.wait() => return status.context(|| "cannot wait for ssh".to_owned()),
            _ = interrupt.recv() => None,
            _ = quit.recv() => None,
            _ = terminate.recv() => Some(Signal::SIGTERM),
            _ = hang_up.recv() => Some(Signal::SIGHUP),
        };
        if let (Some(signal), Some(id)) = (forward, id) {
            let _ = kill(id, signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> SshEndpoint {
        serde_json::from_value(serde_json::json!({"schema_version":1,"host":"https://x","workspace_id":"1",
            "cluster_id":"c","name":"demo","remote_user":"root","server_host_key":"ssh-ed25519 A","secret_scope":"s",
            "directory":"/Workspace/d","binary_path":"/Workspace/b","binary_sha256":"00","max_clients":10,
            "shutdown_delay_seconds":600,"auto_start":true}))
        .unwrap()
    }

    #[test]
    fn commands_arrive_as_arguments_and_shells_get_a_terminal() {
        let check = |command: &[&str], terminal: bool, expected: &[&str]| {
            let endpoint = endpoint();
            let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            let invocation = Invocation {
                endpoint: &endpoint,
                proxy: vec!["tunnel".to_owned()],
                identity: Path::new("/k"),
                known_hosts: Path::new("/h"),
                options: &[],
                command: &command,
                terminal,
            };
            let all = arguments(&invocation);
            let after_options = all.iter().skip_while(|word| *word != "-l" && *word != "-t");
            assert_eq!(after_options.map(String::as_str).collect::<Vec<_>>(), expected);
        };
        let alias = "demo.1.ssh-tunnel";
        check(&["sh", "-c", "exit 7"], true, &["-l", "root", alias, "--", "sh -c 'exit 7'"]);
        check(&["-v"], false, &["-l", "root", alias, "--", "-v"]);
        check(&[], false, &["-l", "root", alias]);
        check(&[], true, &["-t", "-l", "root", alias, "--", SHELL]);
    }

    #[test]
    fn a_persons_options_cannot_weaken_the_check_of_the_host_key() {
        let endpoint = endpoint();
        let options = ["StrictHostKeyChecking=no".to_owned()];
        let invocation = Invocation {
            endpoint: &endpoint,
            proxy: vec!["/a b/tunnel".to_owned(), "100%".to_owned()],
            identity: Path::new("/k y"),
            known_hosts: Path::new("/h%"),
            options: &options,
            command: &[],
            terminal: false,
        };
        // ssh -G prints what ssh would do.
        let output = std::process::Command::new("ssh").arg("-G").args(arguments(&invocation)).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        for line in ["stricthostkeychecking true", "userknownhostsfile /h%", "identityfile /k y", "user root"] {
            assert!(text.lines().any(|other| other == line), "{line} is not in {text}");
        }
        assert!(text.contains("proxycommand '/a b/tunnel' '100%%'"), "{text}");
    }
}
