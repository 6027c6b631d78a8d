//! Servers of others: ProFTPD's mod_sftp, and asyncssh's. What the engine promises holds with each.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secret::Secret;
use sftp::client::Sftp;
use sftp::file::{Failed, Options, PART, Source, get, put};
use sftp::ssh::login::{self, Login};
use sftp::ssh::trust::Trust;
use sftp::ssh::{Connection, Server};
use sftp::tree::{self, Down, Here, Side, There, Up};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::openssh::data;
use crate::sshd::{keygen, user};

/// A server, and the folder that it works in.
struct Other {
    folder: TempDir,
    files: PathBuf,
    port: u16,
    process: Child,
}

/// A port that was free a moment ago.
fn port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn planted() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["host", "key"] {
        keygen(folder.path(), name, &["-t", "rsa", "-b", "3072", "-m", "PEM", "-N", ""]);
    }
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    (folder, files)
}

impl Other {
    async fn started(folder: TempDir, files: PathBuf, port: u16, mut command: Command) -> Self {
        let process = command.stdin(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Self { folder, files, port, process };
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not listen");
    }

    async fn proftpd() -> Self {
        let (folder, files) = planted();
        let port = port();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let keys = std::process::Command::new("ssh-keygen").args(["-e", "-f", &path("key.pub")]).output().unwrap();
        std::fs::write(folder.path().join("authorized"), keys.stdout).unwrap();
        let id = nix::unistd::geteuid();
        let config = format!(
            "ModulePath /usr/lib/proftpd\nLoadModule mod_sftp.c\nServerType standalone\nDefaultAddress 127.0.0.1\nPort {port}\n\
             User {user}\nGroup #{group}\nPidFile {pid}\nScoreboardFile {board}\nDelayEngine off\nRootLogin on\nUseFtpUsers off\nRequireValidShell off\n\
             UseReverseDNS off\nWtmpLog off\nAuthOrder mod_auth_unix.c\nSystemLog {log}\n\
             SFTPEngine on\nSFTPHostKey {host}\nSFTPAuthorizedUserKeys file:{keys}\nSFTPAuthMethods publickey\nSFTPLog {log}\n\
             AllowOverwrite on\nAllowStoreRestart on\n",
            user = user(),
            group = nix::unistd::getegid(),
            pid = path("pid"),
            board = path("board"),
            host = path("host"),
            keys = path("authorized"),
            log = path("log"),
        );
        let config = if id.is_root() { config.replace("Group #0", "Group root") } else { config };
        std::fs::write(folder.path().join("config"), config).unwrap();
        let mut command = Command::new("/usr/sbin/proftpd");
        command.args(["-n", "-q", "-c", &path("config")]);
        Self::started(folder, files, port, command).await
    }

    async fn asyncssh(script: &str) -> Self {
        let (folder, files) = planted();
        let port = port();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let script = format!(
            "import asyncio, asyncssh, errno, os\n{script}\n\
             async def main():\n    await asyncssh.listen('127.0.0.1', {port}, server_host_keys=['{host}'], \
             authorized_client_keys='{keys}', sftp_factory=Server, allow_scp=False)\n    await asyncio.Event().wait()\n\
             asyncio.run(main())\n",
            host = path("host"),
            keys = path("key.pub"),
        );
        let mut command = Command::new(python());
        command.args(["-c", &script]);
        Self::started(folder, files, port, command).await
    }

    async fn channels(&self, wanted: usize) -> (Connection, Vec<Sftp>) {
        let pin = std::fs::read_to_string(self.folder.path().join("host.pub")).unwrap().parse().unwrap();
        let trust = Trust { pins: vec![pin], files: Vec::new() };
        let server = Server { host: "127.0.0.1".to_owned(), port: self.port };
        let mut connection = Connection::open(&server, &trust).await.unwrap();
        let key = Secret::new(std::fs::read_to_string(self.folder.path().join("key")).unwrap());
        let keys = vec![Arc::new(login::key(&key, None).unwrap())];
        connection.log_in(&mut Login { user: user(), keys, agent: None, password: None, ask: None }).await.unwrap();
        let channels = connection.channels(wanted).await.unwrap();
        (connection, channels)
    }

    fn parts(&self) -> usize {
        let names = std::fs::read_dir(&self.files).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().ends_with(PART)).count()
    }
}

/// Python with the clients and servers of others that tests use: scripts/lib.sh makes it.
fn python() -> PathBuf {
    let venv = std::env::var_os("LOCALCLOUD_VENV").map(PathBuf::from);
    let venv = venv.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/venv"));
    venv.join("bin/python")
}

