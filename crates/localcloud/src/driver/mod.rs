//! The clusters' drivers: processes on this machine. A submitted notebook is executed by Python in a process group of its own; what
//! it starts belongs to the run, and ends with it.

pub(crate) mod contexts;
pub(crate) mod drivers;
mod owner;
pub(crate) mod process;
pub(crate) mod proxy;
mod sql;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_util::sync::CancellationToken;

use self::drivers::Driver;
use self::owner::Owner;
use crate::effect::Effect;
use crate::inner::Inner;
use crate::principal::{Session, fresh_secret, hash};
use crate::sql::run as statements;
use crate::sql::settings::results;
use crate::state::State;
use crate::time::millis;
use crate::workspace::cluster::ClusterState;
use crate::workspace::files;
use crate::workspace::rights::{self, FileRight};
use crate::workspace::runs::run::{Ending, Outcome, Task, Work};

/// What executes a notebook: `dbutils`, widgets, results.
const DRIVER: &str = include_str!("driver.py");
/// How often it is looked whether a cluster is up.
const POLL: Duration = Duration::from_millis(20);

/// What the driver program writes when the notebook is through.
#[derive(Deserialize)]
struct Report {
    result: Option<String>,
    error: Option<String>,
    error_trace: Option<String>,
}

/// Lets everything happen that is due by now: a cluster that was to come up is up, and one that was to stop is stopped.
pub(crate) fn tick(inner: &Arc<Inner>) {
    let now = inner.now();
    let effects = inner.with(|state| state.tick(now));
    perform(inner, effects);
}

/// Does what handlers asked for.
pub(crate) fn perform(inner: &Arc<Inner>, effects: Vec<Effect>) {
    for effect in effects {
        match effect {
            Effect::StartTask { workspace, run, task } => start(inner, workspace, run, task),
            Effect::StopTask { workspace, task, .. } => inner.drivers.stop_task(workspace, task),
            Effect::StopCluster { workspace, cluster } => {
                inner.drivers.stop_cluster(workspace, &cluster);
                inner.contexts.stop(|of, context| of == workspace && context.cluster == cluster);
            }
            Effect::StartContext { workspace, context } => contexts::start(inner, workspace, context),
            Effect::RunCommand { workspace, context, command, code } => {
                contexts::run(inner, workspace, &context, command, code);
            }
            Effect::CancelCommand { workspace, context, command } => {
                contexts::cancel(inner, workspace, context, command);
            }
            Effect::StopContext { workspace, context } => {
                inner.contexts.stop(|of, one| of == workspace && one.id == context);
            }
            Effect::StartStatement { workspace, statement } => statements::start(inner, workspace, statement),
            Effect::CancelStatement { statement } => {
                inner.sql.engine.cancel(&statement);
                inner.sql.changed();
            }
            Effect::RemoveResult { workspace, statement } => statements::remove_result(inner, workspace, &statement),
            Effect::RemoveWorkspace { workspace } => {
                inner.drivers.stop_workspace(workspace);
                inner.contexts.stop(|of, _| of == workspace);
                let files = inner.settings.dir.join("workspaces").join(workspace.to_string());
                for folder in [files, results(&inner.settings.dir, workspace)] {
                    if let Err(error) = std::fs::remove_dir_all(&folder)
                        && error.kind() != std::io::ErrorKind::NotFound
                    {
                        tracing::warn!(folder = %folder.display(), %error, "a workspace's files could not be removed");
                    }
                }
            }
        }
    }
}

/// Runs a task from its turn to its end, and goes on with its run.
pub(crate) fn start(inner: &Arc<Inner>, workspace: i64, run: i64, task: i64) {
    let stop = inner.stop.child_token();
    let cluster = inner.with(|state| find(state, workspace, run, task).map(|task| task.cluster.clone()));
    let Some(cluster) = cluster else { return };
    inner.drivers.with(|all| all.insert((workspace, task), Driver { cluster, stop: stop.clone() }));
    let owner = Arc::clone(inner);
    inner.tasks.spawn(async move {
        let ending = execute(&owner, workspace, run, task, &stop).await;
        let (now, delay) = (owner.now(), millis(owner.settings.delays.cluster));
        let effects = owner.with(|state| {
            if let Some(task) = find(state, workspace, run, task) {
                task.end(now, ending);
            }
            state.workspaces.get_mut(&workspace).map(|of| of.go_on(run, now, delay)).unwrap_or_default()
        });
        owner.mark_changed();
        owner.drivers.with(|all| all.remove(&(workspace, task)));
        perform(&owner, effects);
    });
}

