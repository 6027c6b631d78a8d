//! From what a submission, or a job, says to the tasks of a run.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::run::{LifeCycle, Task, Work};
use crate::answer::ApiError;
use crate::call::Cx;
use crate::time::millis;
use crate::workspace::cluster::ClusterState;
use crate::workspace::rights::{ClusterRight, require_cluster};
use crate::workspace::{cluster_spec, clusters};

/// The oldest environment of serverless notebooks that the real service still has.
const OLDEST_ENVIRONMENT: u32 = 1;

/// What values for notebooks and arguments for Python files a run brings.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) notebook: BTreeMap<String, String>,
    pub(super) python: Option<Vec<String>>,
}

/// The tasks of a run, and the clusters that are made for it. Nothing is made before everything is checked.
pub(super) fn tasks(
    cx: &mut Cx<'_>,
    settings: &Map<String, Value>,
    parameters: &Parameters,
) -> Result<(Vec<Task>, Vec<String>), ApiError> {
    let list = |field: &str| settings.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let (wanted, environments, shared) = (list("tasks"), list("environments"), list("job_clusters"));
    if wanted.is_empty() {
        return Err(ApiError::invalid("A run has at least one task."));
    }
    environments.iter().try_for_each(check_environment)?;
    let mut tasks = Vec::new();
    for task in &wanted {
        tasks.push(read(cx, task, &environments, parameters)?);
    }
    check_keys(&tasks)?;
    // All specifications are checked before the first cluster is made.
    let mut specs: BTreeMap<String, cluster_spec::ClusterSpec> = BTreeMap::new();
    for (task, asked) in tasks.iter().zip(&wanted) {
        if let Some((name, spec)) = own_cluster(&task.key, asked, &shared)? {
            let spec = cluster_spec::read(cx, spec)?;
            specs.insert(name, spec);
        }
    }
    let mut made: BTreeMap<String, String> = BTreeMap::new();
    let creator = cx.name()?;
    for (name, mut spec) in specs {
        spec.insert("cluster_name".to_owned(), json!(format!("job-run-{}", cx.now)));
        let id = clusters::add(cx, spec, creator.clone(), "JOB")?;
        made.insert(name, id);
    }
    for (task, asked) in tasks.iter_mut().zip(&wanted) {
        if let Some((name, _)) = own_cluster(&task.key, asked, &shared)? {
            task.cluster = made.get(&name).cloned().unwrap_or_default();
        } else if task.serverless {
            task.cluster = format!("0000-000000-sl{}", cx.state.next_id());
        }
    }
    for task in tasks.iter().filter(|task| !task.serverless && !made.values().any(|id| *id == task.cluster)) {
        wake(cx, &task.cluster)?;
    }
    Ok((tasks, made.into_values().collect()))
}

/// The name and the specification of the cluster that is made for a task: its own, or one that several tasks share.
fn own_cluster(key: &str, task: &Value, shared: &[Value]) -> Result<Option<(String, Value)>, ApiError> {
    if let Some(spec) = task.get("new_cluster") {
        return Ok(Some((format!("task {key}"), spec.clone())));
    }
    let Some(name) = task.get("job_cluster_key").and_then(Value::as_str) else { return Ok(None) };
    let found = shared.iter().find(|one| one.get("job_cluster_key").and_then(Value::as_str) == Some(name));
    let spec = found.and_then(|one| one.get("new_cluster")).cloned();
    let spec = spec.ok_or_else(|| ApiError::invalid(format!("The job cluster {name} of task {key} is not there.")))?;
    Ok(Some((format!("shared {name}"), spec)))
}

fn read(cx: &mut Cx<'_>, asked: &Value, environments: &[Value], parameters: &Parameters) -> Result<Task, ApiError> {
    let asked = asked.as_object().cloned().unwrap_or_default();
    let text = |field: &str| asked.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let key = text("task_key");
    if key.is_empty() || key.len() > 100 || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(ApiError::invalid(format!("task_key {key:?} has 1 to 100 letters, digits, - and _.")));
    }
    let work = work(&asked, parameters)?;
    let serverless = serverless(&asked, environments)?;
    let cluster = text("existing_cluster_id");
    if !cluster.is_empty() {
        let right = match clusters::find(cx, &cluster)?.state {
            ClusterState::Terminated => ClusterRight::Restart,
            _ => ClusterRight::Attach,
        };
        require_cluster(cx, &cluster, right)?;
    }
    let depends_on = asked.get("depends_on").and_then(Value::as_array).into_iter().flatten();
    let depends_on = depends_on.filter_map(|one| one.get("task_key")?.as_str().map(str::to_owned)).collect();
    Ok(Task {
        id: cx.state.next_id(),
        work,
        depends_on,
        run_if: text("run_if"),
        cluster,
        serverless,
        timeout: asked.get("timeout_seconds").and_then(Value::as_u64).unwrap_or_default(),
        key,
        asked,
        life_cycle: LifeCycle::Blocked,
        outcome: None,
        message: String::new(),
        result: None,
        error: None,
        error_trace: None,
        logs: None,
        submitted: cx.now,
        started: None,
        ended: None,
    })
}

