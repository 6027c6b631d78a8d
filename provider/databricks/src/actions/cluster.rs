//! What becomes of a cluster: asked for once it takes it, and waited for with the cluster's own words.
//! API: <https://docs.databricks.com/api/workspace/clusters>

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use databricks::api::clusters::{self, Cluster, ClusterId, ClusterState};
use tfplugin::{Call, Error, Probe, Progress, Result};

use crate::clients::Workspace;
use crate::compute::clusters::{get, name, refused};

/// Between two looks: short at first, ten seconds in the end.
pub(super) const START: Duration = Duration::from_millis(500);
pub(super) const MOST: Duration = Duration::from_secs(10);
/// How long it may take, as a `databricks_cluster` may.
pub(super) const LIMIT: Duration = Duration::from_secs(30 * 60);

/// What becomes of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Start,
    Restart,
    Terminate,
}

/// What is to be done about it in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Nothing: it is so.
    Is,
    /// It is being done already.
    Comes,
    /// It is to be asked for.
    Ask,
    /// The cluster takes nothing now.
    Wait,
    /// It cannot be.
    Never,
}

impl Change {
    /// The API's verb.
    fn verb(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Restart => "restart",
            Self::Terminate => clusters::TERMINATE,
        }
    }

    /// What is waited for.
    fn end(self) -> &'static str {
        match self {
            Self::Start | Self::Restart => "run",
            Self::Terminate => "be terminated",
        }
    }

    fn step(self, state: &ClusterState) -> Step {
        use ClusterState::{Error, Pending, Resizing, Restarting, Running, Terminated, Terminating};
        match (self, state) {
            (Self::Start, Running | Resizing) | (Self::Terminate, Terminated | Error) => Step::Is,
            // What starts anew has all that a restart would bring.
            (Self::Start | Self::Restart, Pending | Restarting) | (Self::Terminate, Terminating) => Step::Comes,
            (Self::Start, Terminated | Error) | (Self::Restart, Running) => Step::Ask,
            (Self::Terminate, Running | Resizing | Pending | Restarting) => Step::Ask,
            (Self::Restart, Terminated | Terminating | Error) => Step::Never,
            (Self::Start, Terminating) | (Self::Restart, Resizing) => Step::Wait,
            // A state that is newer than this provider.
            _ => Step::Wait,
        }
    }

    /// Whether a state is the end of the waiting; an error if it is a wrong one.
    fn is_end(self, cluster: &Cluster) -> Result<bool> {
        use ClusterState::{Error, Resizing, Running, Terminated};
        match (self, &cluster.state) {
            (Self::Terminate, Terminated | Error) | (Self::Start | Self::Restart, Running | Resizing) => Ok(true),
            (Self::Start | Self::Restart, Terminated | Error) => Err(failure(cluster)),
            _ => Ok(false),
        }
    }
}

/// Has it done, and waits until it is; a cluster that is so already is told of.
pub(super) async fn change(cx: &Call<Workspace>, progress: &Progress, change: Change, id: &str) -> Result<()> {
    let what = format!("the cluster {id} to {}", change.end());
    let before = cx
        .poll(&what, START, MOST, async || {
            let cluster = get(cx, id).await?;
            match change.step(&cluster.state) {
                Step::Is | Step::Comes => Ok(Probe::Done(cluster)),
                Step::Never => Err(stopped(&cluster)),
                Step::Ask if asked(cx, change, id).await? => Ok(Probe::Done(cluster)),
                Step::Ask | Step::Wait => {
                    progress.state(words(&cluster)).await;
                    Ok(Probe::Waiting(cluster.state.to_string()))
                }
            }
        })
        .await?;
    if change.step(&before.state) == Step::Is {
        progress.say(format!("The cluster {} is {} already", name(&before), before.state)).await;
        return Ok(());
    }
    // A restart that was asked for just now may not show yet.
    let has_begun = AtomicBool::new(change.step(&before.state) == Step::Comes || change != Change::Restart);
    cx.poll(&what, START, MOST, async || {
        let now = get(cx, id).await?;
        if now.state != before.state || now.last_restarted_time != before.last_restarted_time {
            has_begun.store(true, Ordering::Relaxed);
        }
        progress.state(words(&now)).await;
        let is_end = change.is_end(&now)? && has_begun.load(Ordering::Relaxed);
        Ok(if is_end { Probe::Done(()) } else { Probe::Waiting(now.state.to_string()) })
    })
    .await
}

/// Asks for it; `false`: the cluster has begun to change, and takes nothing.
async fn asked(cx: &Call<Workspace>, change: Change, id: &str) -> Result<bool> {
    let body = ClusterId { cluster_id: id.to_owned() };
    match clusters::command(cx.client(), change.verb(), &body).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_invalid_state() && !error.is_missing_cluster() => Ok(false),
        Err(error) => Err(refused(error, id)),
    }
}

/// Where a cluster stands, in a sentence.
fn words(cluster: &Cluster) -> String {
    let message = cluster.state_message.trim().trim_end_matches('.');
    let message = if message.is_empty() { String::new() } else { format!(": {message}") };
    format!("The cluster {} is {}{message}", name(cluster), cluster.state)
}

fn stopped(cluster: &Cluster) -> Error {
    Error::new(format!("the cluster {} is {}, and only one that runs is restarted", name(cluster), cluster.state))
        .detail("A cluster that is started has all that a restart would bring: databricks_cluster_start starts it.")
        .at("cluster_id")
}

/// Why a cluster did not come up.
fn failure(cluster: &Cluster) -> Error {
    let mut detail = cluster.state_message.clone();
    if let Some(reason) = &cluster.termination_reason {
        detail.push_str(&format!(" ({}, {})", reason.code, reason.kind));
        for (name, value) in &reason.parameters {
            detail.push_str(&format!("\n{name}: {value}"));
        }
    }
    Error::new(format!("the cluster {} did not start and is {}", name(cluster), cluster.state)).detail(detail.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_means_to_each_change_what_it_does() {
        use ClusterState::{Error, Pending, Resizing, Restarting, Running, Terminated, Terminating, Unknown};
        let check = |states: &[ClusterState], expected: [Step; 3]| {
            for state in states {
                let found = [Change::Start, Change::Restart, Change::Terminate].map(|change| change.step(state));
                assert_eq!(found, expected, "{state}");
            }
        };
        check(&[Running], [Step::Is, Step::Ask, Step::Ask]);
        check(&[Resizing], [Step::Is, Step::Wait, Step::Ask]);
        check(&[Pending, Restarting], [Step::Comes, Step::Comes, Step::Ask]);
        check(&[Terminating], [Step::Wait, Step::Never, Step::Comes]);
        check(&[Terminated, Error], [Step::Ask, Step::Never, Step::Is]);
        check(&[Unknown], [Step::Wait, Step::Wait, Step::Wait]);
    }
}
