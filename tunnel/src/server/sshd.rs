//! OpenSSH's sshd, one process per session: `sshd -i` talks SSH over the socket that it is given as stdin and stdout.
//! Reference: sshd(8), sshd_config(5).
//!
//! Each server has a folder of its own (0700) with the host key (0600), each session a folder in it with its configuration and
//! the keys that may log in. Folders go with what they belong to. When a server dies, its sockets close and sshd ends.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use secret::Secret;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::error::{Context, Error, Result};
use crate::server::log_ring::LogRing;
use crate::server::session_environment::of_sessions;
use crate::server::ssh_server::LOGIN_LIMIT;

/// How long sshd may take to end once its connection is closed.
const GRACE: Duration = Duration::from_secs(10);
/// How sshd begins to say that someone is logged in: auth.c, auth_log.
const ACCEPTED: &str = "Accepted ";
const PREFIX: &str = "tunnel-server-";

/// What starts sshd: the program, the server's folder with its host key, and the environment of the sessions.
#[derive(Debug)]
pub struct Sshd {
    program: PathBuf,
    directory: PathBuf,
    set_env: String,
}

impl Sshd {
    /// Finds sshd and writes the host key into a new folder below `parent`.
    ///
    /// # Errors
    /// When there is no sshd, or the folder or the key cannot be written.
    pub fn new(
        parent: &Path,
        path: &[PathBuf],
        host_key: &Secret<String>,
        environment: &[(String, String)],
    ) -> Result<Self> {
        let program = find(path).ok_or_else(|| {
            Error::new("there is no sshd on the driver")
                .way_out("Use a Databricks Runtime image, or install openssh-server in the cluster's own image.")
        })?;
        remove_left_overs(parent);
        let directory = parent.join(format!("{PREFIX}{}-{}", std::process::id(), uuid::Uuid::new_v4().simple()));
        create_folder(&directory).context(|| format!("cannot create {}", directory.display()))?;
        let sshd = Self { program, directory, set_env: set_env(environment) };
        let mut key = Secret::new(host_key.expose().trim_end().to_owned() + "\n");
        write_private(&sshd.host_key(), key.expose().as_bytes()).context(|| "cannot write the host key".to_owned())?;
        key = Secret::default();
        drop(key);
        // sshd as root wants its folder for privilege separation; elsewhere this fails and nobody needs it.
        let _ = fs::create_dir_all("/run/sshd");
        Ok(sshd)
    }

    fn host_key(&self) -> PathBuf {
        self.directory.join("host_key")
    }

    /// Starts sshd for one session. Its words go to the log.
    ///
    /// # Errors
    /// When a file cannot be written or the program cannot be started.
    pub fn start(&self, authorized_keys: &str, log: &LogRing) -> Result<(Running, UnixStream)> {
        let directory = self.directory.join(format!("session-{}", uuid::Uuid::new_v4().simple()));
        let start = || -> io::Result<(Running, UnixStream)> {
            create_folder(&directory)?;
            let folder = Folder(directory.clone());
            let config = directory.join("sshd_config");
            write_private(&directory.join("authorized_keys"), authorized_keys.as_bytes())?;
            write_private(&config, configuration(&directory, &self.host_key(), &self.set_env).as_bytes())?;
            let (ours, theirs) = StdUnixStream::pair()?;
            ours.set_nonblocking(true)?;
            let stream = UnixStream::from_std(ours)?;
            let output = OwnedFd::from(theirs.try_clone()?);
            let (logged_in, ended) = (CancellationToken::new(), CancellationToken::new());
            let mut child = Command::new(&self.program)
                // -e: words on stderr instead of a system log that a container lacks.
                .args(["-i", "-e", "-f"])
                .arg(&config)
                .env_clear()
                .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
                .stdin(Stdio::from(OwnedFd::from(theirs)))
                .stdout(Stdio::from(output))
                .stderr(Stdio::piped())
                .process_group(0)
                .kill_on_drop(true)
                .spawn()?;
            if let Some(stderr) = child.stderr.take() {
                let (log, logged_in, ended) = (log.clone(), logged_in.clone(), ended.clone());
                tokio::spawn(async move {
                    let mut lines = BufReader::new(stderr).split(b'\n');
                    while let Ok(Some(line)) = lines.next_segment().await {
                        let line = String::from_utf8_lossy(&line);
                        let line = line.trim_end();
                        if line.starts_with(ACCEPTED) {
                            logged_in.cancel();
                        }
                        if is_routine(line) {
                            crate::say!("sshd: {line}");
                        } else {
                            log.warn(format!("sshd: {line}"));
                        }
                    }
                    ended.cancel();
                });
            }
            Ok((Running { child, logged_in, ended, _folder: folder }, stream))
        };
        start().context(|| format!("cannot start {}", self.program.display()))
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A running sshd. It is ended when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    logged_in: CancellationToken,
    /// Cancelled once sshd has said its last words.
    ended: CancellationToken,
    _folder: Folder,
}

impl Running {
    /// Cancelled once someone is logged in.
    pub fn logged_in(&self) -> CancellationToken {
        self.logged_in.clone()
    }

