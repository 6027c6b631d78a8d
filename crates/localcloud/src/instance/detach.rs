//! Starting a local cloud that outlives its terminal, and ending one with everything that it started.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::client;
use super::folder::{Folder, Note};
use crate::driver::process;

/// The environment variable that tells the program that it is the detached one.
pub const DETACHED: &str = "LOCALCLOUD_DETACHED";
/// How long one may take to start; the first start installs moto.
const START: Duration = Duration::from_secs(600);
/// How long one may take to end by itself.
const STOP: Duration = Duration::from_secs(30);

/// Why a detached local cloud did not start or end.
#[derive(Debug, thiserror::Error)]
pub enum DetachError {
    /// A file or a process cannot be made.
    #[error("the local cloud cannot be started: {0}")]
    Io(#[from] std::io::Error),
    /// It ended instead of serving.
    #[error("the local cloud did not start:\n{0}")]
    Ended(String),
    /// It goes on starting.
    #[error("the local cloud is still not up; its log is {0}")]
    Slow(String),
    /// It does not end.
    #[error("the local cloud (process {0}) does not end")]
    Stuck(u32),
}

/// Starts the program once more, detached, with `arguments`, and returns when it is healthy.
///
/// # Errors
/// [`DetachError`], with the end of its log when it ended.
pub async fn start(folder: &Folder, program: &Path, arguments: &[String]) -> Result<Note, DetachError> {
    let log_path = folder.path("localcloud.log");
    // Written at its end, wherever that is: somebody may empty it meanwhile.
    std::fs::File::create(&log_path)?;
    let log = std::fs::File::options().append(true).open(&log_path)?;
    let mut child = Command::new(program)
        .args(arguments)
        .env(DETACHED, "1")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let deadline = Instant::now() + START;
    loop {
        if child.try_wait()?.is_some() {
            let words = std::fs::read_to_string(&log_path).unwrap_or_default();
            let last: Vec<&str> = words.lines().rev().take(10).collect();
            return Err(DetachError::Ended(last.into_iter().rev().collect::<Vec<_>>().join("\n")));
        }
        if let Some(note) = healthy(folder, &child).await {
            return Ok(note);
        }
        if Instant::now() > deadline {
            return Err(DetachError::Slow(log_path.display().to_string()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn healthy(folder: &Folder, child: &Child) -> Option<Note> {
    let note = folder.note().filter(|note| note.pid == child.id())?;
    client::is_healthy(&note).await.then_some(note)
}

/// Ends the local cloud of a folder, and what is left of an earlier one that was killed; says whether there was one.
///
/// # Errors
/// [`DetachError::Stuck`] when a process stays.
pub async fn stop(folder: &Folder) -> Result<bool, DetachError> {
    let note = folder.note();
    let was_up = folder.is_locked();
    if was_up {
        // Its lock goes before the process does: both have to.
        let process = note.as_ref().and_then(|note| {
            let id = i32::try_from(note.pid).ok()?;
            Some((id, process::start_time(id)?))
        });
        let stands = || folder.is_locked() || process.is_some_and(|(id, started)| process::is_alive(id, started));
        if let Some(note) = &note {
            // One that does not answer is ended below.
            let _ = client::ask(note, reqwest::Method::POST, "stop", None).await;
        }
        let deadline = Instant::now() + STOP;
        while stands() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if let Some(note) = note.filter(|_| stands()) {
            let (id, _) = process.ok_or(DetachError::Stuck(note.pid))?;
            kill(Pid::from_raw(id), Signal::SIGKILL).map_err(|_| DetachError::Stuck(note.pid))?;
            tokio::time::sleep(Duration::from_millis(200)).await;
            if stands() {
                return Err(DetachError::Stuck(note.pid));
            }
        }
    }
    process::end_group(None, &process::mark_of(folder.root())).await;
    folder.forget();
    Ok(was_up)
}
