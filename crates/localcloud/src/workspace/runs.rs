//! One-time runs of notebooks: `jobs/runs/{submit,get,get-output,cancel,list}`. A run really runs: see [`crate::driver`].
//! <https://docs.databricks.com/api/workspace/jobs/submit>

use std::collections::BTreeMap;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clusters;
use crate::account::workspaces::millis;
use crate::answer::{Answer, ApiError, set};
use crate::call::{Cx, Effect};
use crate::route::{Route, route};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/{version}/jobs/runs/submit", submit),
    route(Method::GET, "/api/{version}/jobs/runs/get", get),
    route(Method::GET, "/api/{version}/jobs/runs/get-output", get_output),
    route(Method::GET, "/api/{version}/jobs/runs/list", list),
    route(Method::POST, "/api/{version}/jobs/runs/cancel", cancel),
    route(Method::POST, "/api/{version}/jobs/runs/delete", delete),
];

/// Bytes of a notebook's result that are kept.
const LARGEST_RESULT: usize = 5 * 1024 * 1024;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum LifeCycle {
    Pending,
    Running,
    Terminating,
    Terminated,
    InternalError,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Outcome {
    Success,
    Failed,
    Canceled,
    TimedOut,
}

/// A run of one notebook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: i64,
    task_id: i64,
    name: String,
    task_key: String,
    pub(crate) cluster: String,
    /// What a serverless task asked for. Its cluster is this run's alone.
    #[serde(default)]
    pub(crate) serverless: Option<ServerlessTask>,
    pub(crate) notebook: NotebookTask,
    /// SCIM id of who submitted it.
    pub(crate) owner: String,
    owner_name: String,
    /// Seconds; 0 is without end.
    pub(crate) timeout: u64,
    idempotency_token: Option<String>,
    pub(crate) life_cycle: LifeCycle,
    pub(crate) outcome: Option<Outcome>,
    message: String,
    result: Option<String>,
    error: Option<String>,
    error_trace: Option<String>,
    submitted: i64,
    started: Option<i64>,
    ended: Option<i64>,
}

/// Where a serverless task runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServerlessTask {
    environment_key: String,
    compute: Option<Compute>,
}

/// The machine of a serverless task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Compute {
    hardware_accelerator: String,
}

/// An environment of a submission.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobEnvironment {
    environment_key: String,
    spec: EnvironmentSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvironmentSpec {
    environment_version: Option<String>,
    base_environment: Option<String>,
    #[serde(rename = "dependencies")]
    _dependencies: Option<Vec<String>>,
}

/// The notebook and the values of its widgets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotebookTask {
    pub(crate) notebook_path: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) base_parameters: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

/// What came out of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) message: String,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_trace: Option<String>,
}

impl Ending {
    /// An end without a result.
    pub(crate) fn without_result(outcome: Outcome, message: impl Into<String>) -> Self {
        Self { outcome, message: message.into(), result: None, error: None, error_trace: None }
    }
}

