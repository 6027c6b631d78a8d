//! A machine behind ssh: sshd for each connection that a listener takes (`sshd -i`, on the socket itself), in a mount namespace
//! with a passwd of its own. Where the tests run as root, an ordinary user can log in whom this machine does not know; where an
//! ordinary user runs them, the namespace is inside a user namespace.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, getegid, geteuid};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::bench::{new_key, program, tunnel_program, user};

const WORKER: u32 = 54_321;

/// Who logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The user that the tests run as.
    Own,
    /// A user without rights; only where the tests run as root.
    Worker,
}

impl Who {
    /// A user without rights, whoever runs the tests.
    pub fn ordinary() -> Self {
        if geteuid().is_root() { Self::Worker } else { Self::Own }
    }

    pub fn uid(self) -> u32 {
        if self == Self::Worker { WORKER } else { geteuid().as_raw() }
    }
}

pub struct Machine {
    pub folder: tempfile::TempDir,
    pub connections: Arc<AtomicUsize>,
    sessions: Arc<Mutex<Vec<i32>>>,
    accepting: tokio::task::JoinHandle<()>,
    namespace: Child,
    /// More that it runs, ended with it.
    running: Vec<Child>,
}

impl Machine {
    pub async fn start(who: Who) -> Self {
        Self::with(who, "").await
    }

    /// The same, where a script of mount(8) has been before.
    pub async fn with_disk(script: &str) -> Self {
        Self::with(Who::Own, script).await
    }

