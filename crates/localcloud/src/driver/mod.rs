//! The clusters' drivers: processes on this machine. A submitted notebook is executed by Python in a process group of its own; what
//! it starts belongs to the run, and ends with it.

pub(crate) mod process;
pub(crate) mod proxy;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_util::sync::CancellationToken;

use crate::account::workspaces::millis;
use crate::principal::{Session, fresh_secret, hash};
use crate::server::Inner;
use crate::workspace::clusters::ClusterState;
use crate::workspace::files;
use crate::workspace::runs::{Ending, Outcome, Run};

/// What executes a notebook: `dbutils`, widgets, results.
const DRIVER: &str = include_str!("driver.py");
/// The environment variable by which the processes of a run are known.
const MARK: &str = "LOCALCLOUD_DRIVER";
/// How often it is looked whether a cluster is up.
const POLL: Duration = Duration::from_millis(20);

/// The runs that are under way.
#[derive(Debug, Default)]
pub(crate) struct Drivers(Mutex<BTreeMap<(i64, i64), Driver>>);

#[derive(Debug)]
struct Driver {
    cluster: String,
    stop: CancellationToken,
}

impl Drivers {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<(i64, i64), Driver>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends a run.
    pub(crate) fn stop_run(&self, workspace: i64, run: i64) {
        self.with(|all| all.get(&(workspace, run)).map(|driver| driver.stop.cancel()));
    }

    /// Ends all runs of a cluster.
    pub(crate) fn stop_cluster(&self, workspace: i64, cluster: &str) {
        self.with(|all| {
            all.iter()
                .filter(|((of, _), driver)| *of == workspace && driver.cluster == cluster)
                .for_each(|(_, driver)| driver.stop.cancel());
        });
    }

    /// Ends all runs of a workspace.
    pub(crate) fn stop_workspace(&self, workspace: i64) {
        self.with(|all| {
            all.iter().filter(|((of, _), _)| *of == workspace).for_each(|(_, driver)| driver.stop.cancel());
        });
    }
}

/// What the driver program writes when the notebook is through.
#[derive(Deserialize)]
struct Report {
    result: Option<String>,
    error: Option<String>,
    error_trace: Option<String>,
}

/// The mark of the processes of this local cloud, which others on the machine do not have.
pub(crate) fn mark_of(dir: &Path) -> String {
    format!("{MARK}={}|", dir.display())
}

/// Runs a run from its submission to its end.
pub(crate) fn start(inner: &Arc<Inner>, workspace: i64, run: i64) {
    let stop = inner.stop.child_token();
    let cluster = inner.with(|state| Some(state.workspaces.get(&workspace)?.runs.get(&run)?.cluster.clone()));
    let Some(cluster) = cluster else { return };
    inner.drivers.with(|all| all.insert((workspace, run), Driver { cluster, stop: stop.clone() }));
    let owner = Arc::clone(inner);
    inner.tasks.spawn(async move {
        let ending = execute(&owner, workspace, run, &stop).await;
        let now = owner.now();
        owner.with(|state| {
            if let Some(run) = state.workspaces.get_mut(&workspace).and_then(|workspace| workspace.runs.get_mut(&run)) {
                run.end(now, ending);
            }
        });
        owner.mark_changed();
        owner.drivers.with(|all| all.remove(&(workspace, run)));
    });
}

async fn execute(inner: &Arc<Inner>, workspace: i64, run: i64, stop: &CancellationToken) -> Ending {
    let prepared = tokio::select! {
        up = wait_for_cluster(inner, workspace, run) => up,
        () = stop.cancelled() => Err(Ending::without_result(Outcome::Canceled, "Run cancelled.")),
    };
    let (run, notebook, host) = match prepared {
        Ok(prepared) => prepared,
        Err(ending) => return ending,
    };
    match spawn(inner, workspace, &run, &notebook, &host, stop).await {
        Ok(ending) => ending,
        Err(error) => {
            Ending::without_result(Outcome::Failed, format!("The local cloud could not run the notebook: {error}"))
        }
    }
}

