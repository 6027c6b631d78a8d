//! What is measured: each has a client whose stdin and stdout are the connection, and a server that leads to a pump.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use ssh_endpoint::SshEndpoint;
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};
use tunnel::ssh::TOKEN_VARIABLE;

use crate::pump::Kind;
use crate::served::INSTANCE;

/// A process that ends with its owner.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A connection to a pump.
pub struct Connection {
    pub client: Process,
    pub server: Process,
    /// What else runs for it.
    _others: Vec<Process>,
    _folder: Option<tempfile::TempDir>,
}

pub trait Peer {
    fn name(&self) -> &'static str;
    fn connect(&self, kind: Kind, bytes: u64) -> Connection;
}

/// This program.
fn ourselves() -> PathBuf {
    std::env::current_exe().unwrap()
}

/// Starts a server that prints its port.
fn with_port(command: &mut Command) -> (Process, u16) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Process(child), line.trim().parse().unwrap())
}

fn pump_tcp(kind: Kind, bytes: u64) -> (Process, u16) {
    with_port(Command::new(ourselves()).args(["pump-tcp", kind.name(), &bytes.to_string()]))
}

fn client(command: &mut Command) -> Process {
    Process(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
}

/// A port that was free a moment ago, for programs that do not tell which one they took.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(port: u16) {
    let started = std::time::Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed().as_secs() < 10, "nothing listens on port {port}");
        std::thread::yield_now();
    }
}

/// Ours: `tunnel proxy` and `tunnel server`.
#[derive(Default)]
pub struct Tunnel {
    through: Option<fn(u16) -> u16>,
    sshd: Option<Served>,
}

/// A running server of ours.
pub struct Served {
    pub folder: tempfile::TempDir,
    pub process: Process,
    port: u16,
}

fn new_key(folder: &Path, name: &str) -> String {
    let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).unwrap();
    let file = folder.join(name);
    std::fs::write(&file, key.to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    key.public_key().to_openssh().unwrap()
}

impl Tunnel {
    /// Through a relay in front of the server's port.
    pub fn through(relay: fn(u16) -> u16) -> Self {
        Self { through: Some(relay), sshd: None }
    }

    /// With the real sshd behind it.
    pub fn with_sshd() -> Self {
        let mut tunnel = Self::default();
        tunnel.sshd = Some(tunnel.serve(None));
        tunnel
    }

    fn serve(&self, pump: Option<(Kind, u64)>) -> Served {
        let folder = tempfile::tempdir().unwrap();
        let public = new_key(folder.path(), "host_key");
        let authorized = new_key(folder.path(), "id");
        std::fs::write(folder.path().join("authorized_keys"), authorized + "\n").unwrap();
        if let Some((kind, bytes)) = pump {
            let sshd = folder.path().join("bin/sshd");
            std::fs::create_dir(folder.path().join("bin")).unwrap();
            let script = format!("#!/bin/sh\nexec '{}' pump {} {bytes}\n", ourselves().display(), kind.name());
            std::fs::write(&sshd, script).unwrap();
            std::fs::set_permissions(&sshd, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        let (process, port) = with_port(Command::new(ourselves()).arg("server").arg(folder.path()));
        let reached = self.through.map_or(port, |relay| relay(port));
        let endpoint = SshEndpoint {
            schema_version: 1,
            host: format!("http://127.0.0.1:{reached}"),
            workspace_id: "7".to_owned(),
            cluster_id: "c-1".to_owned(),
            serverless: None,
            name: "bench".to_owned(),
            remote_user: nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name,
            server_host_key: public,
            secret_scope: "s".to_owned(),
            directory: "/Workspace/d".to_owned(),
            binary_path: "/Workspace/b".to_owned(),
            binary_sha256: "00".to_owned(),
            binary_processor: None,
            max_clients: 1000,
            shutdown_delay_seconds: 600,
            auto_start: true,
            official: None,
        };
        std::fs::write(folder.path().join("endpoint.json"), serde_json::to_vec(&endpoint).unwrap()).unwrap();
        Served { folder, process, port }
    }

    fn proxy(served: &Served) -> Vec<String> {
        vec![
            env!("CARGO_BIN_EXE_tunnel").to_owned(),
            "proxy".to_owned(),
            format!("--endpoint-file={}", served.folder.path().join("endpoint.json").display()),
            format!("--port={}", served.port),
            format!("--instance-id={INSTANCE}"),
            "--resume-version=2".to_owned(),
        ]
    }

    /// One more client of a server.
    pub fn client_of(&self, served: &Served) -> Process {
        let words = Self::proxy(served);
        client(Command::new(&words[0]).args(&words[1..]).env(TOKEN_VARIABLE, "t"))
    }

    /// A server whose sshd is a pump.
    pub fn pump(&self, kind: Kind, bytes: u64) -> Served {
        self.serve(Some((kind, bytes)))
    }

    /// The folder with the keys, of a tunnel with sshd.
    pub fn folder(&self) -> &Path {
        self.sshd.as_ref().unwrap().folder.path()
    }

    pub fn proxy_command(&self) -> String {
        tunnel::quote::proxy_command(Self::proxy(self.sshd.as_ref().unwrap()))
    }
}

impl Peer for Tunnel {
    fn name(&self) -> &'static str {
        "tunnel"
    }

    fn connect(&self, kind: Kind, bytes: u64) -> Connection {
        let served = self.serve(Some((kind, bytes)));
        let client = self.client_of(&served);
        Connection { client, server: served.process, _others: Vec::new(), _folder: Some(served.folder) }
    }
}

/// `sshd -i` with nothing between.
pub struct Direct {
    config: PathBuf,
}

impl Direct {
    /// With the keys of a tunnel.
    pub fn new(tunnel: &Tunnel) -> Self {
        let folder = tunnel.folder();
        let config = folder.join("direct_config");
        let text = format!(
            "HostKey {0}/host_key\nAuthorizedKeysFile {0}/authorized_keys\nStrictModes no\nUsePAM no\nPidFile none\n\
             PermitRootLogin prohibit-password\nLogLevel ERROR\n",
            folder.display()
        );
        std::fs::write(&config, text).unwrap();
        Self { config }
    }

