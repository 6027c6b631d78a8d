//! The engine's process: started at the first statement, and again at the next one after it ended.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::Event;
use crate::driver::process::{self, mark_of};
use crate::inner::Inner;
use crate::sql::settings::folder;
use crate::venv;

/// The engine's program.
const FILES: [(&str, &str); 9] = [
    ("catalogs.py", include_str!("catalogs.py")),
    ("dialect.py", include_str!("dialect.py")),
    ("engine.py", include_str!("engine.py")),
    ("errors.py", include_str!("errors.py")),
    ("macros.py", include_str!("macros.py")),
    ("results.py", include_str!("results.py")),
    ("statement.py", include_str!("statement.py")),
    ("values.py", include_str!("values.py")),
    ("words.py", include_str!("words.py")),
];

/// Has the engine run a statement, and answers what it says of it. The end of that is the process's.
///
/// # Errors
/// In words, where there is no engine.
pub(crate) async fn begin(
    inner: &Arc<Inner>,
    id: &str,
    order: &Value,
) -> Result<mpsc::UnboundedReceiver<Event>, String> {
    let python = match &inner.settings.sql.venv {
        Some(venv) if !inner.sql.engine.with(|running| running.lines.is_some()) => {
            venv::ensure(&inner.settings.python, venv).await.map_err(|error| error.to_string())?;
            venv::interpreter(venv)
        }
        Some(venv) => venv::interpreter(venv),
        None => inner.settings.python.clone(),
    };
    let (events, heard) = mpsc::unbounded_channel();
    inner.sql.engine.with(|running| {
        let lines = match &running.lines {
            Some(lines) => lines.clone(),
            None => {
                let lines = start(inner, &python)
                    .map_err(|error| format!("The local cloud's SQL engine does not start: {error}"))?;
                running.lines = Some(lines.clone());
                lines
            }
        };
        running.statements.insert(id.to_owned(), events);
        // A process that ended takes the statement along.
        let _ = lines.send(format!("{order}\n"));
        Ok::<_, String>(())
    })?;
    Ok(heard)
}

fn start(inner: &Arc<Inner>, python: &Path) -> std::io::Result<mpsc::UnboundedSender<String>> {
    let folder = folder(&inner.settings.dir);
    let program = folder.join("engine");
    std::fs::create_dir_all(&program)?;
    for (name, text) in FILES {
        std::fs::write(program.join(name), text)?;
    }
    let mark = format!("{}sql", mark_of(&inner.settings.dir));
    let child = spawn(python, &folder, &program, &mark)?;
    let (lines, orders) = mpsc::unbounded_channel();
    inner.tasks.spawn(keep(Arc::clone(inner), child, orders, mark));
    Ok(lines)
}

fn spawn(python: &Path, folder: &Path, program: &Path, mark: &str) -> std::io::Result<Child> {
    let log = std::fs::File::create(folder.join("engine.log"))?;
    let (name, value) = mark.split_once('=').unwrap_or_default();
    let passed = ["PATH", "LANG", "LC_ALL"];
    let mut command = Command::new(python);
    command
        .arg("-u")
        .arg(program.join("engine.py"))
        .arg(folder)
        .env_clear()
        .envs(passed.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))))
        .env("HOME", folder)
        .env("PYTHONUTF8", "1")
        .env(name, value)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// Carries lines both ways until the process ends, or the local cloud does.
async fn keep(inner: Arc<Inner>, mut child: Child, mut orders: mpsc::UnboundedReceiver<String>, mark: String) {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { return };
    let mut said = BufReader::new(stdout).lines();
    let write = async {
        while let Some(line) = orders.recv().await {
            stdin.write_all(line.as_bytes()).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    let read = async {
        while let Some(line) = said.next_line().await? {
            inner.sql.engine.said(&line).map_err(std::io::Error::other)?;
        }
        Ok::<_, std::io::Error>(())
    };
    let ended = tokio::select! {
        ended = write => ended,
        ended = read => ended,
        () = inner.stop.cancelled() => Ok(()),
    };
    if !inner.stop.is_cancelled() {
        let log: PathBuf = folder(&inner.settings.dir).join("engine.log");
        tracing::warn!(?ended, log = %log.display(), "the SQL engine ended by itself");
    }
    // Its statements learn it by the end of what they listen to.
    inner.sql.engine.with(|running| (running.lines, running.statements) = Default::default());
    let _ = tokio::join!(process::end_group(child.id(), &mark), child.wait());
}