impl Run {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.life_cycle, LifeCycle::Terminated | LifeCycle::InternalError)
    }

    pub(crate) fn begin(&mut self, now: i64) {
        self.life_cycle = LifeCycle::Running;
        "In run".clone_into(&mut self.message);
        self.started = Some(now);
    }

    pub(crate) fn end(&mut self, now: i64, ending: Ending) {
        if self.is_over() {
            return;
        }
        self.life_cycle = LifeCycle::Terminated;
        self.outcome = Some(ending.outcome);
        self.message = ending.message;
        self.result = ending.result;
        self.error = ending.error;
        self.error_trace = ending.error_trace;
        self.ended = Some(now);
    }

    fn state(&self) -> Value {
        let mut state = json!({
            "life_cycle_state": self.life_cycle,
            "state_message": self.message,
            "user_cancelled_or_timedout": matches!(self.outcome, Some(Outcome::Canceled | Outcome::TimedOut)),
        });
        if let Some(outcome) = self.outcome {
            set(&mut state, "result_state", json!(outcome));
        }
        state
    }

    fn status(&self) -> Value {
        let (code, kind) = match self.outcome {
            None => return json!({"state": self.life_cycle}),
            Some(Outcome::Success) => ("SUCCESS", "SUCCESS"),
            Some(Outcome::Failed) => ("RUN_EXECUTION_ERROR", "CLIENT_ERROR"),
            Some(Outcome::Canceled) => ("USER_CANCELED", "SUCCESS"),
            Some(Outcome::TimedOut) => ("USER_CANCELED", "CLIENT_ERROR"),
        };
        let details = json!({"code": code, "type": kind, "message": self.message});
        json!({"state": "TERMINATED", "termination_details": details})
    }

    fn task(&self) -> Value {
        let mut task = self.common();
        match &self.serverless {
            None => {
                set(&mut task, "existing_cluster_id", json!(self.cluster));
                set(&mut task, "cluster_instance", json!({"cluster_id": self.cluster}));
            }
            // The cluster of a serverless task is not told.
            Some(serverless) => {
                set(&mut task, "environment_key", json!(serverless.environment_key));
                if let Some(compute) = &serverless.compute {
                    set(&mut task, "compute", json!(compute));
                }
            }
        }
        task
    }

    fn common(&self) -> Value {
        json!({
            "run_id": self.task_id,
            "task_key": self.task_key,
            "notebook_task": self.notebook,
            "attempt_number": 0,
            "start_time": self.submitted,
            "end_time": self.ended.unwrap_or(0),
            "execution_duration": self.duration(),
            "state": self.state(),
            "status": self.status(),
        })
    }

    fn duration(&self) -> i64 {
        self.started.map_or(0, |started| self.ended.unwrap_or(started) - started)
    }

    fn view(&self, page: &str) -> Value {
        json!({
            "run_id": self.id,
            "job_id": self.id,
            "number_in_job": self.id,
            "run_name": self.name,
            "run_type": "SUBMIT_RUN",
            "run_page_url": format!("{page}/#job/{}/run/{}", self.id, self.id),
            "creator_user_name": self.owner_name,
            "start_time": self.submitted,
            "end_time": self.ended.unwrap_or(0),
            "setup_duration": self.started.map_or(0, |started| started - self.submitted),
            "execution_duration": self.duration(),
            "state": self.state(),
            "status": self.status(),
            "tasks": [self.task()],
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Submit {
    run_name: Option<String>,
    tasks: Vec<Task>,
    #[serde(default)]
    timeout_seconds: u64,
    idempotency_token: Option<String>,
    #[serde(default)]
    environments: Vec<JobEnvironment>,
    #[serde(rename = "queue")]
    _queue: Option<Value>,
    #[serde(rename = "access_control_list")]
    _access_control_list: Option<Value>,
    #[serde(rename = "email_notifications")]
    _email_notifications: Option<Value>,
    #[serde(rename = "budget_policy_id")]
    _budget_policy_id: Option<String>,
    #[serde(rename = "usage_policy_id")]
    _usage_policy_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    task_key: String,
    existing_cluster_id: Option<String>,
    notebook_task: Option<NotebookTask>,
    #[serde(default)]
    timeout_seconds: u64,
    environment_key: Option<String>,
    compute: Option<Compute>,
    #[serde(rename = "description")]
    _description: Option<String>,
}

fn submit(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Submit = cx.body()?;
    let mut tasks = wanted.tasks.into_iter();
    let (Some(task), None) = (tasks.next(), tasks.next()) else {
        return Err(ApiError::invalid("The local cloud runs submissions of exactly one task."));
    };
    let Some(notebook) = task.notebook_task else {
        return Err(ApiError::invalid("The local cloud runs tasks with notebook_task."));
    };
    let serverless =
        serverless(task.existing_cluster_id.as_deref(), task.environment_key, task.compute, &wanted.environments)?;
    if notebook.source.as_deref().is_some_and(|source| source != "WORKSPACE") {
        return Err(ApiError::invalid("The local cloud runs notebooks of the workspace."));
    }
    let key = &task.task_key;
    if key.is_empty() || key.len() > 100 || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(ApiError::invalid(format!("task_key {key:?} has 1 to 100 letters, digits, - and _.")));
    }
    if wanted.idempotency_token.as_ref().is_some_and(|token| token.len() > 64) {
        return Err(ApiError::invalid("idempotency_token has at most 64 characters."));
    }
    let repeated = wanted.idempotency_token.as_ref().and_then(|token| {
        cx.workspace().ok()?.runs.values().find(|run| run.idempotency_token.as_ref() == Some(token)).map(|run| run.id)
    });
    if let Some(id) = repeated {
        return Ok(Answer::json(&json!({"run_id": id})));
    }
    let now = cx.now;
    let cluster = match task.existing_cluster_id {
        Some(cluster) => {
            wake(cx, &cluster)?;
            cluster
        }
        None => format!("0000-000000-sl{}", cx.state.next_id()),
    };
    let owner = cx.caller()?.principal.clone();
    let owner_name = cx.state.principals.get(&owner).map(|one| one.application_id.clone()).unwrap_or_default();
    let is_serverless = serverless.is_some();
    let run = Run {
        id: cx.state.next_id(),
        task_id: cx.state.next_id(),
        name: wanted.run_name.unwrap_or_else(|| "Untitled".to_owned()),
        task_key: task.task_key,
        cluster,
        serverless,
        notebook,
        owner,
        owner_name,
        timeout: [wanted.timeout_seconds, task.timeout_seconds].into_iter().filter(|s| *s > 0).min().unwrap_or(0),
        idempotency_token: wanted.idempotency_token,
        life_cycle: LifeCycle::Pending,
        outcome: None,
        message: if is_serverless { "Waiting for compute" } else { "Waiting for cluster" }.to_owned(),
        result: None,
        error: None,
        error_trace: None,
        submitted: now,
        started: None,
        ended: None,
    };
    let id = run.id;
    let workspace = cx.workspace_id()?;
    cx.workspace()?.runs.insert(id, run);
    cx.effects.push(Effect::StartRun { workspace, run: id });
    Ok(Answer::json(&json!({"run_id": id})))
}

/// The oldest environment of serverless notebooks that the real service still has.
const OLDEST_ENVIRONMENT: u32 = 1;

/// What a serverless task asks for; `None` for a task on a cluster.
fn serverless(
    cluster: Option<&str>,
    key: Option<String>,
    compute: Option<Compute>,
    environments: &[JobEnvironment],
) -> Result<Option<ServerlessTask>, ApiError> {
    for environment in environments {
        let spec = &environment.spec;
        match (&spec.environment_version, &spec.base_environment) {
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid("Only one of environment_version and base_environment can be set."));
            }
            (Some(version), None) if version.parse::<u32>().is_ok_and(|version| version >= OLDEST_ENVIRONMENT) => {}
            (Some(version), None) => {
                return Err(ApiError::invalid(format!("Invalid environment version {version:?}.")));
            }
            (None, _) => {}
        }
    }
    let Some(key) = key else {
        return match cluster {
            Some(_) if compute.is_none() => Ok(None),
            Some(_) => Err(ApiError::invalid("compute is for serverless tasks.")),
            None => Err(ApiError::invalid("A task needs existing_cluster_id or environment_key.")),
        };
    };
    if cluster.is_some() {
        return Err(ApiError::invalid("A task has existing_cluster_id or environment_key, not both."));
    }
    if !environments.iter().any(|environment| environment.environment_key == key) {
        return Err(ApiError::invalid(format!("The environment {key:?} of a task is not among the environments.")));
    }
    let known = ["GPU_1xA10", "GPU_8xH100"];
    if let Some(compute) = compute.as_ref().filter(|compute| !known.contains(&compute.hardware_accelerator.as_str())) {
        return Err(ApiError::invalid(format!("Invalid hardware accelerator {:?}.", compute.hardware_accelerator)));
    }
    Ok(Some(ServerlessTask { environment_key: key, compute }))
}