/// Waits until the run's cluster is up; answers the run, its notebook's file and the workspace's address.
async fn wait_for_cluster(inner: &Arc<Inner>, workspace: i64, run: i64) -> Result<(Run, PathBuf, String), Ending> {
    let failed = |message: String| Ending::without_result(Outcome::Failed, message);
    loop {
        let now = inner.now();
        let (state, effects) = inner.with(|state| {
            let effects = state.tick(now);
            let found = state.workspaces.get(&workspace).and_then(|of| {
                let run = of.runs.get(&run)?;
                if run.serverless.is_some() {
                    return Some(ClusterState::Running);
                }
                Some(of.clusters.get(&run.cluster)?.state)
            });
            (found, effects)
        });
        inner.perform(effects);
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
        let of = state.workspaces.get_mut(&workspace).ok_or("The workspace does not exist any more.")?;
        let host = format!("http://{}.localhost:{}", of.deployment(), inner.settings.port);
        let path = of.runs.get(&run).map(|run| run.notebook.notebook_path.clone()).unwrap_or_default();
        let notebook = files::notebook(&inner.settings, of, &path)?;
        let run = of.runs.get_mut(&run).ok_or("The run does not exist any more.")?;
        run.begin(now);
        Ok::<_, String>((run.clone(), notebook, host))
    });
    inner.mark_changed();
    started.map_err(failed)
}

/// Executes the notebook and waits for its end, or ends it.
async fn spawn(
    inner: &Arc<Inner>,
    workspace: i64,
    run: &Run,
    notebook: &Path,
    host: &str,
    stop: &CancellationToken,
) -> std::io::Result<Ending> {
    let settings = &inner.settings;
    let home = settings.dir.join("drivers").join(&run.cluster);
    let scratch = home.join(".runs").join(run.id.to_string());
    std::fs::create_dir_all(&scratch)?;
    let (program, report) = (scratch.join("driver.py"), scratch.join("report.json"));
    std::fs::write(&program, DRIVER)?;
    let log = std::fs::File::create(scratch.join("output.log"))?;
    let token = fresh_secret("localcloud-run-");
    let session = Session {
        principal: run.owner.clone(),
        workspace: Some(workspace),
        expires: inner.now().saturating_add(millis(settings.token_lifetime)),
    };
    let token_hash = hash(token.expose());
    inner.with(|state| state.sessions.insert(token_hash.clone(), session));
    let mark = format!("{}{workspace}|{}|{}", mark_of(&settings.dir), run.cluster, run.id);
    let mut command = tokio::process::Command::new(&settings.python);
    command
        .arg("-u")
        .arg(&program)
        .env_clear()
        .envs(
            ["PATH", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "SHELL", "TERM"]
                .iter()
                .filter_map(|name| Some((*name, std::env::var_os(name)?))),
        )
        .env("HOME", &home)
        // sshd goes by the person's home on this machine, but a job is the driver's.
        .env("TUNNEL_JOBS", home.join(".tunnel/jobs"))
        .env("DATABRICKS_HOST", host)
        .env("DATABRICKS_TOKEN", token.expose())
        .env("DATABRICKS_CLUSTER_ID", &run.cluster)
        .env("DATABRICKS_WORKSPACE_ROOT", files::root(settings, workspace))
        .env("DATABRICKS_RUNTIME_VERSION", "localcloud")
        .env(MARK, mark.trim_start_matches(&format!("{MARK}=")))
        .current_dir(&home)
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let group = child.id();
    let task = json!({
        "notebook": notebook,
        "parameters": run.notebook.base_parameters,
        "report": report,
        "cluster_id": run.cluster,
        "notebook_path": run.notebook.notebook_path,
        "user": run.owner,
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
    let ending = match early {
        Ok(ending) => ending,
        Err(status) => ending_of(&report, status?, &scratch),
    };
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
