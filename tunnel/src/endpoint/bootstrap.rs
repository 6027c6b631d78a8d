//! What starts the server on the driver: the run that executes the endpoint's notebook. Jobs API: <https://docs.databricks.com/api/workspace/jobs/submit>.

use std::collections::BTreeMap;

use databricks::api::jobs::{
    Compute, EnvironmentSpec, JobEnvironment, NotebookTask, Run, RunLifeCycleState, RunState, SubmitRun, SubmitTask,
};
use ssh_endpoint::{Serverless, SshEndpoint};

/// The run's only task.
pub const TASK: &str = "start_ssh_server";
/// The name of a serverless run's environment.
const ENVIRONMENT: &str = "ssh_tunnel_serverless";
/// The parameter with the server's own id.
const INSTANCE_ID: &str = "instance_id";
/// A run ends after a day, as with the official tool, so that nothing is paid for that nobody remembers.
const LONGEST_RUN_SECONDS: u64 = 24 * 60 * 60;

/// The values of the notebook's widgets, but for the server's own id.
fn parameters(endpoint: &SshEndpoint) -> BTreeMap<String, String> {
    let policy = policy(endpoint);
    let official = endpoint.official.as_ref();
    let parameters = [
        ("binary_path", endpoint.binary_path.clone()),
        ("binary_sha256", endpoint.binary_sha256.clone()),
        ("cluster_id", endpoint.cluster_id.clone()),
        ("directory", endpoint.server_directory()),
        ("secret_scope", endpoint.secret_scope.clone()),
        ("max_clients", endpoint.max_clients.to_string()),
        ("shutdown_delay", format!("{}s", endpoint.shutdown_delay_seconds)),
        ("usage_policy_id", policy),
        ("compute", endpoint.serverless.as_ref().map(Serverless::describe).unwrap_or_default()),
        ("official_directory", official.map(|place| place.directory.clone()).unwrap_or_default()),
        ("official_scope", official.map(|place| place.secret_scope.clone()).unwrap_or_default()),
    ];
    parameters.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// The run that starts a server with this instance id.
pub fn run(endpoint: &SshEndpoint, instance_id: &str) -> SubmitRun {
    let serverless = endpoint.serverless.as_ref();
    let mut parameters = parameters(endpoint);
    parameters.insert(INSTANCE_ID.to_owned(), instance_id.to_owned());
    let seconds = i64::try_from(LONGEST_RUN_SECONDS.max(endpoint.shutdown_delay_seconds)).unwrap_or(i64::MAX);
    let task = SubmitTask {
        task_key: TASK.to_owned(),
        existing_cluster_id: endpoint.cluster_id.clone(),
        environment_key: serverless.map(|_| ENVIRONMENT.to_owned()).unwrap_or_default(),
        compute: serverless
            .and_then(|serverless| serverless.accelerator.clone())
            .map(|hardware_accelerator| Compute { hardware_accelerator }),
        notebook_task: Some(NotebookTask {
            notebook_path: endpoint.bootstrap_path(),
            base_parameters: parameters,
            source: "WORKSPACE".to_owned(),
        }),
        timeout_seconds: Some(seconds),
        ..SubmitTask::default()
    };
    SubmitRun {
        run_name: name(endpoint),
        // A repeated request starts no second server.
        idempotency_token: instance_id.to_owned(),
        timeout_seconds: Some(seconds),
        tasks: vec![task],
        environments: serverless.map(environment).into_iter().collect(),
        budget_policy_id: policy(endpoint),
    }
}

fn name(endpoint: &SshEndpoint) -> String {
    format!("ssh-tunnel-{}", endpoint.name)
}

fn policy(endpoint: &SshEndpoint) -> String {
    let serverless = endpoint.serverless.as_ref();
    serverless.and_then(|serverless| serverless.usage_policy_id.clone()).unwrap_or_default()
}

/// Whether a run starts this very server, wherever it was submitted, and still waits for its compute. One that runs has told where its
/// server is, or is about to end.
pub fn will_serve(run: &Run, endpoint: &SshEndpoint) -> bool {
    use RunLifeCycleState::{Blocked, Pending, Queued, WaitingForRetry};
    let is_same = |task: &NotebookTask| {
        let mut given = task.base_parameters.clone();
        given.remove(INSTANCE_ID).is_some()
            && given == parameters(endpoint)
            && task.notebook_path == endpoint.bootstrap_path()
    };
    [Pending, Queued, Blocked, WaitingForRetry].contains(&run.state.life_cycle_state)
        && run.run_name == name(endpoint)
        && run.tasks.iter().filter_map(|task| task.notebook_task.as_ref()).any(is_same)
}

/// The environment of a serverless run.
fn environment(serverless: &Serverless) -> JobEnvironment {
    let environment = serverless.environment();
    let spec = match &serverless.base_environment {
        Some(_) => EnvironmentSpec { base_environment: environment, ..EnvironmentSpec::default() },
        None => EnvironmentSpec { environment_version: environment, ..EnvironmentSpec::default() },
    };
    JobEnvironment { environment_key: ENVIRONMENT.to_owned(), spec: Some(spec) }
}

/// Why a run ended before its server answered, from its state and its output.
pub fn failure(state: &RunState, error: &str, trace: &str, page: &str) -> String {
    let tail = |text: &str| {
        let skipped = text.chars().count().saturating_sub(2000);
        text.chars().skip(skipped).collect::<String>().trim().to_owned()
    };
    let mut parts = vec![format!("the run that starts the server ended ({})", ended(state))];
    let message = state.state_message.trim();
    let (error, trace) = (tail(error), tail(trace));
    for part in [message, error.as_str()] {
        if !part.is_empty() && !parts.iter().any(|other| other.contains(part)) {
            parts.push(part.to_owned());
        }
    }
    // The trace is for the case that there is nothing better: its last line mostly is the error.
    if error.is_empty() && !trace.is_empty() {
        parts.push(trace);
    }
    let text = parts.join(": ");
    if page.is_empty() { text } else { format!("{text}\nIts page: {page}") }
}

fn ended(state: &RunState) -> String {
    let result = state.result_state.to_string();
    if result.is_empty() { state.life_cycle_state.to_string() } else { result }
}

#[cfg(test)]
mod tests {
    use super::*;
    use databricks::api::jobs::{RunResultState, RunTask};

    #[test]
    fn a_run_is_on_the_cluster_or_on_serverless_compute() {
        let endpoint = |cluster: &str, serverless: serde_json::Value| -> SshEndpoint {
            crate::endpoint::sample(serde_json::json!({"cluster_id": cluster, "serverless": serverless}))
        };
        let check = |endpoint: SshEndpoint, expected: serde_json::Value| {
            let run = serde_json::to_value(run(&endpoint, "i")).unwrap();
            let task = &run["tasks"][0];
            let of = |value: &serde_json::Value, name: &str| value.get(name).cloned().unwrap_or_default();
            let found = serde_json::json!([
                of(task, "existing_cluster_id"),
                of(task, "environment_key"),
                of(task, "compute"),
                of(&run, "environments"),
                of(&run, "budget_policy_id"),
            ]);
            assert_eq!(found, expected);
        };
        let environment = |spec: serde_json::Value| serde_json::json!([{"environment_key": ENVIRONMENT, "spec": spec}]);
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        check(endpoint("c", serde_json::Value::Null), serde_json::json!(["c", null, null, null, null]));
        let version = environment(json(r#"{"environment_version": "4"}"#));
        check(endpoint("", json("{}")), serde_json::json!([null, ENVIRONMENT, null, version, null]));
        let base = environment(json(r#"{"base_environment": "/b.yaml"}"#));
        let gpu = json(r#"{"hardware_accelerator": "GPU_1xA10"}"#);
        let all = json(r#"{"accelerator":"GPU_1xA10","base_environment":"/b.yaml","usage_policy_id":"p"}"#);
        check(endpoint("", all), serde_json::json!([null, ENVIRONMENT, gpu, base, "p"]));
    }

    #[test]
    fn a_run_of_another_machine_is_waited_for_only_if_it_will_serve_the_same() {
        let endpoint = crate::endpoint::sample(serde_json::json!({"cluster_id": "", "serverless": {}}));
        let submitted = run(&endpoint, "theirs");
        let seen = |state: RunLifeCycleState| Run {
            run_name: submitted.run_name.clone(),
            state: RunState { life_cycle_state: state, ..RunState::default() },
            tasks: vec![RunTask { notebook_task: submitted.tasks[0].notebook_task.clone(), ..RunTask::default() }],
            ..Run::default()
        };
        assert!(will_serve(&seen(RunLifeCycleState::Pending), &endpoint));
        assert!(will_serve(&seen(RunLifeCycleState::Queued), &endpoint));
        assert!(!will_serve(&seen(RunLifeCycleState::Running), &endpoint));
        assert!(!will_serve(&seen(RunLifeCycleState::Terminating), &endpoint));
        let other = SshEndpoint { binary_sha256: "01".to_owned(), ..endpoint.clone() };
        assert!(!will_serve(&seen(RunLifeCycleState::Pending), &other));
        let gpu = Serverless { accelerator: Some("GPU_1xA10".to_owned()), ..Serverless::default() };
        let other = SshEndpoint { serverless: Some(gpu), ..endpoint.clone() };
        assert!(!will_serve(&seen(RunLifeCycleState::Pending), &other));
        assert!(!will_serve(&Run { tasks: Vec::new(), ..seen(RunLifeCycleState::Pending) }, &endpoint));
    }

    #[test]
    fn a_failed_run_says_why_once() {
        let state = RunState {
            life_cycle_state: RunLifeCycleState::Terminated,
            result_state: RunResultState::Failed,
            state_message: "no disk".to_owned(),
            ..RunState::default()
        };
        let check = |error: &str, trace: &str, expected: &str| assert_eq!(failure(&state, error, trace, ""), expected);
        let start = "the run that starts the server ended (FAILED): no disk";
        check("", "", start);
        check("no disk", "Traceback", start);
        check("RuntimeError: x", "Traceback", &format!("{start}: RuntimeError: x"));
        check("", "Traceback", &format!("{start}: Traceback"));
        assert!(failure(&state, "", "", "https://page").ends_with("\nIts page: https://page"));
    }
}
