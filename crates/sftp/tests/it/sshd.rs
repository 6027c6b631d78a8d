//! A real sshd, which a listener of this process hands its connections: it needs no port of its own.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use russh::keys::PublicKey;
use secret::Secret;
use sftp::ssh::login::{self, Login};
use sftp::ssh::trust::{Pin, Trust};
use sftp::ssh::{Connection, Server};
use tempfile::TempDir;

/// An sshd with a host key and one key that may log in.
pub struct Sshd {
    pub folder: TempDir,
    pub server: Server,
}

pub fn keygen(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let file = folder.join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-f"]).arg(&file).args(more).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    file
}

pub fn user() -> String {
    nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name
}

impl Sshd {
    pub async fn start(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if nix::unistd::geteuid().is_root() {
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let host_key = keygen(folder.path(), "host", &["-t", "ed25519", "-N", ""]);
        keygen(folder.path(), "rsa", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]);
        keygen(folder.path(), "ecdsa", &["-t", "ecdsa", "-N", ""]);
        keygen(folder.path(), "locked", &["-t", "ed25519", "-N", "a phrase"]);
        let keys = ["rsa", "ecdsa", "locked"]
            .map(|name| std::fs::read_to_string(folder.path().join(format!("{name}.pub"))).unwrap());
        std::fs::write(folder.path().join("authorized"), keys.concat()).unwrap();
        let config = folder.path().join("config");
        let text = format!(
            "{more}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nSubsystem sftp internal-sftp\nLogLevel ERROR\n",
            host_key.display(),
            folder.path().join("authorized").display()
        );
        std::fs::write(&config, text).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let socket = stream.into_std().unwrap();
                socket.set_nonblocking(false).unwrap();
                socket.set_nodelay(true).unwrap();
                let socket: OwnedFd = socket.into();
                let mut sshd = tokio::process::Command::new("/usr/sbin/sshd")
                    .args(["-i", "-e", "-f"])
                    .arg(&config)
                    .stdin(Stdio::from(socket.try_clone().unwrap()))
                    .stdout(Stdio::from(socket))
                    .stderr(Stdio::null())
                    .kill_on_drop(true)
                    .spawn()
                    .unwrap();
                tokio::spawn(async move { sshd.wait().await });
            }
        });
        Self { folder, server: Server { host: "127.0.0.1".to_owned(), port } }
    }

    pub fn public(&self, name: &str) -> PublicKey {
        PublicKey::from_openssh(&std::fs::read_to_string(self.folder.path().join(format!("{name}.pub"))).unwrap())
            .unwrap()
    }

    pub fn private(&self, name: &str) -> Secret<String> {
        Secret::new(std::fs::read_to_string(self.folder.path().join(name)).unwrap())
    }

    pub fn pinned(&self) -> Trust {
        Trust { pins: vec![Pin::Key(Box::new(self.public("host")))], ..Trust::default() }
    }

    pub fn login(&self, name: &str) -> Login {
        let keys = vec![Arc::new(login::key(&self.private(name), None).unwrap())];
        Login { user: user(), keys, agent: None, password: None, ask: None }
    }

    pub async fn connected(&self) -> Connection {
        let mut connection = Connection::open(&self.server, &self.pinned()).await.unwrap();
        connection.log_in(&mut self.login("ecdsa")).await.unwrap();
        connection
    }
}
