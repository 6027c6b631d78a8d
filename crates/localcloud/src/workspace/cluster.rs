//! A cluster and its state machine.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::store::fields;

/// Where a cluster stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ClusterState {
    Pending,
    Running,
    Restarting,
    Terminating,
    Terminated,
}

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) id: String,
    pub(super) spec: Map<String, Value>,
    pub(super) creator: String,
    pub(crate) state: ClusterState,
    /// When the present state ends, if it ends by itself.
    pub(super) until: Option<i64>,
    /// Why it will not start, when it was told to fail.
    pub(super) failure: Option<String>,
    pub(super) message: String,
    pub(super) started: i64,
    pub(super) terminated: Option<i64>,
    pub(super) termination: Option<Value>,
    pub(super) pinned: bool,
    /// Who asked for it: `API`, or `JOB` for the cluster of a run.
    #[serde(default)]
    pub(super) source: String,
    pub(super) context: i64,
    pub(super) events: Vec<Value>,
    /// When something last ran on it.
    pub(super) active: i64,
}

impl Cluster {
    /// Lets happen what is due; says whether its driver is to be stopped.
    pub(crate) fn settle(&mut self, now: i64) -> bool {
        if self.until.is_none_or(|until| until > now) {
            return false;
        }
        self.until = None;
        match self.state {
            ClusterState::Pending | ClusterState::Restarting => match self.failure.take() {
                Some(reason) => {
                    self.end(now, "CLOUD_PROVIDER_LAUNCH_FAILURE", "CLOUD_FAILURE", &reason);
                    true
                }
                None => {
                    self.state = ClusterState::Running;
                    self.message.clear();
                    self.active = now;
                    self.event(now, "RUNNING");
                    false
                }
            },
            ClusterState::Terminating => {
                self.state = ClusterState::Terminated;
                self.terminated = Some(now);
                true
            }
            ClusterState::Running | ClusterState::Terminated => false,
        }
    }

    /// Terminates a cluster on which nothing ran for as long as its `autotermination_minutes` say.
    pub(crate) fn rest(&mut self, now: i64, busy: bool) -> bool {
        if busy {
            self.active = now;
        }
        let minutes = self.spec.get("autotermination_minutes").and_then(Value::as_i64).unwrap_or(0);
        let idle = minutes > 0 && now.saturating_sub(self.active) >= minutes * 60_000;
        if self.state != ClusterState::Running || !idle {
            return false;
        }
        self.begin_termination(now, 0, "INACTIVITY", "");
        true
    }

    /// Brings a terminated cluster up for a run.
    pub(crate) fn wake(&mut self, now: i64, delay: i64, failure: Option<String>) {
        self.state = ClusterState::Pending;
        self.until = Some(now.saturating_add(delay));
        self.failure = failure;
        self.started = now;
        self.context = now;
        self.terminated = None;
        self.termination = None;
        "Finding instances for new nodes, acquiring more instances if necessary".clone_into(&mut self.message);
        self.event(now, "STARTING");
    }

    /// Brings a running cluster up anew, with another driver.
    pub(super) fn restart(&mut self, now: i64, delay: i64) {
        self.state = ClusterState::Restarting;
        self.until = Some(now.saturating_add(delay));
        self.started = now;
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        self.spec.get("cluster_name").and_then(Value::as_str).unwrap_or_default()
    }

    /// When it was last started.
    pub(crate) fn started(&self) -> i64 {
        self.started
    }

    /// What is said of its state.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The one user or group that it is dedicated to; its creator where none is named. <https://docs.databricks.com/aws/en/compute/configure>
    pub(crate) fn single_user(&self) -> Option<&str> {
        let text = |field: &str| self.spec.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let mode = text("data_security_mode")?;
        let is_dedicated = ["SINGLE_USER", "DATA_SECURITY_MODE_DEDICATED"].contains(&mode);
        is_dedicated.then(|| text("single_user_name").unwrap_or(&self.creator))
    }

    pub(super) fn begin_termination(&mut self, now: i64, delay: i64, code: &str, user: &str) {
        self.state = ClusterState::Terminating;
        self.until = Some(now.saturating_add(delay));
        let parameters = if user.is_empty() { json!({}) } else { json!({"username": user}) };
        self.termination = Some(json!({"code": code, "type": "SUCCESS", "parameters": parameters}));
        self.message =
            if user.is_empty() { "Terminated after inactivity.".to_owned() } else { format!("Terminated by {user}") };
        self.event(now, "TERMINATING");
    }

    fn end(&mut self, now: i64, code: &str, kind: &str, reason: &str) {
        self.state = ClusterState::Terminated;
        self.until = None;
        self.terminated = Some(now);
        self.termination =
            Some(json!({"code": code, "type": kind, "parameters": {"databricks_error_message": reason}}));
        reason.clone_into(&mut self.message);
        self.event(now, "TERMINATING");
    }

    pub(super) fn event(&mut self, now: i64, kind: &str) {
        self.events.push(json!({"cluster_id": self.id, "timestamp": now, "type": kind, "details": {}}));
    }

    pub(super) fn view(&self) -> Value {
        let mut view = fields::shown("compute.ClusterDetails", &self.spec);
        let more = json!({
            "cluster_id": self.id,
            "creator_user_name": self.creator,
            "state": self.state,
            "state_message": self.message,
            "start_time": self.started,
            "last_restarted_time": self.started,
            "spark_context_id": self.context,
            "cluster_source": self.source,
            "default_tags": {
                "Vendor": "Databricks",
                "Creator": self.creator,
                "ClusterName": self.spec.get("cluster_name"),
                "ClusterId": self.id,
            },
            "spec": self.spec,
        });
        if let (Some(view), Value::Object(more)) = (view.as_object_mut(), more) {
            view.extend(more);
            if let Some(at) = self.terminated {
                view.insert("terminated_time".to_owned(), at.into());
            }
            if let Some(reason) = &self.termination {
                view.insert("termination_reason".to_owned(), reason.clone());
            }
        }
        view
    }
}
