//! A login's program: the user's shell, as sshd(8) starts it, with a terminal or with pipes. Everything that it starts and that
//! does not leave its process group is ended with it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, User};
use russh::Sig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::inbox::Inbox;
use super::limits::GRACE;
use super::outlet::{Outlet, STDERR};
use super::pty::Terminal;
use super::shared::{Host, Shared};
use crate::signals;

/// What runs, and with which variables besides those of the login.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    /// A command for the shell, or none for a login shell.
    pub(super) command: Option<&'a [u8]>,
    /// The variables that the client sent.
    pub(super) environment: &'a [(String, String)],
    /// The terminal's type, as in `TERM`.
    pub(super) terminal_type: Option<&'a str>,
    /// The socket of the client's agent.
    pub(super) agent: Option<&'a Path>,
}

/// A running program and what it is connected to.
pub(super) struct Program {
    child: Child,
    group: Pid,
    input: Box<dyn AsyncWrite + Send + Sync + Unpin>,
    output: Box<dyn AsyncRead + Send + Sync + Unpin>,
    errors: Option<tokio::process::ChildStderr>,
}

impl Launch<'_> {
    /// Starts the program.
    ///
    /// # Errors
    /// When the shell cannot be started.
    pub(super) fn start(&self, host: &Host, terminal: Option<Terminal>) -> io::Result<Program> {
        let shell = shell(&host.user);
        let name = shell.file_name().unwrap_or(shell.as_os_str());
        let (arg0, arguments) = match self.command {
            Some(command) => (name.to_owned(), vec![OsStr::new("-c"), OsStr::from_bytes(command)]),
            None => ([OsStr::new("-"), name].into_iter().collect::<OsString>(), Vec::new()),
        };
        let environment = self.environment(host, &shell, terminal.as_ref().map(|terminal| terminal.path.as_path()));
        let home = if host.user.dir.is_dir() { host.user.dir.as_path() } else { Path::new("/") };
        match terminal {
            Some(terminal) => {
                let command = pty_process::Command::new(&shell).arg0(arg0).args(arguments).current_dir(home);
                let command = command.env_clear().envs(environment);
                let child = command.spawn(terminal.theirs).map_err(io::Error::other)?;
                let (output, input) = terminal.ours.into_split();
                Program::new(child, Box::new(input), Box::new(output), None)
            }
            None => {
                let mut command = Command::new(&shell);
                command.arg0(arg0).args(arguments).current_dir(home).env_clear().envs(environment).process_group(0);
                let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
                let missing = || io::Error::other("a pipe is missing");
                let input = child.stdin.take().ok_or_else(missing)?;
                let output = child.stdout.take().ok_or_else(missing)?;
                let errors = child.stderr.take();
                Program::new(child, Box::new(input), Box::new(output), errors)
            }
        }
    }

    /// The variables in sshd's order: what comes later counts.
    fn environment(&self, host: &Host, shell: &Path, terminal: Option<&Path>) -> BTreeMap<OsString, OsString> {
        let user = &host.user;
        let path = if user.uid.is_root() {
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        } else {
            "/usr/local/bin:/usr/bin:/bin:/usr/games"
        };
        let mut variables = BTreeMap::new();
        let mut set = |name: &str, value: &OsStr| {
            variables.insert(OsString::from(name), value.to_owned());
        };
        for (name, value) in self.environment {
            set(name, OsStr::new(value));
        }
        set("USER", OsStr::new(&user.name));
        set("LOGNAME", OsStr::new(&user.name));
        set("HOME", user.dir.as_os_str());
        set("PATH", OsStr::new(path));
        set("MAIL", OsStr::new(&format!("/var/mail/{}", user.name)));
        set("SHELL", shell.as_os_str());
        // What sshd says where its connection is no network's.
        set("SSH_CLIENT", OsStr::new("UNKNOWN 65535 65535"));
        set("SSH_CONNECTION", OsStr::new("UNKNOWN 65535 UNKNOWN 65535"));
        if let Some(path) = terminal {
            set("SSH_TTY", path.as_os_str());
        }
        if let Some(kind) = self.terminal_type {
            set("TERM", OsStr::new(kind));
        }
        if let Some(socket) = self.agent {
            set("SSH_AUTH_SOCK", socket.as_os_str());
        }
        for (name, value) in &host.environment {
            set(name, OsStr::new(value));
        }
        variables
    }
}

fn shell(user: &User) -> PathBuf {
    if user.shell.as_os_str().is_empty() { PathBuf::from("/bin/sh") } else { user.shell.clone() }
}

impl Program {
    fn new(
        child: Child,
        input: Box<dyn AsyncWrite + Send + Sync + Unpin>,
        output: Box<dyn AsyncRead + Send + Sync + Unpin>,
        errors: Option<tokio::process::ChildStderr>,
    ) -> io::Result<Self> {
        // Both kinds of start make the program the leader of a group of its own.
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let group = id.map(Pid::from_raw).ok_or_else(|| io::Error::other("the program has no id"))?;
        Ok(Self { child, group, input, output, errors })
    }