/// Starts the cluster of a task where it is stopped.
fn wake(cx: &mut Cx<'_>, cluster: &str) -> Result<(), ApiError> {
    let (now, delay) = (cx.now, millis(cx.settings.delays.cluster));
    if clusters::find(cx, cluster)?.state == clusters::ClusterState::Terminated {
        let failure = cx.faults.take("localcloud:StartCluster").map(|fault| fault.text());
        clusters::find(cx, cluster)?.wake(now, delay, failure);
    }
    Ok(())
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = query_id(cx)?;
    let page = page(cx)?;
    find(cx, id).map(|run| Answer::json(&run.view(&page)))
}

fn get_output(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = query_id(cx)?;
    let page = page(cx)?;
    let run = find(cx, id)?;
    let mut answer = json!({"metadata": run.view(&page)});
    if let Some(result) = &run.result {
        let cut: String = result.chars().take(LARGEST_RESULT).collect();
        set(&mut answer, "notebook_output", json!({"truncated": cut.len() < result.len(), "result": cut}));
    } else {
        set(&mut answer, "notebook_output", json!({}));
    }
    if let Some(error) = &run.error {
        set(&mut answer, "error", json!(error));
    }
    if let Some(trace) = &run.error_trace {
        set(&mut answer, "error_trace", json!(trace));
    }
    Ok(Answer::json(&answer))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let page = page(cx)?;
    let only_active = cx.query("active_only") == Some("true");
    let only_over = cx.query("completed_only") == Some("true");
    let runs = cx.workspace()?.runs.values().rev();
    let runs: Vec<Value> = runs
        .filter(|run| !(only_active && run.is_over() || only_over && !run.is_over()))
        .map(|run| run.view(&page))
        .collect();
    Ok(Answer::json(&json!({"runs": runs, "has_more": false})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Id {
    run_id: i64,
}

fn cancel(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let Id { run_id } = cx.body()?;
    let workspace = cx.workspace_id()?;
    let run = find(cx, run_id)?;
    if !run.is_over() {
        run.life_cycle = LifeCycle::Terminating;
        let run = run.id;
        cx.effects.push(Effect::StopRun { workspace, run });
    }
    Ok(Answer::empty())
}

fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let Id { run_id } = cx.body()?;
    let run = find(cx, run_id)?;
    if !run.is_over() {
        return Err(ApiError::wrong_state(format!("Run {run_id} is active: cancel it before it is deleted.")));
    }
    let id = run.id;
    cx.workspace()?.runs.remove(&id);
    Ok(Answer::empty())
}

/// A run by its id or by that of its task. The API's answer for one that is not there is 400, not 404.
fn find<'a>(cx: &'a mut Cx<'_>, id: i64) -> Result<&'a mut Run, ApiError> {
    let found = cx.workspace()?.runs.values_mut().find(|run| run.id == id || run.task_id == id);
    found.ok_or_else(|| ApiError::invalid(format!("Run {id} does not exist.")))
}

fn query_id(cx: &Cx<'_>) -> Result<i64, ApiError> {
    let text = cx.required("run_id")?;
    text.parse().map_err(|_| ApiError::invalid(format!("run_id {text} is not a number.")))
}

fn page(cx: &mut Cx<'_>) -> Result<String, ApiError> {
    let port = cx.settings.port;
    let workspace = cx.workspace()?;
    Ok(format!("http://{}.localhost:{port}/?o={}", workspace.deployment(), workspace.info.workspace_id))
}
