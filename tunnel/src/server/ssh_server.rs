//! What speaks SSH at the end of a session: OpenSSH's sshd where the driver has it, or else the built-in server.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secret::Secret;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::server::embedded::{self, Embedded};
use crate::server::log_ring::LogRing;
use crate::server::sshd::{self, Sshd};

/// How long a client may take to log in: sshd's LoginGraceTime, which is four times as long where nothing but sshd is behind it.
pub(crate) const LOGIN_LIMIT: Duration = Duration::from_secs(30);

/// Which SSH server the sessions get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// OpenSSH's sshd if the driver has it, else the built-in server.
    #[default]
    Auto,
    /// OpenSSH's sshd.
    Openssh,
    /// The built-in server.
    Embedded,
}

impl Choice {
    fn is_openssh(self, is_found: bool) -> bool {
        match self {
            Self::Auto => is_found,
            Self::Openssh => true,
            Self::Embedded => false,
        }
    }
}

/// An SSH server that serves one stream at a time.
#[derive(Debug)]
pub enum SshServer {
    /// A process of OpenSSH's sshd for each stream.
    OpenSsh(Sshd),
    /// A task of this process for each stream.
    Embedded(Embedded),
}

impl SshServer {
    /// Prepares the chosen server, inside of the event loop. sshd is looked for in `path`, and keeps its files in `parent`. Programs of
    /// sessions inherit no signal that this process was started to ignore.
    ///
    /// # Errors
    /// When sshd is asked for and missing, its files cannot be written, or the built-in server cannot use the host key.
    pub fn new(
        choice: Choice,
        parent: &Path,
        path: &[PathBuf],
        host_key: &Secret<String>,
        environment: &[(String, String)],
    ) -> Result<Self> {
        crate::signals::keep_from_programs();
        if choice.is_openssh(sshd::find(path).is_some()) {
            return Sshd::new(parent, path, host_key, environment).map(Self::OpenSsh);
        }
        crate::say!("tunnel: the built-in SSH server serves the sessions");
        Embedded::new(host_key, environment).map(Self::Embedded)
    }

    /// Starts serving one session, whose bytes go over the returned stream.
    ///
    /// # Errors
    /// When a process or a socket cannot be made.
    pub fn start(&self, authorized_keys: &str, log: &LogRing) -> Result<(Running, UnixStream)> {
        match self {
            Self::OpenSsh(sshd) => {
                sshd.start(authorized_keys, log).map(|(run, stream)| (Running::OpenSsh(Box::new(run)), stream))
            }
            Self::Embedded(server) => {
                server.start(authorized_keys, log).map(|(run, stream)| (Running::Embedded(run), stream))
            }
        }
    }
}

/// An SSH server that is made anew when the host key changes. Sessions that run keep the one that they began with.
pub struct Replaceable {
    make: Box<Make>,
    now: Mutex<(Secret<String>, Arc<SshServer>)>,
}

/// Makes a server with a host key.
type Make = dyn Fn(&Secret<String>) -> Result<SshServer> + Send + Sync;

impl Replaceable {
    /// The server with this host key.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(
        host_key: Secret<String>,
        make: impl Fn(&Secret<String>) -> Result<SshServer> + Send + Sync + 'static,
    ) -> Result<Self> {
        let server = Arc::new(make(&host_key)?);
        Ok(Self { make: Box::new(make), now: Mutex::new((host_key, server)) })
    }

    /// The server, with this host key if it is another one than before.
    ///
    /// # Errors
    /// When it cannot be made: then the next login tries again.
    pub fn with(&self, host_key: Option<Secret<String>>) -> Result<Arc<SshServer>> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = host_key.filter(|key| key.expose().trim() != now.0.expose().trim()) {
            let server = Arc::new((self.make)(&key)?);
            *now = (key, server);
        }
        Ok(now.1.clone())
    }
}

/// One session's server. It is ended when this is dropped.
#[derive(Debug)]
pub enum Running {
    /// OpenSSH's sshd.
    OpenSsh(Box<sshd::Running>),
    /// The built-in server.
    Embedded(embedded::Running),
}

impl Running {
    /// Cancelled once someone is logged in.
    pub fn logged_in(&self) -> CancellationToken {
        match self {
            Self::OpenSsh(running) => running.logged_in(),
            Self::Embedded(running) => running.logged_in(),
        }
    }

    /// Whether the server's side of the session has ended.
    pub fn has_ended(&self) -> bool {
        match self {
            Self::OpenSsh(running) => running.has_ended(),
            Self::Embedded(running) => running.has_ended(),
        }
    }

    /// Waits for the end after the stream was closed, and ends what takes too long.
    pub async fn finish(self) {
        match self {
            Self::OpenSsh(running) => drop(running.finish().await),
            Self::Embedded(running) => running.finish().await,
        }
    }

    /// Ends the session and its processes at once.
    pub fn kill(&self) {
        match self {
            Self::OpenSsh(running) => running.kill(),
            Self::Embedded(running) => running.kill(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sshd_is_taken_where_it_is_unless_another_choice_was_made() {
        let check = |choice: Choice, is_found: bool, expected: bool| {
            assert_eq!(choice.is_openssh(is_found), expected, "{choice:?} {is_found}");
        };
        check(Choice::Auto, true, true);
        check(Choice::Auto, false, false);
        // Its absence is then an error that says so.
        check(Choice::Openssh, false, true);
        check(Choice::Embedded, true, false);
    }
}
