//! Runs ssh with the tunnel as its ProxyCommand. What it is told is decided by [`arguments`]; ssh(1), ssh_config(5).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secret::Secret;
use ssh_endpoint::SshEndpoint;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Context, Error, Result};
use crate::logging;
use crate::quote;
use crate::signals::HangUp;

/// The variable in which `connect` hands its token to the proxy that ssh starts, which saves asking for another.
pub const TOKEN_VARIABLE: &str = "DATABRICKS_TUNNEL_TOKEN";
/// Tells the proxy that ssh starts that it carries nothing but calls about jobs.
pub const JOB_CALLS_VARIABLE: &str = "TUNNEL_JOB_CALLS";
/// What the ids of the proxy's sessions begin with.
pub const SESSION_VARIABLE: &str = "TUNNEL_SESSION";

/// The option that keeps the `LocalCommand` of a person's configuration from running where no shell is opened.
pub const NO_LOCAL_COMMAND: &str = "PermitLocalCommand=no";

/// What ssh is told about an endpoint, whoever starts it: names and values of ssh_config(5). `proxy` is the command line of the
/// proxy, `identity` the file of the client's key, `known_hosts` the one with the endpoint's host key.
pub fn options(
    endpoint: &SshEndpoint,
    proxy: &[String],
    identity: &Path,
    known_hosts: &Path,
) -> Vec<(&'static str, String)> {
    let file = |path: &Path| format!("\"{}\"", path.display().to_string().replace('%', "%%"));
    let text = |value: &str| value.to_owned();
    vec![
        ("User", endpoint.remote_user.clone()),
        ("ProxyCommand", quote::proxy_command(proxy)),
        ("ProxyJump", text("none")),
        // What a person says for all hosts must not break what the tunnel runs.
        ("RemoteCommand", text("none")),
        // The older name, which every version of ssh knows: what is accepted by default, and the tunnel's own kind of key.
        ("PubkeyAcceptedKeyTypes", text("+ssh-ed25519")),
        ("HostKeyAlias", endpoint.host_key_alias()),
        ("StrictHostKeyChecking", text("yes")),
        ("UserKnownHostsFile", file(known_hosts)),
        ("GlobalKnownHostsFile", text("/dev/null")),
        ("HostKeyAlgorithms", text("ssh-ed25519")),
        ("UpdateHostKeys", text("no")),
        ("VerifyHostKeyDNS", text("no")),
        ("CheckHostIP", text("no")),
        ("IdentityFile", file(identity)),
        ("IdentitiesOnly", text("yes")),
        ("PreferredAuthentications", text("publickey")),
        ("ControlPath", text("none")),
        ("ConnectTimeout", text("360")),
        ("ServerAliveInterval", text("30")),
        // The tunnel takes a lost connection up again for ten minutes, and ssh is to wait for that.
        ("ServerAliveCountMax", text("22")),
        ("Compression", text("no")),
    ]
}

/// One login.
#[derive(Debug)]
pub struct Login<'a, O> {
    /// The endpoint.
    pub endpoint: &'a SshEndpoint,
    /// The arguments of `-o`; of several with one name the first counts.
    pub options: O,
    /// What to run: arguments, or nothing for a shell.
    pub command: &'a [String],
    /// Whether a person sits in front of it.
    pub terminal: bool,
}

impl<'a, O: Iterator<Item = &'a String>> Login<'a, O> {
    /// ssh's arguments.
    pub fn arguments(self) -> Vec<String> {
        let mut arguments = with_options(self.options);
        let command = if self.command.is_empty() && self.terminal {
            arguments.push("-t".to_owned());
            Some(SHELL.to_owned())
        } else if self.command.is_empty() {
            None
        } else {
            Some(quote::line(self.command))
        };
        arguments.push(self.endpoint.host_key_alias());
        if let Some(command) = command {
            arguments.extend(["--".to_owned(), command]);
        }
        arguments
    }
}