    async fn with(who: Who, mounts: &str) -> Self {
        // A short path: that of a shared connection's socket has few bytes.
        let folder = tempfile::Builder::new().prefix("j").tempdir_in("/tmp").unwrap();
        let at = folder.path().to_owned();
        set_mode(&at, 0o711);
        for name in ["home", "client"] {
            std::fs::create_dir(at.join(name)).unwrap();
        }
        let login = if who == Who::Worker { "worker".to_owned() } else { user() };
        if who == Who::Worker {
            std::os::unix::fs::chown(at.join("home"), Some(WORKER), Some(WORKER)).unwrap();
        }
        let client = tunnel::keys::ensure(&at.join("key"), "client").unwrap();
        let (private, public) = new_key();
        std::fs::write(at.join("host_key"), private.expose()).unwrap();
        set_mode(&at.join("host_key"), 0o600);
        std::fs::write(at.join("authorized_keys"), &client.public_line).unwrap();
        std::fs::write(at.join("sshd_config"), sshd_config(&at)).unwrap();
        let namespace = namespace(&at, mounts).await;

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        std::fs::write(at.join("known_hosts"), format!("box {public}\n")).unwrap();
        std::fs::write(at.join("ssh_config"), ssh_config(&at, port, &login, &client.private)).unwrap();
        let (connections, sessions) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (count, list, config) = (connections.clone(), sessions.clone(), at.join("sshd_config"));
        let inside = namespace.id().unwrap().to_string();
        let entering: &[&str] = if geteuid().is_root() { &["-m"] } else { &["-U", "--preserve-credentials", "-m"] };
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let socket: OwnedFd = stream.into_std().unwrap().into();
                set_blocking(&socket);
                let mut sshd = Command::new("nsenter");
                sshd.args(entering).args(["-t", &inside, "/usr/sbin/sshd"]);
                sshd.args(["-i", "-f"]).arg(&config).process_group(0);
                sshd.stdin(Stdio::from(socket.try_clone().unwrap())).stdout(Stdio::from(socket)).stderr(Stdio::null());
                let mut child = sshd.spawn().unwrap();
                let id = child.id().unwrap() as i32;
                list.lock().unwrap().push(id);
                let list = list.clone();
                tokio::spawn(async move {
                    // Its number may be another's from now on.
                    let _ = child.wait().await;
                    list.lock().unwrap().retain(|other| *other != id);
                });
            }
        });
        Self { folder, connections, sessions, accepting, namespace, running: Vec::new() }
    }

    /// Gives those who log in another login shell.
    pub fn set_shell(&self, shell: &Path) {
        let file = self.folder.path().join("passwd");
        let text = std::fs::read_to_string(&file).unwrap();
        let home = format!(":{}:", self.folder.path().join("home").display());
        let lines = text.lines().map(|line| match line.split_once(&home) {
            Some((front, _)) => format!("{front}{home}{}\n", shell.display()),
            None => format!("{line}\n"),
        });
        // In place: it is mounted.
        std::fs::write(&file, lines.collect::<String>()).unwrap();
    }

    /// Adds a line to sshd's configuration, for the connections to come.
    pub fn set_sshd(&self, line: &str) {
        let file = self.folder.path().join("sshd_config");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{text}{line}\n")).unwrap();
    }

    /// Lets one sshd listen for all, which has a limit for those who have not logged in yet. It, and all that it starts, is in a pid
    /// namespace, and ends with the machine. As root only.
    pub async fn listen(&mut self, max_startups: &str) {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = self.folder.path().join("sshd_config");
        self.set_sshd(&format!("MaxStartups {max_startups}\nListenAddress 127.0.0.1\nPort {port}"));
        let script = format!("exec /usr/sbin/sshd -D -f '{}'", config.display());
        self.unshare(&[], &script).await;
        let client = self.folder.path().join("ssh_config");
        let text = std::fs::read_to_string(&client).unwrap();
        let lines = text.lines().map(|line| match line.trim().starts_with("Port ") {
            true => format!("  Port {port}\n"),
            false => format!("{line}\n"),
        });
        std::fs::write(&client, lines.collect::<String>()).unwrap();
        let started = std::time::Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(30), "sshd does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Adds a second machine with the same home, as the Host `other`: the same sshd in a pid namespace of its own, and, where it
    /// has a name, with that. As root only.
    pub async fn second(&mut self, name: Option<&str>) {
        let (namespaces, naming): (&[&str], _) = match name {
            Some(name) => (&["--uts"], format!("hostname {name}; ")),
            None => (&[], String::new()),
        };
        let inside = self.unshare(namespaces, &format!("{naming}exec sleep 600")).await;
        let at = self.folder.path();
        let client = at.join("ssh_config");
        let text = std::fs::read_to_string(&client).unwrap();
        let uts = if name.is_some() { "-u" } else { "" };
        let proxy = format!("nsenter -t {inside} -m -p {uts} /usr/sbin/sshd -i -f {}/sshd_config", at.display());
        let other = text.replace("Host box\n", &format!("Host other\n  ProxyCommand {proxy}\n"));
        std::fs::write(&client, text + &other).unwrap();
    }

    /// Starts a script in the machine, as the first process of a pid namespace; answers its pid as it is outside.
    async fn unshare(&mut self, namespaces: &[&str], script: &str) -> u32 {
        assert!(geteuid().is_root());
        let mut command = Command::new("nsenter");
        command.args(["-m", "-t", &self.namespace.id().unwrap().to_string(), "unshare"]).args(namespaces);
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = child.spawn().unwrap();
        let id = child.id().unwrap();
        self.running.push(child);
        let children = || std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        until("it is in its namespace", || !children().trim().is_empty()).await;
        children().trim().parse().unwrap()
    }

    /// `tunnel job` at the second machine.
    pub fn job_at_second(&self, words: &[&str]) -> Command {
        let mut command = program(tunnel_program().to_str().unwrap(), &self.folder.path().join("client"));
        command.args(["job", "--host", "other", "-F"]).arg(self.folder.path().join("ssh_config")).args(words);
        command
    }

    /// `tunnel job` on this machine, with these words.
    pub fn job(&self, words: &[&str]) -> Command {
        self.job_of("client", words)
    }

    /// The same by another person.
    pub fn job_of(&self, home: &str, words: &[&str]) -> Command {
        let mut command = program(tunnel_program().to_str().unwrap(), &self.folder.path().join(home));
        command.args(["job", "--host", "box", "-F"]).arg(self.folder.path().join("ssh_config")).args(words);
        command
    }

    /// What it prints, where it succeeds.
    pub async fn text(&self, words: &[&str]) -> String {
        let output = self.job(words).output().await.unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same as JSON.
    pub async fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.text(words).await).unwrap()
    }

    /// Submits a script for sh with these options, and answers the id.
    pub async fn submit(&self, options: &[&str], script: &str) -> String {
        let words = [&["submit"], options, &["--shell", "--", script]].concat();
        self.text(&words).await.trim().to_owned()
    }

    /// The job, when it has ended.
    pub async fn ended(&self, id: &str) -> Value {
        let output = self.job(&["wait", "--json", id]).output().await.unwrap();
        let jobs: Value = serde_json::from_slice(&output.stdout).unwrap();
        jobs[0].clone()
    }

    /// A file of a job.
    pub fn file(&self, id: &str, name: &str) -> PathBuf {
        self.jobs().join(id).join(name)
    }

    /// The folder of all jobs.
    pub fn jobs(&self) -> PathBuf {
        self.folder.path().join("home/.tunnel/jobs")
    }

    /// Kills every connection's sshd. What they started is not told.
    pub fn cut(&self) {
        for session in self.sessions.lock().unwrap().drain(..) {
            let _ = killpg(Pid::from_raw(session), Signal::SIGKILL);
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

/// Whether a process is there and no zombie.
pub fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(30), "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

fn set_blocking(socket: &OwnedFd) {
    let stream = std::net::TcpStream::from(socket.try_clone().unwrap());
    stream.set_nonblocking(false).unwrap();
    stream.set_nodelay(true).unwrap();
}

/// A process that holds a mount namespace in which the homes of the user and of a worker are in the folder.
async fn namespace(at: &Path, mounts: &str) -> Child {
    let home = at.join("home");
    let others = std::fs::read_to_string("/etc/passwd").unwrap();
    let (name, uid, gid) = (user(), geteuid(), getegid());
    let others: String =
        others.lines().filter(|line| !line.starts_with(&format!("{name}:"))).map(|line| format!("{line}\n")).collect();
    let home = home.display();
    let own = format!("{name}:x:{uid}:{gid}::{home}:/bin/sh\nworker:x:{WORKER}:{WORKER}::{home}:/bin/sh\n");
    std::fs::write(at.join("passwd"), own + &others).unwrap();
    let mounts = format!("mount --bind '{}/passwd' /etc/passwd\n{mounts}\n", at.display());
    const HOLD: &str = "echo ready; exec cat";
    let (namespaces, script) = if uid.is_root() {
        ("-m", format!("mkdir -p /run/sshd\n{mounts}{HOLD}"))
    } else {
        // Root of the outer one mounts; in the inner one the user is who it was.
        let back = format!("exec unshare -U -m --map-user={uid} --map-group={gid} sh -c '{HOLD}'");
        ("-Urm", format!("{mounts}{back}"))
    };
    let mut child = Command::new("unshare")
        .args([namespaces, "sh", "-e", "-c", &script])
        .current_dir(at)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).await.unwrap();
    assert_eq!(
        line, "ready\n",
        "there is no namespace with {mounts:?}: where ordinary users may have none, run the tests as root"
    );
    child
}

fn sshd_config(at: &Path) -> String {
    let at = at.display();
    format!(
        "HostKey {at}/host_key\nAuthorizedKeysFile {at}/authorized_keys\nPidFile none\nUsePAM no\nStrictModes no\n\
         PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel ERROR\n"
    )
}

fn ssh_config(at: &Path, port: u16, user: &str, key: &Path) -> String {
    format!(
        "Host box\n  HostName 127.0.0.1\n  Port {port}\n  User {user}\n  HostKeyAlias box\n  UserKnownHostsFile {}/known_hosts\n  \
         StrictHostKeyChecking yes\n  IdentitiesOnly yes\n  IdentityFile {}\n  KexAlgorithms curve25519-sha256\n",
        at.display(),
        key.display()
    )
}
