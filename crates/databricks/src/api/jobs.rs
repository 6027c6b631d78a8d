//! One-time runs: `/api/2.2/jobs/runs/{submit,get,get-output,cancel,list}`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/jobs/submit>. Times are epoch milliseconds, durations milliseconds.

use std::collections::BTreeMap;

use super::clusters::ClusterAttributes;
use super::{open_enum, wire};

wire! {
    /// `POST /api/2.2/jobs/runs/submit`.
    pub struct SubmitRun {
        /// Name of the run.
        pub run_name: String,
        /// A second submit with the same token, at most 64 characters, answers the first one's run.
        pub idempotency_token: String,
        /// Seconds until it is ended; 0 is never.
        pub timeout_seconds: Option<i64>,
        /// What it does.
        pub tasks: Vec<SubmitTask>,
        /// Environments of serverless tasks.
        pub environments: Vec<JobEnvironment>,
        /// Policy that serverless compute is billed by.
        pub budget_policy_id: String,
    }

    /// An environment that serverless tasks name.
    pub struct JobEnvironment {
        /// Its name in the run.
        pub environment_key: String,
        /// What is in it.
        pub spec: Option<EnvironmentSpec>,
    }

    /// What is in an environment: a version or a base environment.
    pub struct EnvironmentSpec {
        /// Version, a number.
        pub environment_version: String,
        /// Base environment: `workspace-base-environments/…` or the path of its file.
        pub base_environment: String,
    }

    /// The machine of a serverless task.
    pub struct Compute {
        /// GPU: `GPU_1xA10` or `GPU_8xH100`.
        pub hardware_accelerator: String,
    }

    /// One task of a run.
    pub struct SubmitTask {
        /// Its name in the run.
        pub task_key: String,
        /// The cluster to run on.
        pub existing_cluster_id: String,
        /// A cluster made for it.
        pub new_cluster: Option<ClusterAttributes>,
        /// Key of an environment, for serverless.
        pub environment_key: String,
        /// The machine, for serverless.
        pub compute: Option<Compute>,
        /// The notebook to run.
        pub notebook_task: Option<NotebookTask>,
        /// Seconds until it is ended; 0 is never.
        pub timeout_seconds: Option<i64>,
    }

    /// A notebook to run.
    pub struct NotebookTask {
        /// Absolute path in the workspace.
        pub notebook_path: String,
        /// Values of its widgets.
        pub base_parameters: BTreeMap<String, String>,
        /// WORKSPACE or GIT.
        pub source: String,
    }

    /// The run: submit's answer, and the body of cancel.
    pub struct RunId {
        /// The run.
        pub run_id: i64,
    }

    /// `GET /api/2.2/jobs/runs/get?run_id=…`.
    pub struct Run {
        /// The run.
        pub run_id: i64,
        /// The job that it belongs to; submitted ones have a hidden one.
        pub job_id: Option<i64>,
        /// Its name.
        pub run_name: String,
        /// Its page in the workspace.
        pub run_page_url: String,
        /// SUBMIT_RUN, JOB_RUN.
        pub run_type: String,
        /// Who made it.
        pub creator_user_name: String,
        /// When it started.
        pub start_time: Option<i64>,
        /// When it ended; 0 before.
        pub end_time: Option<i64>,
        /// Time that it ran.
        pub execution_duration: Option<i64>,
        /// Where it stands.
        pub state: RunState,
        /// The runs of its tasks.
        pub tasks: Vec<RunTask>,
    }

    /// The run of one task: its own `run_id` is the one that get-output takes.
    pub struct RunTask {
        /// Run of the task.
        pub run_id: i64,
        /// Name of the task.
        pub task_key: String,
        /// The cluster that it was sent to.
        pub existing_cluster_id: String,
        /// The cluster that it runs on.
        pub cluster_instance: Option<ClusterInstance>,
        /// The notebook.
        pub notebook_task: Option<NotebookTask>,
        /// Its page in the workspace.
        pub run_page_url: String,
        /// When it started.
        pub start_time: Option<i64>,
        /// When it ended; 0 before.
        pub end_time: Option<i64>,
        /// Where it stands.
        pub state: RunState,
    }

    /// The cluster of a task.
    pub struct ClusterInstance {
        /// The cluster.
        pub cluster_id: String,
        /// The Spark context.
        pub spark_context_id: String,
    }

    /// Where a run stands.
    pub struct RunState {
        /// How far it is.
        pub life_cycle_state: RunLifeCycleState,
        /// How it ended; empty before.
        pub result_state: RunResultState,
        /// Words about it.
        pub state_message: String,
        /// Whether somebody, or the clock, ended it.
        pub user_cancelled_or_timedout: Option<bool>,
        /// Why it waits.
        pub queue_reason: String,
    }

    /// `GET /api/2.2/jobs/runs/get-output?run_id=…` with the run of a task.
    pub struct RunOutput {
        /// What the notebook returned.
        pub notebook_output: Option<NotebookOutput>,
        /// What went wrong, in one line.
        pub error: String,
        /// The stack trace.
        pub error_trace: String,
        /// What a Python task printed.
        pub logs: String,
        /// Whether `logs` is cut off.
        pub logs_truncated: Option<bool>,
        /// The run.
        pub metadata: Option<Run>,
    }

    /// What a notebook returned.
    pub struct NotebookOutput {
        /// The value of `dbutils.notebook.exit`, up to 5 MB.
        pub result: String,
        /// Whether it is cut off.
        pub truncated: Option<bool>,
    }

    /// `GET /api/2.2/jobs/runs/list?active_only=true&page_token=…`.
    pub struct ListRuns {
        /// One page of them.
        pub runs: Vec<Run>,
        /// Where the next page starts; empty at the end.
        pub next_page_token: String,
        /// Whether there are more.
        pub has_more: Option<bool>,
    }
}

open_enum! {
    /// How far a run is.
    pub enum RunLifeCycleState {
        /// Waits for another task.
        Blocked = "BLOCKED",
        /// The service failed; an end.
        InternalError = "INTERNAL_ERROR",
        /// Being prepared.
        Pending = "PENDING",
        /// Waits for its turn.
        Queued = "QUEUED",
        /// Runs.
        Running = "RUNNING",
        /// Left out; an end.
        Skipped = "SKIPPED",
        /// Over; an end.
        Terminated = "TERMINATED",
        /// Being ended.
        Terminating = "TERMINATING",
        /// Failed and will be tried again.
        WaitingForRetry = "WAITING_FOR_RETRY",
    }

    /// How a run ended.
    pub enum RunResultState {
        /// Well.
        Success = "SUCCESS",
        /// With an error.
        Failed = "FAILED",
        /// Out of time.
        TimedOut = "TIMEDOUT",
        /// Cancelled.
        Canceled = "CANCELED",
    }
}

impl RunLifeCycleState {
    /// Whether the run is over.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::InternalError | Self::Skipped | Self::Terminated)
    }
}