fn find(state: &mut State, workspace: i64, run: i64, task: i64) -> Option<&mut Task> {
    let run = state.workspaces.get_mut(&workspace)?.runs.get_mut(&run)?;
    run.tasks.iter_mut().find(|one| one.id == task)
}

/// What is known of a task when its cluster is up.
struct Prepared {
    task: Task,
    /// The file that it executes, on this machine.
    file: PathBuf,
    /// SCIM id of who it runs as.
    owner: String,
    /// The workspace's address.
    host: String,
}

async fn execute(inner: &Arc<Inner>, workspace: i64, run: i64, task: i64, stop: &CancellationToken) -> Ending {
    let prepared = tokio::select! {
        up = wait_for_cluster(inner, workspace, run, task) => up,
        () = stop.cancelled() => Err(Ending::without_result(Outcome::Canceled, "Run cancelled.")),
    };
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(ending) => return ending,
    };
    match spawn(inner, workspace, &prepared, stop).await {
        Ok(ending) => ending,
        Err(error) => {
            Ending::without_result(Outcome::Failed, format!("The local cloud could not run the task: {error}"))
        }
    }
}

/// Waits until the task's cluster is up.
async fn wait_for_cluster(inner: &Arc<Inner>, workspace: i64, run: i64, task: i64) -> Result<Prepared, Ending> {
    let failed = |message: String| Ending::without_result(Outcome::Failed, message);
    loop {
        let now = inner.now();
        let (state, effects) = inner.with(|state| {
            let effects = state.tick(now);
            let found = state.workspaces.get(&workspace).and_then(|of| {
                let task = of.runs.get(&run)?.task(task)?;
                if task.serverless {
                    return Some(ClusterState::Running);
                }
                Some(of.clusters.get(&task.cluster)?.state)
            });
            (found, effects)
        });
        perform(inner, effects);
        match state {
            Some(ClusterState::Running) => break,
            Some(ClusterState::Pending | ClusterState::Restarting) => tokio::time::sleep(POLL).await,
            Some(ClusterState::Terminating | ClusterState::Terminated) => {
                return Err(failed(
                    "Unexpected failure while waiting for the cluster to be ready: it was terminated.".to_owned(),
                ));
            }
            None => return Err(failed("The cluster does not exist any more.".to_owned())),
        }
    }
    tokio::time::sleep(inner.settings.delays.run).await;
    let now = inner.now();
    let started = inner.with(|state| {
        let of = state.workspaces.get(&workspace).ok_or("The workspace does not exist any more.")?;
        let host = inner.settings.workspace_url(of.deployment());
        let run_of = of.runs.get(&run).ok_or("The run does not exist any more.")?;
        let owner = run_of.owner.clone();
        let caller = state.caller(&owner);
        let cluster = run_of.task(task).and_then(|task| of.clusters.get(&task.cluster));
        if let Some(cluster) = cluster {
            rights::check_single_user(state, workspace, &caller, cluster)?;
        }
        if let Some(Work::Notebook { path, .. } | Work::Python { path, .. }) = run_of.task(task).map(|task| &task.work)
        {
            let normal = path.strip_prefix("/Workspace").unwrap_or(path);
            rights::check_file(state, workspace, &caller, normal, FileRight::Run)
                .map_err(|error| format!("Unable to access {path}: {}", error.message))?;
        }
        let file = match run_of.task(task).map(|task| &task.work) {
            Some(Work::Notebook { path, .. }) => files::notebook(&inner.settings, of, path)?,
            Some(Work::Python { path, .. }) => files::python_file(&inner.settings, of, path)?,
            None => return Err("The task does not exist any more.".to_owned()),
        };
        let task = find(state, workspace, run, task).ok_or("The task does not exist any more.")?;
        task.begin(now);
        Ok::<_, String>(Prepared { task: task.clone(), file, owner, host })
    });
    inner.mark_changed();
    started.map_err(failed)
}

