//! One session channel: what a client asked for before its program starts, and the program's handle afterwards.
//! Reference: RFC 4254, section 6.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::killpg;
use nix::unistd::Pid;
use russh::{ChannelId, Sig};

use super::outlet::Outlet;
use super::program::{self, Launch};
use super::pty::{self, Size};
use super::sftp;
use super::shared::Shared;

/// Variables that a client may send.
const VARIABLES: usize = 128;

#[derive(Debug)]
pub(super) struct Session {
    /// Taken when the channel's one program starts.
    outlet: Option<Outlet>,
    environment: Vec<(String, String)>,
    terminal: Option<pty::Request>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    group: Pid,
    ended: Arc<AtomicBool>,
    terminal: Option<OwnedFd>,
}

impl Session {
    pub(super) fn new(outlet: Outlet) -> Self {
        Self { outlet: Some(outlet), environment: Vec::new(), terminal: None, running: None }
    }

    /// Takes a variable if it is one that sshd would take here, too: `AcceptEnv LANG LC_* COLORTERM`.
    pub(super) fn set(&mut self, name: &str, value: &str) -> bool {
        let accepted = accepts(name, value) && self.environment.len() < VARIABLES;
        if accepted {
            self.environment.push((name.to_owned(), value.to_owned()));
        }
        accepted
    }

    pub(super) fn ask_for_terminal(&mut self, request: pty::Request) -> bool {
        let accepted = self.outlet.is_some() && self.terminal.is_none() && !request.name.contains('\0');
        if accepted {
            self.terminal = Some(request);
        }
        accepted
    }

    pub(super) fn resize(&mut self, size: Size) {
        if let Some(request) = &mut self.terminal {
            request.size = size;
        }
        if let Some(terminal) = self.running.as_ref().and_then(|running| running.terminal.as_ref()) {
            pty::resize(terminal, size);
        }
    }

    pub(super) fn signal(&self, name: &Sig) {
        if let (Some(running), Some(signal)) = (&self.running, program::signal(name))
            && !running.ended.load(Ordering::Acquire)
        {
            let _ = killpg(running.group, signal);
        }
    }

    /// Starts a command, or a login shell. A channel has one program.
    ///
    /// # Errors
    /// When it has had one, or the program or its terminal cannot be started.
    pub(super) fn start(
        &mut self,
        shared: &Arc<Shared>,
        channel: ChannelId,
        command: Option<&[u8]>,
        agent: Option<&Path>,
    ) -> io::Result<()> {
        if command.is_some_and(|command| command.contains(&0)) {
            return Err(io::Error::other("the command has a zero byte"));
        }
        let outlet = self.take_outlet()?;
        let mut terminal = None;
        let mut handle = None;
        if let Some(request) = &self.terminal {
            let open = pty::open(request)?;
            handle = Some(open.handle.try_clone()?);
            terminal = Some(open);
        }
        let launch = Launch {
            command,
            environment: &self.environment,
            terminal_type: self.terminal.as_ref().map(|request| request.name.as_str()),
            agent,
        };
        let program = launch.start(&shared.host, terminal)?;
        let ended = Arc::new(AtomicBool::new(false));
        self.running = Some(Running { group: program.group(), ended: ended.clone(), terminal: handle });
        let (inbox, shared_of_task) = (shared.inbox(channel), shared.clone());
        shared.tasks.spawn(async move {
            program.run(inbox, outlet, shared_of_task.clone(), &ended).await;
            shared_of_task.close(channel);
        });
        Ok(())
    }

    /// Starts the file server.
    ///
    /// # Errors
    /// When the channel has had a program.
    pub(super) fn start_sftp(&mut self, shared: &Arc<Shared>, channel: ChannelId) -> io::Result<()> {
        let outlet = self.take_outlet()?;
        let (inbox, shared_of_task) = (shared.inbox(channel), shared.clone());
        shared.tasks.spawn(async move {
            sftp::serve(inbox, outlet, shared_of_task.host.clone()).await;
            shared_of_task.close(channel);
        });
        Ok(())
    }

    fn take_outlet(&mut self) -> io::Result<Outlet> {
        self.outlet.take().ok_or_else(|| io::Error::other("the channel has had a program"))
    }
}

fn accepts(name: &str, value: &str) -> bool {
    let rest = name.strip_prefix("LC_");
    let is_named = matches!(name, "LANG" | "COLORTERM")
        || rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    is_named && name.len() + value.len() < 4096 && !value.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_sets_its_language_and_nothing_else() {
        let check = |name: &str, value: &str, expected: bool| assert_eq!(accepts(name, value), expected, "{name}");
        check("LANG", "C.UTF-8", true);
        check("LC_ALL", "C", true);
        check("COLORTERM", "truecolor", true);
        check("LD_PRELOAD", "/x.so", false);
        check("PATH", "/x", false);
        check("LC_=", "C", false);
        check("LANG", "a\0b", false);
        check("LANG", &"x".repeat(5000), false);
    }
}