/// Files go there and come back, over what is there, whole trees and small ones too.
async fn keeps_its_promises(server: Other, channels: usize) {
    let (connection, channels) = server.channels(channels).await;
    let local = tempfile::tempdir().unwrap();
    let [from, back] = ["from", "back"].map(|name| local.path().join(name));
    let there = server.files.join("there");
    for bytes in [Vec::new(), b"some".to_vec(), data(700_000)] {
        std::fs::write(&from, &bytes).unwrap();
        let options = Options { preserve: true, checksum: true, ..Options::default() };
        put(&channels, Source::File(&from), &there, options, |_| {}).await.unwrap();
        assert!(std::fs::read(&there).unwrap() == bytes, "{} bytes", bytes.len());
        get(&channels, &there, &back, options, |_| {}).await.unwrap();
        assert!(std::fs::read(&back).unwrap() == bytes, "{} bytes", bytes.len());
    }
    let tree = local.path().join("tree");
    std::fs::create_dir_all(tree.join("in/deep")).unwrap();
    for number in 0..50_u32 {
        let folder = ["", "in", "in/deep"][number as usize % 3];
        std::fs::write(tree.join(folder).join(format!("file {number}")), data(number * 40)).unwrap();
    }
    let (here, remote) = (Here::new(&tree), There::new(channels, server.files.join("tree")).unwrap());
    for _ in 0..2 {
        let copy = Up { here: &here, there: &remote, options: Options::default(), carried: Mutex::new(|_| {}) };
        let mut failures = Vec::new();
        let done = tree::sync(&here, &remote, &copy, tree::Options::default(), |step| {
            if let tree::Step::Failed(failed) = step {
                failures.push(failed.to_string());
            }
        });
        let done = done.await.unwrap();
        assert_eq!((done.files, failures), (50, Vec::new()));
    }
    assert!(std::fs::read(server.files.join("tree/in/deep/file 47")).unwrap() == data(47 * 40));
    assert_eq!(server.parts(), 0);
    let back = Here::new(local.path().join("tree back"));
    let copy = Down { there: &remote, here: &back, options: Options::default(), carried: Mutex::new(|_| {}) };
    let done = tree::sync(&remote, &back, &copy, tree::Options::default(), |_| {}).await.unwrap();
    assert_eq!((done.files, done.failed), (50, 0));
    for number in 0..50_u32 {
        let file = Path::new(["", "in", "in/deep"][number as usize % 3]).join(format!("file {number}"));
        assert!(std::fs::read(back.path(&file)).unwrap() == data(number * 40), "{file:?}");
    }
    // Its names take several answers.
    let long = server.files.join("long");
    std::fs::create_dir(&long).unwrap();
    for number in 0..700_u32 {
        std::fs::write(long.join(number.to_string()), b"").unwrap();
    }
    let mut listed = remote.list(Path::new("../long")).await.unwrap().unwrap();
    listed.sort_by(|one, other| one.name.cmp(&other.name));
    listed.dedup_by(|one, other| one.name == other.name);
    assert_eq!(listed.len(), 700);
    drop(remote);
    connection.close().await;
}

#[tokio::test]
async fn proftpd_serves_as_any_other() {
    keeps_its_promises(Other::proftpd().await, 1).await;
}

#[tokio::test]
async fn asyncssh_serves_as_any_other() {
    keeps_its_promises(Other::asyncssh("class Server(asyncssh.SFTPServer): pass").await, 4).await;
}

/// Answers fewer bytes than it is asked for, of another number each time.
const ODD: &str = "
class Server(asyncssh.SFTPServer):
    def read(self, file, offset, size):
        return super().read(file, offset, min(size, 1 + offset * 7919 % 30011))
";

#[tokio::test]
async fn a_server_may_answer_in_sizes_of_its_own() {
    keeps_its_promises(Other::asyncssh(ODD).await, 2).await;
}

/// Has room for so many bytes and no more.
const FULL: &str = "
class Server(asyncssh.SFTPServer):
    def write(self, file, offset, data):
        if offset + len(data) > 100_000:
            raise OSError(errno.ENOSPC, 'No space left on device')
        return super().write(file, offset, data)
";

#[tokio::test]
async fn a_full_disk_leaves_what_was_there() {
    let server = Other::asyncssh(FULL).await;
    let (_connection, channels) = server.channels(2).await;
    let there = server.files.join("there");
    std::fs::write(&there, "old").unwrap();
    let local = server.folder.path().join("local");
    std::fs::write(&local, data(100_000)).unwrap();
    let failed = put(&channels, Source::File(&local), &there, Options::default(), |_| {}).await.unwrap_err();
    assert!(matches!(failed, Failed::There { .. }) && failed.to_string().contains("No space left"), "{failed}");
    assert_eq!((std::fs::read(&there).unwrap().as_slice(), server.parts()), (&b"old"[..], 0));
}

/// Ends the connection when a file is closed that was written.
const CLOSING: &str = "
class Server(asyncssh.SFTPServer):
    def close(self, file):
        was_written = file.writable()
        super().close(file)
        if was_written:
            os._exit(0)
";

#[tokio::test]
async fn a_server_that_goes_away_after_a_file_leaves_nothing_under_its_name() {
    let mut server = Other::asyncssh(CLOSING).await;
    let (_connection, channels) = server.channels(1).await;
    let there = server.files.join("there");
    let local = server.folder.path().join("local");
    std::fs::write(&local, data(1000)).unwrap();
    let failed = put(&channels, Source::File(&local), &there, Options::default(), |_| {}).await.unwrap_err();
    assert!(failed.is_last(), "{failed}");
    assert!(!there.exists());
    server.process.wait().await.unwrap();
}