    pub fn proxy_command(&self) -> String {
        format!("/usr/sbin/sshd -i -f {}", self.config.display())
    }
}

/// A peer with the official tool's frames.
pub struct Frames;

impl Peer for Frames {
    fn name(&self) -> &'static str {
        "4 KiB frames"
    }

    fn connect(&self, kind: Kind, bytes: u64) -> Connection {
        let (pump, target) = pump_tcp(kind, bytes);
        let (server, port) = with_port(Command::new(ourselves()).args(["frames-server", &target.to_string()]));
        let client = client(Command::new(ourselves()).args(["frames-client", &port.to_string()]));
        Connection { client, server, _others: vec![pump], _folder: None }
    }
}

/// The same peer, with a program for each connection behind it.
pub struct FramesProgram {
    port: u16,
    _server: Process,
}

impl FramesProgram {
    /// With this command line, of plain words.
    pub fn new(command: &str) -> Self {
        let (server, port) = with_port(Command::new(ourselves()).arg("frames-program").args(command.split(' ')));
        Self { port, _server: server }
    }

    pub fn proxy_command(&self) -> String {
        format!("{} frames-client {}", ourselves().display(), self.port)
    }
}

/// <https://github.com/erebe/wstunnel>
pub struct Wstunnel;

impl Peer for Wstunnel {
    fn name(&self) -> &'static str {
        "wstunnel"
    }

    fn connect(&self, kind: Kind, bytes: u64) -> Connection {
        let (pump, target) = pump_tcp(kind, bytes);
        let port = free_port();
        let mut server = Command::new("wstunnel");
        let server = server.args(["--log-lvl", "OFF", "server", &format!("ws://127.0.0.1:{port}")]);
        let server = Process(server.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap());
        wait_for(port);
        let mut command = Command::new("wstunnel");
        command.args(["--log-lvl", "OFF", "client", "-L", &format!("stdio://127.0.0.1:{target}")]);
        let client = client(command.arg(format!("ws://127.0.0.1:{port}")));
        Connection { client, server, _others: vec![pump], _folder: None }
    }
}

/// <https://github.com/vi/websocat>
pub struct Websocat;

impl Peer for Websocat {
    fn name(&self) -> &'static str {
        "websocat"
    }

    fn connect(&self, kind: Kind, bytes: u64) -> Connection {
        let (pump, target) = pump_tcp(kind, bytes);
        let port = free_port();
        let mut server = Command::new("websocat");
        let server = server.args(["-b", &format!("ws-l:127.0.0.1:{port}"), &format!("tcp:127.0.0.1:{target}")]);
        let server = Process(server.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap());
        wait_for(port);
        let client = client(Command::new("websocat").args(["-b", &format!("ws://127.0.0.1:{port}")]));
        Connection { client, server, _others: vec![pump], _folder: None }
    }
}
