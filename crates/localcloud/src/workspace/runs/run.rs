//! A run and its tasks: what each of them waits for, how it ends, and what the API says of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::answer::set;

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum LifeCycle {
    /// It waits for other tasks.
    Blocked,
    Pending,
    Running,
    Terminating,
    Terminated,
    Skipped,
    InternalError,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Outcome {
    Success,
    Failed,
    Canceled,
    #[serde(rename = "TIMEDOUT")]
    TimedOut,
    UpstreamFailed,
    UpstreamCanceled,
    Excluded,
}

/// One execution of tasks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: i64,
    /// The job that it is of; none for a submission.
    pub(crate) job: Option<i64>,
    pub(crate) name: String,
    pub(crate) tasks: Vec<Task>,
    /// SCIM id of who submitted it.
    pub(crate) owner: String,
    pub(crate) owner_name: String,
    pub(crate) idempotency_token: Option<String>,
    /// Clusters that were made for it, and go with it.
    pub(crate) clusters: Vec<String>,
    pub(crate) submitted: i64,
}

/// A task of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) id: i64,
    pub(crate) key: String,
    /// What was asked for, as it is told again.
    pub(crate) asked: Map<String, Value>,
    pub(crate) work: Work,
    pub(crate) depends_on: Vec<String>,
    pub(crate) run_if: String,
    pub(crate) cluster: String,
    /// What a serverless task asked for. Its cluster is this task's alone.
    pub(crate) serverless: bool,
    /// Seconds; 0 is without end.
    pub(crate) timeout: u64,
    pub(crate) life_cycle: LifeCycle,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) message: String,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_trace: Option<String>,
    pub(crate) logs: Option<String>,
    pub(crate) submitted: i64,
    pub(crate) started: Option<i64>,
    pub(crate) ended: Option<i64>,
}

/// What a task executes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// A notebook, with the values of its widgets.
    Notebook { path: String, parameters: BTreeMap<String, String> },
    /// A Python file, with its arguments.
    Python { path: String, arguments: Vec<String> },
}

impl Work {
    /// The notebook or file.
    pub(crate) fn path(&self) -> &str {
        let (Self::Notebook { path, .. } | Self::Python { path, .. }) = self;
        path
    }
}

/// What came out of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) message: String,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_trace: Option<String>,
    pub(crate) logs: Option<String>,
}

impl Ending {
    /// An end without a result.
    pub(crate) fn without_result(outcome: Outcome, message: impl Into<String>) -> Self {
        Self { outcome, message: message.into(), result: None, error: None, error_trace: None, logs: None }
    }
}

impl Task {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.life_cycle, LifeCycle::Terminated | LifeCycle::Skipped | LifeCycle::InternalError)
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
        let skipped = matches!(ending.outcome, Outcome::UpstreamFailed | Outcome::UpstreamCanceled | Outcome::Excluded);
        self.life_cycle = if skipped { LifeCycle::Skipped } else { LifeCycle::Terminated };
        self.outcome = Some(ending.outcome);
        self.message = ending.message;
        self.result = ending.result;
        self.error = ending.error;
        self.error_trace = ending.error_trace;
        self.logs = ending.logs;
        self.ended = Some(now);
    }

    /// Whether it may run now that these tasks, all that it depends on, are over; if not, how it ends.
    fn admitted(&self, before: &[&Self]) -> Result<(), Outcome> {
        let succeeded = |task: &&&Self| task.outcome == Some(Outcome::Success);
        let (good, all) = (before.iter().filter(succeeded).count(), before.len());
        let admitted = match self.run_if.as_str() {
            "ALL_DONE" => true,
            "AT_LEAST_ONE_SUCCESS" => all == 0 || good > 0,
            "NONE_FAILED" => !before
                .iter()
                .any(|task| task.outcome != Some(Outcome::Success) && task.life_cycle != LifeCycle::Skipped),
            "ALL_FAILED" => good == 0,
            "AT_LEAST_ONE_FAILED" => good < all,
            _ => good == all,
        };
        let canceled =
            before.iter().any(|task| matches!(task.outcome, Some(Outcome::Canceled | Outcome::UpstreamCanceled)));
        match (admitted, self.run_if.as_str()) {
            (true, _) => Ok(()),
            (false, "ALL_FAILED" | "AT_LEAST_ONE_FAILED") => Err(Outcome::Excluded),
            (false, _) if canceled => Err(Outcome::UpstreamCanceled),
            (false, _) => Err(Outcome::UpstreamFailed),
        }
    }

    fn duration(&self) -> i64 {
        self.started.map_or(0, |started| self.ended.unwrap_or(started) - started)
    }

    fn state(&self) -> Value {
        state_of(self.life_cycle, self.outcome, &self.message)
    }

    pub(crate) fn view(&self) -> Value {
        let mut task = Value::Object(self.asked.clone());
        for (field, value) in [
            ("run_id", json!(self.id)),
            ("task_key", json!(self.key)),
            ("attempt_number", json!(0)),
            ("start_time", json!(self.submitted)),
            ("end_time", json!(self.ended.unwrap_or(0))),
            ("execution_duration", json!(self.duration())),
            ("state", self.state()),
            ("status", status_of(self.life_cycle, self.outcome, &self.message)),
        ] {
            set(&mut task, field, value);
        }
        // The cluster of a serverless task is not told.
        if !self.serverless {
            set(&mut task, "cluster_instance", json!({"cluster_id": self.cluster}));
        }
        task
    }
}

