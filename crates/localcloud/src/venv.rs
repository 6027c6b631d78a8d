//! The virtual environment of what localcloud runs in Python: moto and the SQL engine, as `requirements.txt` has them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::Mutex;

/// What is installed; a copy in the environment says that it is.
const REQUIREMENTS: &str = include_str!("../requirements.txt");
/// One at a time installs.
static INSTALLING: Mutex<()> = Mutex::const_new(());

/// Why there is no environment.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct VenvError(String);

/// The Python of an environment.
pub(crate) fn interpreter(venv: &Path) -> PathBuf {
    venv.join("bin").join("python")
}

/// Makes sure of a virtual environment. One that somebody else made, without our note, is taken as it is.
pub(crate) async fn ensure(python: &Path, venv: &Path) -> Result<(), VenvError> {
    let _one = INSTALLING.lock().await;
    let note = venv.join("requirements.txt");
    let wanted = venv.join("requirements.partial");
    let installed = std::fs::read_to_string(&note).ok();
    let current = installed.is_none_or(|installed| installed == REQUIREMENTS) && !wanted.exists();
    if venv.join("bin").join("moto_server").is_file() && current {
        return Ok(());
    }
    tracing::info!(venv = %venv.display(), "installing moto and the SQL engine, once");
    let file_error = |error| VenvError(format!("{} cannot be used: {error}", venv.display()));
    step(python, &["-m".as_ref(), "venv".as_ref(), venv.as_os_str()]).await?;
    std::fs::write(&wanted, REQUIREMENTS).map_err(file_error)?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"].map(AsRef::<OsStr>::as_ref);
    let arguments: Vec<&OsStr> = pip.into_iter().chain([wanted.as_os_str()]).collect();
    step(&interpreter(venv), &arguments).await?;
    std::fs::rename(&wanted, &note).map_err(file_error)
}

/// Runs one program of the installation.
async fn step(program: &Path, arguments: &[&OsStr]) -> Result<(), VenvError> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|error| {
        VenvError(format!("{} could not be started: {error}. Install python3 with its venv module.", program.display()))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = words.lines().rev().take(5).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(VenvError(format!("requirements.txt could not be installed with {}:\n{}", program.display(), last.join("\n"))))
}