fn work(asked: &Map<String, Value>, parameters: &Parameters) -> Result<Work, ApiError> {
    let of = |task: &Value, field: &str| task.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let of_workspace = |task: &Value| {
        let source = of(task, "source");
        if source.is_empty() || source == "WORKSPACE" {
            Ok(())
        } else {
            Err(ApiError::invalid("The local cloud runs notebooks and files of the workspace."))
        }
    };
    if let Some(task) = asked.get("notebook_task") {
        of_workspace(task)?;
        let base = task.get("base_parameters").and_then(Value::as_object).into_iter().flatten();
        let mut values: BTreeMap<String, String> =
            base.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        values.extend(parameters.notebook.clone());
        return Ok(Work::Notebook { path: of(task, "notebook_path"), parameters: values });
    }
    if let Some(task) = asked.get("spark_python_task") {
        of_workspace(task)?;
        let path = of(task, "python_file");
        if !path.starts_with('/') {
            let message = format!("The local cloud runs Python files of the workspace, and {path} is none.");
            return Err(ApiError::invalid(message));
        }
        let given = task.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let given = given.filter_map(|one| one.as_str().map(str::to_owned)).collect();
        return Ok(Work::Python { path, arguments: parameters.python.clone().unwrap_or(given) });
    }
    let other = asked.keys().find(|field| field.ends_with("_task")).map_or("nothing", String::as_str);
    Err(ApiError::invalid(format!("The local cloud runs tasks with notebook_task or spark_python_task, not {other}.")))
}

fn check_keys(tasks: &[Task]) -> Result<(), ApiError> {
    for (at, task) in tasks.iter().enumerate() {
        if tasks.iter().skip(at + 1).any(|other| other.key == task.key) {
            return Err(ApiError::invalid(format!("Two tasks have the task_key {}.", task.key)));
        }
        if let Some(need) = task.depends_on.iter().find(|need| !tasks.iter().any(|other| other.key == **need)) {
            return Err(ApiError::invalid(format!("Task {} depends on {need}, which is not there.", task.key)));
        }
    }
    // Taken away one after the other, nothing is left unless some wait for each other in a circle.
    let mut left: Vec<&Task> = tasks.iter().collect();
    while !left.is_empty() {
        let before = left.len();
        let keys: Vec<&str> = left.iter().map(|task| task.key.as_str()).collect();
        left.retain(|task| task.depends_on.iter().any(|need| keys.contains(&need.as_str())));
        if left.len() == before {
            return Err(ApiError::invalid("Tasks depend on each other in a circle."));
        }
    }
    Ok(())
}

fn check_environment(environment: &Value) -> Result<(), ApiError> {
    let of = |field: &str| environment.get("spec").and_then(|spec| spec.get(field)?.as_str());
    match (of("environment_version"), of("base_environment")) {
        (Some(_), Some(_)) => {
            Err(ApiError::invalid("Only one of environment_version and base_environment can be set."))
        }
        (Some(version), None) if version.parse::<u32>().is_ok_and(|version| version >= OLDEST_ENVIRONMENT) => Ok(()),
        (Some(version), None) => Err(ApiError::invalid(format!("Invalid environment version {version:?}."))),
        (None, _) => Ok(()),
    }
}

/// Whether a task is serverless; a task on a cluster is not.
fn serverless(asked: &Map<String, Value>, environments: &[Value]) -> Result<bool, ApiError> {
    let key = asked.get("environment_key").and_then(Value::as_str);
    let clusters = ["existing_cluster_id", "new_cluster", "job_cluster_key"];
    let named = clusters.iter().filter(|field| asked.contains_key(**field)).count();
    let compute = asked.get("compute");
    let Some(key) = key else {
        return match named {
            1 if compute.is_none() => Ok(false),
            1 => Err(ApiError::invalid("compute is for serverless tasks.")),
            0 => Err(ApiError::invalid(
                "A task needs existing_cluster_id, new_cluster, job_cluster_key or environment_key.",
            )),
            _ => Err(ApiError::invalid("A task has one of existing_cluster_id, new_cluster and job_cluster_key.")),
        };
    };
    if named > 0 {
        return Err(ApiError::invalid("A task has a cluster or environment_key, not both."));
    }
    if !environments.iter().any(|one| one.get("environment_key").and_then(Value::as_str) == Some(key)) {
        return Err(ApiError::invalid(format!("The environment {key:?} of a task is not among the environments.")));
    }
    let accelerator = compute.and_then(|compute| compute.get("hardware_accelerator")?.as_str());
    match accelerator.filter(|name| !["GPU_1xA10", "GPU_8xH100"].contains(name)) {
        Some(other) => Err(ApiError::invalid(format!("Invalid hardware accelerator {other:?}."))),
        None => Ok(true),
    }
}

/// Starts the cluster of a task where it is stopped.
fn wake(cx: &mut Cx<'_>, cluster: &str) -> Result<(), ApiError> {
    let (now, delay) = (cx.now, millis(cx.settings.delays.cluster));
    if clusters::find(cx, cluster)?.state == ClusterState::Terminated {
        let failure = cx.faults.take("localcloud:StartCluster").map(|fault| fault.text());
        clusters::find(cx, cluster)?.wake(now, delay, failure);
    }
    Ok(())
}