/// Each option behind a `-o`.
pub fn with_options<'a>(options: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    options.into_iter().flat_map(|option| ["-o".to_owned(), option.clone()]).collect()
}

/// An interactive shell that is no login shell: `/etc/profile` would take the driver's PATH away.
const SHELL: &str = "if command -v bash >/dev/null 2>&1; then exec bash -i; else exec \"${SHELL:-/bin/sh}\" -i; fi";

fn find(name: &str, path: &[PathBuf]) -> Result<PathBuf> {
    path.iter().map(|folder| folder.join(name)).find(|file| file.is_file()).ok_or_else(|| {
        Error::new(format!("there is no {name} on the PATH")).way_out("Install OpenSSH's client (openssh-client).")
    })
}

fn command(program: &Path, arguments: Vec<impl Into<OsString>>, token: &Secret<String>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments.into_iter().map(Into::into)).env(TOKEN_VARIABLE, token.expose());
    if let Some(level) = logging::asked() {
        command.env(logging::VARIABLE, level);
    }
    command
}

/// Starts an ssh that a program talks with: its stdin and stdout are pipes, and `stderr` is where its own words go. It ends when
/// the child is dropped.
///
/// # Errors
/// When there is no ssh on the path, or it cannot be started.
pub fn piped(arguments: Vec<String>, path: &[PathBuf], token: &Secret<String>, stderr: Stdio) -> Result<Child> {
    let program = find("ssh", path)?;
    start(&program, command(&program, arguments, token), stderr)
}

/// The same for a call about jobs.
///
/// # Errors
/// As [`piped`].
pub fn job_call(arguments: Vec<String>, path: &[PathBuf], token: &Secret<String>) -> Result<Child> {
    let program = find("ssh", path)?;
    let mut command = command(&program, arguments, token);
    command.env(JOB_CALLS_VARIABLE, "1");
    start(&program, command, Stdio::piped())
}

fn start(program: &Path, mut command: Command, stderr: Stdio) -> Result<Child> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .kill_on_drop(true)
        .spawn()
        .context(|| format!("cannot run {}", program.display()))
}

/// What ssh calls itself: `OpenSSH_9.2p1, …`.
///
/// # Errors
/// When there is no ssh on the path, or it cannot be run.
pub async fn version(path: &[PathBuf]) -> Result<String> {
    let program = find("ssh", path)?;
    let output = Command::new(&program).arg("-V").stdin(Stdio::null()).output().await;
    let output = output.context(|| format!("cannot run {}", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// What ssh would do at a destination with this configuration: the value of one option, named in small letters as `ssh -G` prints it.
///
/// # Errors
/// When there is no ssh on the path, or it cannot read its configuration: then with its own words.
pub async fn configured(config: &Path, destination: &str, option: &str, path: &[PathBuf]) -> Result<Option<String>> {
    let program = find("ssh", path)?;
    let output = Command::new(&program)
        .arg("-F")
        .arg(config)
        .args(["-G", "--", destination])
        .stdin(Stdio::null())
        .output()
        .await;
    let output = output.context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!("ssh cannot read its configuration: {}", words.trim())));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().find_map(|line| Some(line.strip_prefix(option)?.strip_prefix(' ')?.to_owned())))
}

/// Runs ssh, or another of OpenSSH's programs, to its end. Signals that end this process end it first.
///
/// # Errors
/// When there is no such program on the path, or it cannot be started.
pub async fn run(
    name: &str,
    arguments: Vec<impl Into<OsString>>,
    path: &[PathBuf],
    token: &Secret<String>,
) -> Result<ExitStatus> {
    run_session(name, arguments, path, token, "").await
}

