//! The virtual environment of what localcloud runs in Python: moto and the SQL engine, as `requirements.txt` has them, and Spark where it is wanted.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::Mutex;

use crate::options::SqlEngine;

/// What is installed: its file, whose copy in the environment says that it is, and its text.
const REQUIREMENTS: (&str, &str) = ("requirements.txt", include_str!("../requirements.txt"));
/// What the SQL engine Spark needs more.
const SPARK: (&str, &str) = ("requirements-spark.txt", include_str!("../requirements-spark.txt"));
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
pub(crate) async fn ensure(python: &Path, venv: &Path, engine: SqlEngine) -> Result<(), VenvError> {
    let _one = INSTALLING.lock().await;
    install(python, venv, REQUIREMENTS, "moto_server").await?;
    match engine {
        SqlEngine::Duckdb => Ok(()),
        SqlEngine::Spark => install(python, venv, SPARK, "spark-submit").await,
    }
}

/// Installs what a file asks for, unless the environment has it: a program of it says so where there is no note.
async fn install(python: &Path, venv: &Path, (file, text): (&str, &str), program: &str) -> Result<(), VenvError> {
    let note = venv.join(file);
    let wanted = venv.join(format!("{file}.partial"));
    let installed = std::fs::read_to_string(&note).ok();
    let current = installed.is_none_or(|installed| installed == text) && !wanted.exists();
    if venv.join("bin").join(program).is_file() && current {
        return Ok(());
    }
    tracing::info!(venv = %venv.display(), file, "installing what it asks for, once");
    let file_error = |error| VenvError(format!("{} cannot be used: {error}", venv.display()));
    step(python, &["-m".as_ref(), "venv".as_ref(), venv.as_os_str()]).await?;
    std::fs::write(&wanted, text).map_err(file_error)?;
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
    Err(VenvError(format!("The Python environment could not be made with {}:\n{}", program.display(), last.join("\n"))))
}