/// Executes the task and waits for its end, or ends it.
async fn spawn(
    inner: &Arc<Inner>,
    workspace: i64,
    prepared: &Prepared,
    stop: &CancellationToken,
) -> std::io::Result<Ending> {
    let Prepared { task: run, file, owner, host } = prepared;
    let settings = &inner.settings;
    let token = fresh_secret("localcloud-run-");
    let id = run.id.to_string();
    let from = Owner { workspace, cluster: &run.cluster, id: &id, host, token: token.expose() };
    let scratch = from.home(settings).join(".runs").join(&id);
    std::fs::create_dir_all(&scratch)?;
    let (program, report) = (scratch.join("driver.py"), scratch.join("report.json"));
    std::fs::write(&program, DRIVER)?;
    let log = std::fs::File::create(scratch.join("output.log"))?;
    let session = Session {
        principal: owner.clone(),
        workspace: Some(workspace),
        expires: inner.now().saturating_add(millis(settings.token_lifetime)),
    };
    let token_hash = hash(token.expose());
    inner.with(|state| state.sessions.insert(token_hash.clone(), session));
    let mark = from.mark(settings);
    let mut command = from.python(settings, &program);
    command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
    let mut child = command.spawn()?;
    let group = child.id();
    let (path, parameters, arguments) = match &run.work {
        Work::Notebook { path, parameters } => (path, json!(parameters), None),
        Work::Python { path, arguments } => (path, json!({}), Some(arguments)),
    };
    let task = json!({
        "notebook": file,
        "parameters": parameters,
        "arguments": arguments,
        "report": report,
        "cluster_id": run.cluster,
        "notebook_path": path,
        "user": owner,
    });
    if let Some(mut stdin) = child.stdin.take() {
        // A driver that has died already says so by its exit code.
        let _ = stdin.write_all(task.to_string().as_bytes()).await;
    }
    let timeout = if run.timeout == 0 { Duration::MAX } else { Duration::from_secs(run.timeout) };
    let early = tokio::select! {
        status = child.wait() => Err(status),
        () = stop.cancelled() => Ok(Ending::without_result(Outcome::Canceled, "Run cancelled.")),
        () = sleep(timeout) => Ok(Ending::without_result(Outcome::TimedOut, "Run timed out.")),
    };
    // Waited for meanwhile: a group whose first process is a zombie still counts as one.
    let _ = tokio::join!(process::end_group(group, &mark), child.wait());
    let mut ending = match early {
        Ok(ending) => ending,
        Err(status) => ending_of(&report, status?, &scratch),
    };
    if matches!(run.work, Work::Python { .. }) {
        ending.logs = Some(tail(&scratch.join("output.log")));
    }
    inner.with(|state| state.sessions.remove(&token_hash));
    Ok(ending)
}

/// Sleeps; for ever, when it is longer than a clock can tell.
async fn sleep(duration: Duration) {
    if duration == Duration::MAX { std::future::pending().await } else { tokio::time::sleep(duration).await }
}

fn ending_of(report: &Path, status: std::process::ExitStatus, scratch: &Path) -> Ending {
    let read: Option<Report> = std::fs::read(report).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match read {
        Some(Report { error: None, result, .. }) => Ending { result, ..Ending::without_result(Outcome::Success, "") },
        Some(Report { error, error_trace, .. }) => Ending {
            error,
            error_trace,
            ..Ending::without_result(Outcome::Failed, "Workload failed, see run output for details")
        },
        None => {
            let tail = tail(&scratch.join("output.log"));
            Ending {
                error: Some(format!("The Python process of the notebook ended by itself ({status}).")),
                error_trace: Some(tail),
                ..Ending::without_result(Outcome::Failed, "The Python process exited unexpectedly.")
            }
        }
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let skip = text.chars().count().saturating_sub(2000);
    text.chars().skip(skip).collect()
}