/// The same, where the ids of the proxy's sessions begin with `session`: what the server says about them can be asked for.
///
/// # Errors
/// As [`run`].
pub async fn run_session(
    name: &str,
    arguments: Vec<impl Into<OsString>>,
    path: &[PathBuf],
    token: &Secret<String>,
    session: &str,
) -> Result<ExitStatus> {
    let program = find(name, path)?;
    let mut child = command(&program, arguments, token)
        .env(SESSION_VARIABLE, session)
        .stdin(Stdio::inherit())
        .spawn()
        .context(|| format!("cannot run {}", program.display()))?;
    // The terminal sends these to ssh as well; here they must not end the process that waits for it.
    let mut interrupt = signal(SignalKind::interrupt()).context(|| "cannot wait for signals".to_owned())?;
    let mut quit = signal(SignalKind::quit()).context(|| "cannot wait for signals".to_owned())?;
    let mut terminate = signal(SignalKind::terminate()).context(|| "cannot wait for signals".to_owned())?;
    let mut hang_up = HangUp::new().context(|| "cannot wait for signals".to_owned())?;
    loop {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let forward = tokio::select! {
            status = child.wait() => return status.context(|| "cannot wait for ssh".to_owned()),
            _ = interrupt.recv() => None,
            _ = quit.recv() => None,
            _ = terminate.recv() => Some(Signal::SIGTERM),
            () = hang_up.recv() => Some(Signal::SIGHUP),
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
        crate::endpoint::sample(serde_json::json!({}))
    }

    #[test]
    fn commands_arrive_as_arguments_and_shells_get_a_terminal() {
        let check = |command: &[&str], terminal: bool, expected: &[&str]| {
            let endpoint = endpoint();
            let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            let options = ["Compression=no".to_owned()];
            let login = Login { endpoint: &endpoint, options: options.iter(), command: &command, terminal };
            let all = login.arguments();
            assert_eq!(all[..2], ["-o", "Compression=no"]);
            assert_eq!(all[2..].iter().map(String::as_str).collect::<Vec<_>>(), expected);
        };
        let alias = "demo.1.ssh-tunnel";
        check(&["sh", "-c", "exit 7"], true, &[alias, "--", "sh -c 'exit 7'"]);
        check(&["-v"], false, &[alias, "--", "-v"]);
        check(&[], false, &[alias]);
        check(&[], true, &["-t", alias, "--", SHELL]);
    }

    #[test]
    fn what_a_person_says_for_all_hosts_breaks_nothing() {
        let config = tempfile::NamedTempFile::new().unwrap();
        let text = "Host *\n  RemoteCommand tmux\n  PubkeyAcceptedKeyTypes rsa-sha2-512\n  ProxyJump x\n  User y\n";
        std::fs::write(config.path(), text).unwrap();
        let proxy = ["tunnel".to_owned(), "proxy".to_owned()];
        let options = options(&endpoint(), &proxy, Path::new("/k"), Path::new("/h"));
        let options: Vec<String> = options.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let output = std::process::Command::new("ssh")
            .args(["-G", "-F"])
            .arg(config.path())
            .args(with_options(&options))
            .arg("demo")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        let accepted = ["pubkeyacceptedalgorithms ", "pubkeyacceptedkeytypes "].map(value).join("");
        assert!(accepted.contains("ssh-ed25519"), "{text}");
        assert!(["", "none"].contains(&value("remotecommand ")), "{text}");
        assert_eq!(value("user "), "root");
    }

    #[test]
    fn a_persons_options_cannot_weaken_the_check_of_the_host_key() {
        let endpoint = endpoint();
        let proxy = ["/a b/tunnel".to_owned(), "100%".to_owned()];
        let ours = options(&endpoint, &proxy, Path::new("/k y"), Path::new("/h%"));
        let mut all: Vec<String> = ours.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        all.push("StrictHostKeyChecking=no".to_owned());
        let login = Login { endpoint: &endpoint, options: all.iter(), command: &[], terminal: false };
        // ssh -G prints what ssh would do.
        let output = std::process::Command::new("ssh").arg("-G").args(login.arguments()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        for line in ["stricthostkeychecking true", "userknownhostsfile /h%", "identityfile /k y", "user root"] {
            assert!(text.lines().any(|other| other == line), "{line} is not in {text}");
        }
        assert!(text.contains("proxycommand '/a b/tunnel' '100%%'"), "{text}");
    }
}
