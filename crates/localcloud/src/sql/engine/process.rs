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
use crate::options::SqlEngine;
use crate::sql::settings::folder;
use crate::venv;

macro_rules! files {
    ($($name:literal)*) => { &[$(($name, include_str!($name))),*] };
}

/// The engine's program: what both backends share, and either.
const FILES: &[(&str, &str)] = files! {
    "catalogs.py" "engine.py" "errors.py" "results.py" "values.py" "words.py"
    "on_duckdb/backend.py" "on_duckdb/dialect.py" "on_duckdb/macros.py" "on_duckdb/refusals.py" "on_duckdb/statement.py" "on_duckdb/types.py"
    "on_spark/backend.py" "on_spark/names.py" "on_spark/refusals.py" "on_spark/types.py"
};

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
            let settings = &inner.settings;
            venv::ensure(&settings.python, venv, settings.sql.engine).await.map_err(|error| error.to_string())?;
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
    for backend in ["on_duckdb", "on_spark"] {
        std::fs::create_dir_all(program.join(backend))?;
    }
    for (name, text) in FILES {
        std::fs::write(program.join(name), text)?;
    }
    let mark = format!("{}sql", mark_of(&inner.settings.dir));
    let child = spawn(python, &folder, &program, inner.settings.sql.engine, &mark)?;
    let (lines, orders) = mpsc::unbounded_channel();
    inner.tasks.spawn(keep(Arc::clone(inner), child, orders, mark));
    Ok(lines)
}

fn spawn(python: &Path, folder: &Path, program: &Path, engine: SqlEngine, mark: &str) -> std::io::Result<Child> {
    let log = std::fs::File::create(folder.join("engine.log"))?;
    let (name, value) = mark.split_once('=').unwrap_or_default();
    let passed = ["PATH", "LANG", "LC_ALL", "JAVA_HOME"];
    let backend = match engine {
        SqlEngine::Duckdb => "duckdb",
        SqlEngine::Spark => "spark",
    };
    let mut command = Command::new(python);
    command
        .arg("-u")
        .arg(program.join("engine.py"))
        .arg(folder)
        .arg(backend)
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