impl Run {
    pub(crate) fn is_over(&self) -> bool {
        self.tasks.iter().all(Task::is_over)
    }

    /// The task of an id.
    pub(crate) fn task(&self, id: i64) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id == id)
    }

    /// Lets the tasks go on whose time has come, and ends those that will not run; answers the ones that are to be started.
    pub(crate) fn advance(&mut self, now: i64) -> Vec<i64> {
        let mut started = Vec::new();
        loop {
            let before = self.tasks.clone();
            let mut changed = false;
            for task in self.tasks.iter_mut().filter(|task| task.life_cycle == LifeCycle::Blocked) {
                let of: Vec<&Task> = before.iter().filter(|one| task.depends_on.contains(&one.key)).collect();
                if !of.iter().all(|one| one.is_over()) {
                    continue;
                }
                changed = true;
                match task.admitted(&of) {
                    Ok(()) => {
                        task.life_cycle = LifeCycle::Pending;
                        task.message =
                            if task.serverless { "Waiting for compute" } else { "Waiting for cluster" }.to_owned();
                        started.push(task.id);
                    }
                    Err(outcome) => {
                        let message = "The task did not run, because of what it depends on.";
                        task.end(now, Ending::without_result(outcome, message));
                    }
                }
            }
            if !changed {
                return started;
            }
        }
    }

    /// The state of the whole, which follows from the tasks'.
    pub(crate) fn life_cycle(&self) -> LifeCycle {
        let any = |life_cycle: LifeCycle| self.tasks.iter().any(|task| task.life_cycle == life_cycle);
        if self.is_over() {
            LifeCycle::Terminated
        } else if any(LifeCycle::Terminating) {
            LifeCycle::Terminating
        } else if any(LifeCycle::Running) || self.tasks.iter().any(Task::is_over) {
            LifeCycle::Running
        } else {
            LifeCycle::Pending
        }
    }

    /// How the whole ended, once it is over.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        if !self.is_over() {
            return None;
        }
        let any = |outcome: Outcome| self.tasks.iter().any(|task| task.outcome == Some(outcome));
        Some(if any(Outcome::Canceled) {
            Outcome::Canceled
        } else if any(Outcome::TimedOut) {
            Outcome::TimedOut
        } else if any(Outcome::Failed) {
            Outcome::Failed
        } else {
            Outcome::Success
        })
    }

    fn message(&self) -> &str {
        let first = self.tasks.iter().find(|task| task.outcome == self.outcome());
        first.or(self.tasks.first()).map_or("", |task| task.message.as_str())
    }

    /// The job that it is of; a submission is one of its own.
    pub(crate) fn job_id(&self) -> i64 {
        self.job.unwrap_or(self.id)
    }

    /// What the API says of it; `page` is the address of the workspace's page.
    pub(crate) fn view(&self, page: &str) -> Value {
        let ended = if self.is_over() { self.tasks.iter().filter_map(|task| task.ended).max() } else { None };
        let started = self.tasks.iter().filter_map(|task| task.started).min();
        json!({
            "run_id": self.id,
            "job_id": self.job_id(),
            "number_in_job": self.id,
            "run_name": self.name,
            "run_type": self.kind(),
            "format": "MULTI_TASK",
            "run_page_url": format!("{page}#{}", anchor(self.job_id(), self.id)),
            "creator_user_name": self.owner_name,
            "start_time": self.submitted,
            "end_time": ended.unwrap_or(0),
            "setup_duration": started.map_or(0, |started| started - self.submitted),
            "execution_duration": started.map_or(0, |started| ended.unwrap_or(started) - started),
            "state": state_of(self.life_cycle(), self.outcome(), self.message()),
            "status": status_of(self.life_cycle(), self.outcome(), self.message()),
            "tasks": self.tasks.iter().map(Task::view).collect::<Vec<_>>(),
        })
    }

    pub(crate) fn kind(&self) -> &'static str {
        if self.job.is_some() { "JOB_RUN" } else { "SUBMIT_RUN" }
    }
}