    pub(super) fn group(&self) -> Pid {
        self.group
    }

    /// Connects the program with its channel until it has ended and all that it wrote is sent. The channel's end is its end.
    /// `ended` is set as soon as its id may belong to another program.
    pub(super) async fn run(self, inbox: Arc<Inbox>, outlet: Outlet, shared: Arc<Shared>, ended: &AtomicBool) {
        let Self { mut child, group, input, output, errors } = self;
        let how = {
            let errors = async {
                if let Some(errors) = errors {
                    outlet.pump(errors, Some(STDERR)).await;
                }
            };
            let running = async {
                let child = async {
                    let status = child.wait().await;
                    ended.store(true, Ordering::Release);
                    status
                };
                let (status, (), ()) = tokio::join!(child, outlet.pump(output, None), errors);
                status
            };
            tokio::select! {
                status = running => Some(status),
                () = feed(&inbox, input) => None,
                () = inbox.closed() => None,
                () = shared.killed.cancelled() => None,
            }
        };
        match how {
            Some(status) => {
                outlet.end_of_data().await;
                say_how_it_ended(&outlet, status.ok()).await;
                outlet.close().await;
            }
            None => end(child, group, &shared).await,
        }
    }
}

/// Gives a program what arrives for it. Does not end before the program does.
async fn feed(inbox: &Inbox, mut input: impl AsyncWrite + Unpin) {
    while let Some(bytes) = inbox.take().await {
        if input.write_all(&bytes).await.is_err() {
            inbox.discard();
            break;
        }
    }
    drop(input);
    std::future::pending::<()>().await;
}

async fn say_how_it_ended(outlet: &Outlet, status: Option<ExitStatus>) {
    let signal = status.and_then(|status| status.signal());
    if let Some(signal) = signal.and_then(|number| Signal::try_from(number).ok()) {
        outlet.exit_signal(ssh_signal(signal), status.is_some_and(|status| status.core_dumped())).await;
    } else {
        let code = status.and_then(|status| status.code()).and_then(|code| u32::try_from(code).ok());
        outlet.exit_status(code.unwrap_or(255)).await;
    }
}

/// Ends a program whose channel is gone.
async fn end(mut child: Child, group: Pid, shared: &Shared) {
    if !shared.killed.is_cancelled() {
        let Some(id) = child.id() else { return };
        let _ = killpg(group, Signal::SIGHUP);
        let _ = killpg(group, Signal::SIGCONT);
        tokio::select! {
            ended = timeout(GRACE, child.wait()) => {
                if ended.is_ok() || signals::ignores_hang_up(id) {
                    return;
                }
            }
            () = shared.killed.cancelled() => {}
        }
    }
    let _ = killpg(group, Signal::SIGKILL);
    let _ = child.wait().await;
}

/// The name of a signal: RFC 4254, section 6.10. OpenSSH's words for one without a name.
fn ssh_signal(signal: Signal) -> Sig {
    match signal {
        Signal::SIGABRT => Sig::ABRT,
        Signal::SIGALRM => Sig::ALRM,
        Signal::SIGFPE => Sig::FPE,
        Signal::SIGHUP => Sig::HUP,
        Signal::SIGILL => Sig::ILL,
        Signal::SIGINT => Sig::INT,
        Signal::SIGKILL => Sig::KILL,
        Signal::SIGPIPE => Sig::PIPE,
        Signal::SIGQUIT => Sig::QUIT,
        Signal::SIGSEGV => Sig::SEGV,
        Signal::SIGTERM => Sig::TERM,
        Signal::SIGUSR1 => Sig::USR1,
        Signal::SIGUSR2 => Sig::Custom("USR2".to_owned()),
        _ => Sig::Custom("SIG@openssh.com".to_owned()),
    }
}

/// The signal of a name, where a client may send it.
pub(super) fn signal(name: &Sig) -> Option<Signal> {
    Some(match name {
        Sig::ABRT => Signal::SIGABRT,
        Sig::ALRM => Signal::SIGALRM,
        Sig::FPE => Signal::SIGFPE,
        Sig::HUP => Signal::SIGHUP,
        Sig::ILL => Signal::SIGILL,
        Sig::INT => Signal::SIGINT,
        Sig::KILL => Signal::SIGKILL,
        Sig::PIPE => Signal::SIGPIPE,
        Sig::QUIT => Signal::SIGQUIT,
        Sig::SEGV => Signal::SIGSEGV,
        Sig::TERM => Signal::SIGTERM,
        Sig::USR1 => Signal::SIGUSR1,
        Sig::Custom(name) if name == "USR2" => Signal::SIGUSR2,
        Sig::Custom(_) => return None,
    })
}
