//! `ssh -A`: a socket on which programs of this connection reach the client's agent.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::forward::{ChannelPurpose, Link, listen_on_socket};

/// The socket, in a folder that only this user can enter. Both go with it.
#[derive(Debug)]
pub(super) struct AgentSocket {
    folder: PathBuf,
    path: PathBuf,
    stop: CancellationToken,
}

impl AgentSocket {
    /// Opens a socket for the agent of this connection's client.
    ///
    /// # Errors
    /// When the folder or the socket cannot be made.
    pub(super) fn open(link: Link) -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("ssh-{}", uuid::Uuid::new_v4().simple()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let socket = Self { path: folder.join("agent"), folder, stop: CancellationToken::new() };
        listen_on_socket(link, &socket.path, ChannelPurpose::Agent, socket.stop.clone())?;
        Ok(socket)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for AgentSocket {
    fn drop(&mut self) {
        self.stop.cancel();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
