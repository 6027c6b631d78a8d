//! The supervisor on endpoints of ours: what `remote/supervise.sh` does, with the same files, but it knows a signal from a code,
//! ends what escaped the job's process group, and says so when it is ended itself.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, killpg};
use nix::sys::stat::{Mode, umask};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until};

use super::id::JobId;
use super::identity::ProcessIdentity;
use super::job::JobState;
use super::report::End;
use super::spec::{GRACE, Spec};
use crate::error::{Context, Error, Result};
use crate::{orphans, print, signals};

/// How much of STATUS_FILE is looked at for its last line.
const STATUS: u64 = 500;

/// A claim on the job in whose folder this process stands, as the submitting script hands it over.
#[derive(Debug)]
pub struct Claim {
    /// The folder.
    pub folder: PathBuf,
    /// Name of what was staged.
    pub nonce: JobId,
    /// The login's umask, in octal.
    pub umask: String,
    /// The login's folder.
    pub login: PathBuf,
}

impl Claim {
    /// Claims the job, runs it, and records how it ended. What the submitting script is to hear is printed.
    ///
    /// # Errors
    /// When nothing was claimed.
    pub async fn run(self) -> Result<()> {
        umask(Mode::from_bits_truncate(0o077));
        let staged = self.folder.join(format!("new.{}", self.nonce));
        let spec: Spec = serde_json::from_str(&read(&staged.join("spec"))?).context(|| "the job's spec".to_owned())?;
        let sent = read(&staged.join("supervise"))?;
        let digest = digest(&sent).ok_or_else(|| Error::new("the job's digest is not in what was sent"))?;
        let identity =
            ProcessIdentity::of(std::process::id()).ok_or_else(|| Error::new("this process does not find itself"))?;
        write(&staged.join("supervisor"), &format!("{}\n", identity.text(digest)))?;
        let claim = self.folder.join("supervisor");
        if let Err(error) = fs::hard_link(staged.join("supervisor"), &claim) {
            if !claim.exists() {
                return Err(Error::new("the job cannot be claimed").caused_by(error));
            }
            let _ = fs::remove_dir_all(&staged);
            return print::bytes(b"taken\n");
        }
        let input = self.folder.join("input");
        orphans::adopt();
        // Whatever began it: the script's login, or the server that is above that.
        signals::keep_from_programs();
        let mut terminate = signal(SignalKind::terminate()).context(|| "cannot wait for signals".to_owned())?;
        let child = match self.start(&staged, &input) {
            Ok(child) => child,
            Err(error) => {
                // Nothing ran: the claim is given back, last.
                let _ = fs::remove_dir_all(&input);
                let _ = fs::remove_file(&claim);
                return Err(error);
            }
        };
        if let Some(identity) = child.id().and_then(ProcessIdentity::of)
            && over(&input.join("leader"), &format!("{}\n", identity.text("-"))).is_ok()
        {
            let _ = fs::rename(input.join("leader"), self.folder.join("leader"));
        }
        // Whoever asked may have gone.
        let _ = print::bytes(b"started\n");
        leave_pipes();
        let reaping = tokio::spawn(orphans::reap());
        let ended = self.stay(child, spec.timeout_seconds, &mut terminate).await;
        reaping.abort();
        self.record(ended, &input).await;
        Ok(())
    }

    fn start(&self, staged: &Path, input: &Path) -> Result<Child> {
        fs::rename(staged, input).context(|| "the job's files cannot be put in place".to_owned())?;
        let log = |name: &str| {
            let path = self.folder.join(name);
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
            file.context(|| format!("cannot write {}", path.display()))
        };
        let (stdout, stderr) = (log("stdout")?, log("stderr")?);
        log("status")?;
        let (seconds, uptime) = now();
        write(&self.folder.join("started"), &format!("{seconds} {uptime:.2}\n"))?;
        let stdin = match File::open(input.join("stdin")) {
            Ok(file) => Stdio::from(file),
            Err(_) => Stdio::null(),
        };
        let id = self.folder.file_name().unwrap_or_default();
        Command::new("sh")
            .arg(input.join("run"))
            .arg(&self.umask)
            .arg(&self.login)
            .env("LOG_FILE", self.folder.join("stdout"))
            .env("STATUS_FILE", self.folder.join("status"))
            .env("PID_FILE", self.folder.join("pid"))
            .env("JOB_ID", id)
            .current_dir(&self.folder)
            .stdin(stdin)
            .stdout(Stdio::from(stdout))
            .stderr(Stdio::from(stderr))
            .process_group(0)
            .spawn()
            .context(|| "cannot run sh".to_owned())
    }

