//! moto's server: installing it into a virtual environment, starting it, and ending it with us. <https://docs.getmoto.org>

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::driver::{self, process};
use crate::inner::{Inner, StartError};

/// What is installed; a copy in the environment says that it is.
const REQUIREMENTS: &str = include_str!("../../requirements.txt");
/// How long moto may take to answer; its first start compiles hundreds of modules.
const START: Duration = Duration::from_secs(90);

/// Runs moto until its standard input ends, which is when we do, however we end: no emulator outlives its local cloud.
const LAUNCHER: &str = r"
import os, shutil, sys, threading
folder = sys.argv.pop(1)
def leave():
    sys.stdin.buffer.read()
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)
threading.Thread(target=leave, daemon=True).start()
from moto.server import main
main()
";

fn program(venv: &Path) -> PathBuf {
    venv.join("bin").join("moto_server")
}

fn interpreter(venv: &Path) -> PathBuf {
    venv.join("bin").join("python")
}

fn failed(message: impl Into<String>) -> StartError {
    StartError::Aws(message.into())
}

/// Makes sure of a virtual environment with moto. One that somebody else made, without our note, is taken as it is.
async fn install(python: &Path, venv: &Path) -> Result<(), StartError> {
    let note = venv.join("requirements.txt");
    let wanted = venv.join("requirements.partial");
    let installed = std::fs::read_to_string(&note).ok();
    let current = installed.is_none_or(|installed| installed == REQUIREMENTS) && !wanted.exists();
    if program(venv).is_file() && current {
        return Ok(());
    }
    tracing::info!(venv = %venv.display(), "installing moto, once");
    let file_error = |source| StartError::File { path: venv.to_owned(), source };
    step(python, &["-m".as_ref(), "venv".as_ref(), venv.as_os_str()]).await?;
    std::fs::write(&wanted, REQUIREMENTS).map_err(file_error)?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"].map(AsRef::<OsStr>::as_ref);
    let arguments: Vec<&OsStr> = pip.into_iter().chain([wanted.as_os_str()]).collect();
    step(&interpreter(venv), &arguments).await?;
    std::fs::rename(&wanted, &note).map_err(file_error)
}

/// Runs one program of the installation.
async fn step(program: &Path, arguments: &[&OsStr]) -> Result<(), StartError> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|error| {
        failed(format!("{} could not be started: {error}. Install python3 with its venv module.", program.display()))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = words.lines().rev().take(5).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(failed(format!("moto could not be installed with {}:\n{}", program.display(), last.join("\n"))))
}

/// Starts moto and waits until it answers; answers its port.
pub(super) async fn start(inner: &Arc<Inner>, venv: &Path) -> Result<u16, StartError> {
    install(&inner.settings.python, venv).await?;
    let mut last = String::new();
    // The free port that we find may be taken before moto gets it.
    for _ in 0..3 {
        let port = free_port().await?;
        let mark = format!("{}moto|{port}", driver::mark_of(&inner.settings.dir));
        let mut child = spawn(inner, venv, port, &mark)?;
        match wait(&mut child, port).await {
            Ok(()) => {
                inner.tasks.spawn(keep(Arc::clone(inner), child, mark));
                return Ok(port);
            }
            Err(message) => {
                process::end_group(child.id(), &mark).await;
                last = message;
            }
        }
    }
    let log = inner.settings.dir.join("moto.log");
    Err(failed(format!("moto does not start: {last}. See {}.", log.display())))
}

fn spawn(inner: &Inner, venv: &Path, port: u16, mark: &str) -> Result<Child, StartError> {
    let path = inner.settings.dir.join("moto.log");
    let log = std::fs::File::create(&path).map_err(|source| StartError::File { path: path.clone(), source })?;
    let errors = log.try_clone().map_err(|source| StartError::File { path, source })?;
    let (name, value) = mark.split_once('=').unwrap_or_default();
    let ephemeral = if inner.settings.ephemeral { inner.settings.dir.as_path() } else { Path::new("") };
    Command::new(interpreter(venv))
        .args(["-c", LAUNCHER])
        .arg(ephemeral)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .env("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        .env("PYTHONDONTWRITEBYTECODE", "")
        .env(name, value)
        .stdin(Stdio::piped())
        .stdout(log)
        .stderr(errors)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("{} could not be started: {error}", interpreter(venv).display())))
}

async fn wait(child: &mut Child, port: u16) -> Result<(), String> {
    let deadline = Instant::now() + START;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("it ended with {status}"));
        }
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("it does not answer within {} seconds", START.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Owns moto until the local cloud stops.
async fn keep(inner: Arc<Inner>, mut child: Child, mark: String) {
    // Waiting would close it.
    let _input = child.stdin.take();
    tokio::select! {
        status = child.wait() => tracing::error!(?status, "moto ended by itself: AWS calls will fail"),
        () = inner.stop.cancelled() => {}
    }
    process::end_group(child.id(), &mark).await;
    let _ = child.wait().await;
}

async fn free_port() -> Result<u16, StartError> {
    let listen = |source| StartError::Listen { port: 0, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(listen)?;
    listener.local_addr().map(|address| address.port()).map_err(listen)
}
