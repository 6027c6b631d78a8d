//! A server, a relay that stands in for the driver proxy, and ssh with `tunnel proxy` as its ProxyCommand.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use secret::Secret;
use ssh_endpoint::SshEndpoint;
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;
use tunnel::error::Result;
use tunnel::jobs::local::Jobs;
use tunnel::server::log_ring::LogRing;
use tunnel::server::ssh_server::{Choice, Replaceable, SshServer};
use tunnel::server::{KeySource, Keys, Service, serve};
use tunnel::ssh::{Login, TOKEN_VARIABLE, options};
use tunnel::{keys, known_hosts};

pub const TOKEN: &str = "the-token";
pub const SECRET: &str = "the-secret";

pub struct Bench {
    pub folder: tempfile::TempDir,
    pub endpoint: SshEndpoint,
    pub port: u16,
    pub log: LogRing,
    pub relay: Relay,
    pub key: keys::ClientKey,
    pub host_key: Secret<String>,
    pub shutdown: CancellationToken,
    pub serving: tokio::task::JoinHandle<()>,
    /// More arguments of the proxy.
    pub proxy_arguments: Vec<String>,
}

pub struct Options {
    pub max_clients: usize,
    pub shutdown_delay: Duration,
    /// Whether the client's key may log in.
    pub known: bool,
    /// A shell script in place of sshd: what it reads is what the client sends.
    pub sshd: Option<String>,
    /// What speaks SSH.
    pub ssh_server: Choice,
    /// More lines of the authorized keys.
    pub more_keys: String,
    /// Whether the official client is served.
    pub is_official: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_clients: 20,
            shutdown_delay: Duration::from_secs(600),
            known: true,
            sshd: None,
            ssh_server: Choice::Openssh,
            more_keys: String::new(),
            is_official: true,
        }
    }
}

struct FixedKeys(String);

impl KeySource for FixedKeys {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Keys>> + Send + '_>> {
        Box::pin(async { Ok(Keys { authorized_keys: self.0.clone(), host_key: None }) })
    }
}

pub fn new_key() -> (Secret<String>, String) {
    let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).unwrap();
    (Secret::from(key.to_openssh(LineEnding::LF).unwrap().to_string()), key.public_key().to_openssh().unwrap())
}

pub fn another_host_key() -> String {
    new_key().1
}

impl Bench {
    pub async fn start(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = keys::ensure(&folder.path().join("client"), "client").unwrap();
        let (host_key, public_host_key) = new_key();
        let jobs = folder.path().join("jobs").display().to_string();
        let environment = [("GREETING".to_owned(), "hello \"you\"".to_owned()), ("TUNNEL_JOBS".to_owned(), jobs)];
        let log = LogRing::default();
        let mut path = Vec::new();
        if let Some(script) = &options.sshd {
            let file = folder.path().join("sshd");
            std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
            path.push(folder.path().to_owned());
        }
        let (choice, parent) = (options.ssh_server, folder.path().to_owned());
        let ssh_server = Replaceable::new(host_key.clone(), move |host_key| {
            SshServer::new(choice, &parent, &path, host_key, &environment)
        });
        let authorized = if options.known { key.public_line.clone() } else { another_host_key() };
        let service = Service {
            ssh_server: ssh_server.unwrap(),
            keys: Box::new(FixedKeys(format!("{authorized}\n{}", options.more_keys))),
            log: log.clone(),
            user: user(),
            instance_id: "instance".to_owned(),
            secret: SECRET.into(),
            is_official: options.is_official,
            max_clients: options.max_clients,
            shutdown_delay: options.shutdown_delay,
            jobs: Jobs::new(folder.path().join("jobs")),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, service, shutdown.clone()));
        let relay = Relay::start(port).await;
        let endpoint = SshEndpoint {
            schema_version: 1,
            host: format!("http://dbc-1.localhost:{}", relay.port),
            workspace_id: "7".to_owned(),
            cluster_id: "c-1".to_owned(),
            serverless: None,
            name: "demo".to_owned(),
            remote_user: user(),
            server_host_key: public_host_key,
            secret_scope: "s".to_owned(),
            directory: "/Workspace/d".to_owned(),
            binary_path: "/Workspace/b".to_owned(),
            binary_sha256: "00".to_owned(),
            binary_processor: None,
            max_clients: 10,
            shutdown_delay_seconds: 600,
            auto_start: true,
            official: None,
        };
        Self { folder, endpoint, port, log, relay, key, host_key, shutdown, serving, proxy_arguments: Vec::new() }
    }

    /// ssh with this command line for the remote shell.
    pub fn ssh(&self, command: &[&str]) -> Command {
        let known_hosts = self.folder.path().join("known_hosts");
        put(&known_hosts, known_hosts::text(&self.endpoint).unwrap().as_bytes());
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let options = options(&self.endpoint, &self.proxy(), &self.key.private, &known_hosts);
        let options: Vec<String> = options.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let login = Login { endpoint: &self.endpoint, options: options.iter(), command: &command, terminal: false };
        let mut ssh = program("ssh", self.folder.path());
        ssh.args(login.arguments());
        ssh
    }

    /// An ssh configuration whose host `demo` goes through a relay on this port.
    pub fn ssh_config(&self, port: u16) -> PathBuf {
        let known_hosts = self.folder.path().join(format!("known_hosts-{port}"));
        put(&known_hosts, known_hosts::text(&self.endpoint).unwrap().as_bytes());
        let options = options(&self.endpoint, &self.proxy_through(port), &self.key.private, &known_hosts);
        let file = self.folder.path().join(format!("ssh_config-{port}"));
        put(&file, tunnel::ssh_config::host("demo", &options).as_bytes());
        file
    }

    pub fn proxy(&self) -> Vec<String> {
        self.proxy_through(self.relay.port)
    }

    /// The proxy's command line, with the workspace on this port.
    pub fn proxy_through(&self, port: u16) -> Vec<String> {
        let file = self.folder.path().join(format!("endpoint-{port}.json"));
        let host = format!("http://dbc-1.localhost:{port}");
        put(&file, &serde_json::to_vec(&SshEndpoint { host, ..self.endpoint.clone() }).unwrap());
        let mut arguments = vec![
            tunnel_program().display().to_string(),
            "proxy".to_owned(),
            format!("--endpoint-file={}", file.display()),
            format!("--port={}", self.port),
        ];
        arguments.extend(self.proxy_arguments.iter().cloned());
        arguments
    }

    pub async fn end(self) {
        self.shutdown.cancel();
        self.serving.await.unwrap();
    }
}

