//! moto's server: starting it, and ending it with us. <https://docs.getmoto.org>

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::driver::{self, process};
use crate::inner::{Inner, StartError};
use crate::venv;

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

fn failed(message: impl Into<String>) -> StartError {
    StartError::Aws(message.into())
}

/// Starts moto and waits until it answers; answers its port.
pub(super) async fn start(inner: &Arc<Inner>, venv: &Path) -> Result<u16, StartError> {
    venv::ensure(&inner.settings.python, venv, inner.settings.sql.engine)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let mut last = String::new();
    // The free port that we find may be taken before moto gets it.
    for _ in 0..3 {
        let port = free_port().await?;
        let mark = format!("{}moto|{port}", driver::process::mark_of(&inner.settings.dir));
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
    Command::new(venv::interpreter(venv))
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
        .map_err(|error| failed(format!("{} could not be started: {error}", venv::interpreter(venv).display())))
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
