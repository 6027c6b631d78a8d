//! The way to a server: its name, its port, its key, the login, and what its files are reached by.

use std::path::{Path, PathBuf};

use sftp::ssh::{Connection, Error as SshError};
use tokio::net::lookup_host;

use super::{HostKey, Walk};
use crate::commands::sftp::end::refused;
use crate::commands::sftp::place::{Address, ServerAddress, asked};
use crate::commands::sftp::reach::{Failure, ReachArgs, explain, shown_key};
use crate::error::Error;

impl Walk {
    /// The whole way to a server, and to a folder of it.
    pub(super) async fn server(&mut self, reach: &ReachArgs, address: &Address, folder: &Path) {
        let connection = match address {
            Address::Server(server) => self.walk_to(reach, server).await,
            Address::Endpoint(_) => match reach.connection(address).await {
                Ok(connection) => {
                    self.done("connect", format!("{address} is reached, and lets in"));
                    self.host_key(&connection);
                    Some(connection)
                }
                Err(error) => {
                    self.failed("connect", error);
                    None
                }
            },
        };
        if let Some(connection) = connection {
            self.files(&connection, folder).await;
            connection.close().await;
        }
    }

    /// The way to a server of others, up to the login; `None` where it ends before.
    async fn walk_to(&mut self, reach: &ReachArgs, server: &ServerAddress) -> Option<Connection> {
        if reach.login.jump.is_empty() {
            match lookup_host((&*server.host, server.port)).await {
                Ok(found) => {
                    let found: Vec<String> = found.map(|address| address.ip().to_string()).collect();
                    self.done("resolve", format!("{} is {}", server.host, found.join(", ")));
                }
                Err(error) => {
                    self.failed("resolve", Error::new(format!("the name {} has no address: {error}", server.host)));
                    return None;
                }
            }
        }
        let mut connection = match reach.open(server).await {
            Ok(connection) => connection,
            Err(failure) => {
                let step = match &failure {
                    Failure::Ssh(SshError::Resolve { .. }) => "resolve",
                    Failure::Ssh(SshError::Distrust(_)) => "host key",
                    Failure::Ssh(SshError::Login(_)) | Failure::Other(_) => "log in",
                    Failure::Ssh(_) => "connect",
                };
                if step == "host key" {
                    self.done("connect", format!("{} port {} speaks SSH", server.host, server.port));
                }
                self.failed(step, explain(failure));
                return None;
            }
        };
        self.done("connect", format!("{} port {} speaks SSH", server.host, server.port));
        self.host_key(&connection);
        match reach.log_in(&mut connection, server).await {
            Ok(()) => {
                let user = server.user.as_deref().unwrap_or("this machine's user");
                self.done("log in", format!("{user} is let in"));
                Some(connection)
            }
            Err(error) => {
                self.failed("log in", error);
                None
            }
        }
    }

    fn host_key(&mut self, connection: &Connection) {
        let (algorithm, fingerprint) = shown_key(connection);
        self.done("host key", format!("{algorithm} {fingerprint} is trusted"));
        self.tested.host_key = Some(HostKey { algorithm, fingerprint });
    }

    /// The rest of it: files.
    async fn files(&mut self, connection: &Connection, path: &Path) {
        let sftp = match connection.sftp().await {
            Ok(sftp) => sftp,
            Err(error) => return self.failed("sftp", explain(Failure::Ssh(error))),
        };
        let features = sftp.features();
        let can = [
            (features.posix_rename, "renames over files"),
            (features.fsync, "writes through to the disk"),
            (features.tells_limits(), "tells its limits"),
        ];
        let can: Vec<&str> = can.into_iter().filter(|(can, _)| *can).map(|(_, words)| words).collect();
        let can = if can.is_empty() { "the protocol alone".to_owned() } else { can.join(", ") };
        self.done("sftp", format!("version 3: {can}"));
        let listed = async {
            let folder: PathBuf = sftp.real_path(asked(path)).await?;
            let handle = sftp.open_folder(&folder).await?;
            let mut count = 0;
            while let Some(entries) = sftp.entries(&handle).await? {
                count += entries.len();
            }
            sftp.close(&handle).await?;
            Ok::<_, sftp::client::Error>((folder, count))
        };
        match listed.await {
            Ok((folder, count)) => self.done("list", format!("{} has {count} entries", folder.display())),
            Err(error) => self.failed("list", refused(asked(path), &error)),
        }
    }
}