    /// Whether sshd has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Waits for sshd's end after its connection was closed, and ends it when it takes too long.
    pub async fn finish(mut self) -> Option<ExitStatus> {
        match timeout(GRACE, self.child.wait()).await {
            Ok(status) => status.ok(),
            Err(_) => {
                self.kill();
                self.child.wait().await.ok().or_else(|| Some(ExitStatus::from_raw(9)))
            }
        }
    }

    /// Ends sshd at once.
    pub fn kill(&self) {
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What sshd says of every session that goes well: in a log of warnings it would hide the reason of one that does not.
fn is_routine(line: &str) -> bool {
    [ACCEPTED, "Received disconnect from ", "Disconnected from user "]
        .iter()
        .any(|beginning| line.starts_with(beginning))
        || line.trim().is_empty()
}

/// sshd's configuration for one session.
fn configuration(session: &Path, host_key: &Path, set_env: &str) -> String {
    let authorized_keys = session.join("authorized_keys");
    let mut text =
        format!("HostKey \"{}\"\nAuthorizedKeysFile \"{}\"\n", host_key.display(), authorized_keys.display());
    // A client whose network is away may come back for an hour: until then the session decides, and sshd waits longer.
    // StrictModes looks at the home's parents, which are writable for others on a driver; our files are 0600 in a 0700 folder.
    text.push_str(&format!(
        "PubkeyAuthentication yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
         StrictModes no\nUsePAM no\nUseDNS no\nPrintMotd no\nPidFile none\nLogLevel INFO\nLoginGraceTime {}\n\
         ClientAliveInterval 30\nClientAliveCountMax 130\nAcceptEnv LANG LC_* COLORTERM\nSubsystem sftp internal-sftp\n",
        LOGIN_LIMIT.as_secs(),
    ));
    if !set_env.is_empty() {
        text.push_str(&format!("SetEnv {set_env}\n"));
    }
    text
}

/// The variables that a session gets from the driver, as the arguments of one `SetEnv`: sshd takes the first such line only.
fn set_env(environment: &[(String, String)]) -> String {
    of_sessions(environment)
        .map(|(name, value)| format!("\"{name}={}\"", value.replace('\\', r"\\").replace('"', "\\\"")))
        .collect::<Vec<_>>()
        .join(" ")
}

/// sshd is in `sbin`, which is not on everybody's PATH.
pub(crate) fn find(path: &[PathBuf]) -> Option<PathBuf> {
    let usual = ["/usr/sbin", "/usr/local/sbin", "/sbin", "/opt/openssh/sbin"].map(PathBuf::from);
    path.iter().chain(&usual).map(|folder| folder.join("sshd")).find(|file| file.is_absolute() && file.is_file())
}

fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}

/// A server that was killed could not remove its folder, which holds a key.
fn remove_left_overs(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split('-').next());
        let Some(process) = process.and_then(|text| text.parse::<u32>().ok()) else { continue };
        if !Path::new(&format!("/proc/{process}")).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_get_the_environment_as_one_line() {
        let check = |name: &str, value: &str, expected: &str| {
            assert_eq!(set_env(&[(name.to_owned(), value.to_owned())]), expected, "{name}");
        };
        check("SPARK_HOME", "/databricks/spark", "\"SPARK_HOME=/databricks/spark\"");
        check("A", r#"say "hi" \ # $x"#, r#""A=say \"hi\" \\ # $x""#);
        check("DATABRICKS_TOKEN", "dapi1", "");
    }

    #[test]
    fn sshd_accepts_the_configuration() {
        let parent = tempfile::tempdir().unwrap();
        let key = ssh_key::PrivateKey::random(&mut ssh_key::rand_core::OsRng, ssh_key::Algorithm::Ed25519).unwrap();
        let key = Secret::from(key.to_openssh(ssh_key::LineEnding::LF).unwrap().to_string());
        let environment = [("PATH".to_owned(), "/a b:/c".to_owned()), ("Q".to_owned(), r#"it's "x""#.to_owned())];
        let sshd = Sshd::new(parent.path(), &[], &key, &environment).unwrap();
        let file = parent.path().join("sshd_config");
        fs::write(&file, configuration(parent.path(), &sshd.host_key(), &sshd.set_env)).unwrap();
        let output = std::process::Command::new(&sshd.program).arg("-T").arg("-f").arg(&file).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for line in ["passwordauthentication no", "strictmodes no", "setenv Q=it's \"x\"", "setenv PATH=/a b:/c"] {
            assert!(text.lines().any(|other| other == line), "{line} is not in {text}");
        }
        let directory = sshd.directory.clone();
        assert!(directory.exists());
        drop(sshd);
        assert!(!directory.exists(), "the host key goes with the server");
    }

    #[test]
    fn folders_of_killed_servers_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let dead = parent.path().join(format!("{PREFIX}4294967-x"));
        let alive = parent.path().join(format!("{PREFIX}{}-x", std::process::id()));
        let other = parent.path().join("something");
        for folder in [&dead, &alive, &other] {
            fs::create_dir(folder).unwrap();
        }
        remove_left_overs(parent.path());
        assert_eq!([dead.exists(), alive.exists(), other.exists()], [false, true, true]);
    }
}