    /// Waits for the job's end, and brings it about when its time is up or this process is told to end.
    async fn stay(&self, mut child: Child, timeout: u64, terminate: &mut tokio::signal::unix::Signal) -> ExitStatus {
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let tell = |signal| {
            if let Some(group) = group {
                let _ = killpg(group, signal);
            }
        };
        let end_at = Instant::now() + Duration::from_secs(timeout);
        let mut kill_at = None;
        // The first reason stands.
        let because = |reason: &str| {
            let _ = fs::hard_link(self.folder.join("input").join(reason), self.folder.join("reason"));
        };
        loop {
            tokio::select! {
                status = child.wait() => {
                    if let Ok(status) = status {
                        // A job is all that its first process began: what that leaves behind ends with it.
                        orphans::end().await;
                        return status;
                    }
                    sleep(Duration::from_secs(1)).await;
                }
                () = sleep_until(end_at), if timeout > 0 && kill_at.is_none() => {
                    because(JobState::TimedOut.word());
                    tell(Signal::SIGTERM);
                    kill_at = Some(Instant::now() + GRACE);
                }
                _ = terminate.recv(), if kill_at.is_none() => {
                    because(JobState::Cancelled.word());
                    tell(Signal::SIGTERM);
                    // Whoever ends the server waits three seconds.
                    kill_at = Some(Instant::now() + Duration::from_secs(2));
                }
                () = sleep_until(kill_at.unwrap_or_else(Instant::now)), if kill_at.is_some() => {
                    tell(Signal::SIGKILL);
                    kill_at = Some(Instant::now() + Duration::from_secs(60));
                }
            }
        }
    }

    async fn record(&self, status: ExitStatus, input: &Path) {
        // It may be big, and is nobody's business any more.
        let _ = fs::remove_file(input.join("stdin"));
        let reason = fs::read_to_string(self.folder.join("reason")).ok();
        let own = if status.signal().is_some() { JobState::Signaled } else { JobState::Exited };
        let state = reason.and_then(|reason| JobState::of_end(reason.trim())).unwrap_or(own);
        let (seconds, uptime) = now();
        let size = |name: &str| fs::metadata(self.folder.join(name)).map_or(0, |metadata| metadata.len());
        let end = End {
            state,
            code: status.code().and_then(|code| u8::try_from(code).ok()),
            signal: status.signal().and_then(|signal| u8::try_from(signal).ok()),
            seconds,
            uptime,
            stdout: size("stdout"),
            stderr: size("stderr"),
        };
        let text = format!("{}\n{}\n", end.line(), last_line(&self.folder.join("status")));
        // It is seen whole or not at all.
        let end = input.join("end");
        while over(&end, &text).and_then(|()| fs::rename(&end, self.folder.join("end"))).is_err() {
            // Whoever removed the folder does not want to know.
            if !self.folder.join("supervisor").exists() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }
}

/// The digest, where it stands in what was sent for a shell.
fn digest(supervise: &str) -> Option<&str> {
    let digest = supervise.lines().find_map(|line| line.strip_prefix("digest="))?;
    digest.chars().all(|c| c.is_ascii_hexdigit()).then_some(digest)
}

/// Seconds of the clock, and since the machine started.
pub(crate) fn now() -> (u64, f64) {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let uptime = fs::read_to_string("/proc/uptime").ok();
    let uptime = uptime.and_then(|text| text.split(' ').next()?.parse().ok());
    (seconds, uptime.unwrap_or(seconds as f64))
}

/// The last line that is not empty, as far back as is looked.
pub(crate) fn last_line(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(STATUS)))?;
        let mut bytes = Vec::new();
        file.take(STATUS).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = String::from_utf8_lossy(&read().unwrap_or_default()).replace('\0', "");
    text.trim_end_matches('\n').rsplit('\n').next().unwrap_or_default().to_owned()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).context(|| format!("cannot write {}", path.display()))
}

/// Writes over bytes that were reserved, which needs no room on the disk.
fn over(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Lets go of the pipes of the connection: whoever submitted waits for their end.
fn leave_pipes() {
    if let Ok(null) = OpenOptions::new().read(true).write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdout(&null);
        let _ = nix::unistd::dup2_stderr(&null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_status_line_is_found_behind_a_long_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("status");
        let check = |text: &[u8], expected: &str| {
            fs::write(&file, text).unwrap();
            assert_eq!(last_line(&file), expected);
        };
        check(b"one\ntwo\n", "two");
        check(b"", "");
        check(b"no end", "no end");
        check(&[b"x".repeat(2000), b"\nlast\n".to_vec()].concat(), "last");
    }
}