/// Where a run stands on its workspace's page, as in the service's own addresses.
pub(crate) fn anchor(job: i64, run: i64) -> String {
    format!("job/{job}/run/{run}")
}

fn state_of(life_cycle: LifeCycle, outcome: Option<Outcome>, message: &str) -> Value {
    let mut state = json!({
        "life_cycle_state": life_cycle,
        "state_message": message,
        "user_cancelled_or_timedout": matches!(outcome, Some(Outcome::Canceled | Outcome::TimedOut)),
    });
    if let Some(outcome) = outcome {
        set(&mut state, "result_state", json!(outcome));
    }
    state
}

fn status_of(life_cycle: LifeCycle, outcome: Option<Outcome>, message: &str) -> Value {
    let (code, kind) = match outcome {
        None => return json!({"state": life_cycle}),
        Some(Outcome::Success) => ("SUCCESS", "SUCCESS"),
        Some(Outcome::Failed) => ("RUN_EXECUTION_ERROR", "CLIENT_ERROR"),
        Some(Outcome::Canceled) => ("USER_CANCELED", "SUCCESS"),
        Some(Outcome::TimedOut) => ("USER_CANCELED", "CLIENT_ERROR"),
        Some(Outcome::UpstreamFailed | Outcome::UpstreamCanceled | Outcome::Excluded) => ("SKIPPED", "SUCCESS"),
    };
    json!({"state": "TERMINATED", "termination_details": {"code": code, "type": kind, "message": message}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: i64, key: &str, depends_on: &[&str], run_if: &str) -> Task {
        Task {
            id,
            key: key.to_owned(),
            asked: Map::new(),
            work: Work::Python { path: String::new(), arguments: Vec::new() },
            depends_on: depends_on.iter().map(|key| (*key).to_owned()).collect(),
            run_if: run_if.to_owned(),
            cluster: String::new(),
            serverless: false,
            timeout: 0,
            life_cycle: LifeCycle::Blocked,
            outcome: None,
            message: String::new(),
            result: None,
            error: None,
            error_trace: None,
            logs: None,
            submitted: 0,
            started: None,
            ended: None,
        }
    }

    fn run(tasks: Vec<Task>) -> Run {
        Run {
            id: 1,
            job: None,
            name: String::new(),
            tasks,
            owner: String::new(),
            owner_name: String::new(),
            idempotency_token: None,
            clusters: Vec::new(),
            submitted: 0,
        }
    }

    #[test]
    fn a_task_waits_for_what_it_depends_on() {
        // b depends on a; how a ends and when b runs decide.
        let check = |outcome: Outcome, run_if: &str, expected: Result<(), Outcome>| {
            let mut run = run(vec![task(2, "b", &["a"], run_if), task(1, "a", &[], "")]);
            assert_eq!(run.advance(0), [1], "a runs first");
            assert!(run.advance(0).is_empty(), "b waits");
            run.tasks[1].end(1, Ending::without_result(outcome, ""));
            let started = run.advance(2);
            match expected {
                Ok(()) => assert_eq!(started, [2], "{outcome:?} {run_if}"),
                Err(outcome) => {
                    assert!(started.is_empty() && run.is_over(), "{run_if}");
                    assert_eq!(run.tasks[0].outcome, Some(outcome), "{run_if}");
                }
            }
        };
        check(Outcome::Success, "", Ok(()));
        check(Outcome::Success, "ALL_SUCCESS", Ok(()));
        check(Outcome::Failed, "ALL_SUCCESS", Err(Outcome::UpstreamFailed));
        check(Outcome::Canceled, "ALL_SUCCESS", Err(Outcome::UpstreamCanceled));
        check(Outcome::Failed, "ALL_DONE", Ok(()));
        check(Outcome::Failed, "AT_LEAST_ONE_FAILED", Ok(()));
        check(Outcome::Success, "ALL_FAILED", Err(Outcome::Excluded));
        check(Outcome::Failed, "NONE_FAILED", Err(Outcome::UpstreamFailed));
    }

    #[test]
    fn what_is_skipped_skips_what_follows() {
        let mut run = run(vec![task(1, "a", &[], ""), task(2, "b", &["a"], ""), task(3, "c", &["b"], "")]);
        run.advance(0);
        run.tasks[0].end(1, Ending::without_result(Outcome::Failed, "no"));
        assert!(run.advance(2).is_empty());
        let view = run.view("p");
        assert_eq!((&view["state"]["result_state"], &view["state"]["state_message"]), (&json!("FAILED"), &json!("no")));
        assert_eq!(view["tasks"][2]["state"]["life_cycle_state"], "SKIPPED");
    }
}