/// Writes a file that another process may be reading: whole or not at all.
pub fn put(file: &Path, bytes: &[u8]) {
    keys::write_atomically(file, bytes, 0o600).unwrap();
}

pub fn tunnel_program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_tunnel"))
}

/// The exit code, stdout and stderr of a program.
pub fn text(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// Bytes with every value, and no repetition that would hide a lost or doubled block; others for another seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut data = Vec::with_capacity(length + 8);
    while data.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data.extend_from_slice(&state.to_le_bytes());
    }
    data.truncate(length);
    data
}

/// The SHA-256 of some bytes, from a program that is not ours and is quick in any build.
pub fn sha256(bytes: &[u8]) -> String {
    use std::io::Write;
    let mut child =
        std::process::Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

pub fn user() -> String {
    nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name
}

/// Where a program is that the tests run beside our own.
pub fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.exists());
    let found = found
        .unwrap_or_else(|| panic!("there is no {name}: scripts/test.sh installs it, or sudo apt-get install {name}"));
    found.canonicalize().unwrap()
}

/// A program with nothing of this machine's environment but the PATH.
pub fn program(name: &str, home: &Path) -> Command {
    let mut command = Command::new(name);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .env("DATABRICKS_TUNNEL_HOME", home.join("client"))
        .env(TOKEN_VARIABLE, TOKEN)
        .env("DATABRICKS_TOKEN", TOKEN)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Takes `/driver-proxy-api/o/7/c-1/PORT` off the path and carries the connection to that port. Of the workspace it has the one
/// file that says where the server listens.
pub struct Relay {
    pub port: u16,
    pub connections: Arc<AtomicUsize>,
    cut: tokio::sync::watch::Sender<usize>,
    refuses: Arc<AtomicBool>,
    /// Whether new connections are answered 401, whatever their token.
    pub unauthorized: Arc<AtomicBool>,
}

impl Relay {
    pub async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (cut, cuts) = tokio::sync::watch::channel(0);
        let refuses = Arc::new(AtomicBool::new(false));
        let unauthorized = Arc::new(AtomicBool::new(false));
        let (count, refusing, revoked) = (connections.clone(), refuses.clone(), unauthorized.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                if refusing.load(Ordering::Relaxed) {
                    continue;
                }
                let server = (!revoked.load(Ordering::Relaxed)).then_some(server);
                let mut cuts = cuts.clone();
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = carry(stream, server) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { port, connections, cut, refuses, unauthorized }
    }

    /// Cuts all connections, and later ones as well.
    pub fn refuse(&self) {
        self.refuses.store(true, Ordering::Relaxed);
        self.cut();
    }

    /// Cuts all connections. Later ones are carried.
    pub fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }
}

/// Carries a connection to a server; without one its token is not taken.
async fn carry(mut client: TcpStream, server: Option<u16>) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let is_known = head.to_ascii_lowercase().contains(&format!("authorization: bearer {TOKEN}\r\n"));
    let Some(server) = server.filter(|_| is_known) else {
        return client.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\ntoken").await;
    };
    if head.starts_with("GET /api/2.0/workspace/export?") {
        let body = format!(
            r#"{{"port":{server},"cluster_id":"c-1","instance_id":"instance","secret":"{SECRET}","resume_version":2}}"#
        );
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        return client.write_all(answer.as_bytes()).await;
    }
    let rest = head.strip_prefix("GET /driver-proxy-api/o/7/c-1/").unwrap();
    let (port, rest) = rest.split_once('/').unwrap();
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).await else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nnone").await;
    };
    server.set_nodelay(true)?;
    // As the real one sometimes does.
    server.write_all(format!("GET //{rest}").as_bytes()).await?;
    tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, 256 * 1024, 256 * 1024).await?;
    Ok(())
}
