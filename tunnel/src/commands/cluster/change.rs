//! `tunnel cluster start`, `restart` and `terminate`: asked for, and waited for where that is wanted.

use clap::Args;
use databricks::Client;
use databricks::api::clusters::{self, Cluster, ClusterId, ClusterState};

use crate::error::{Error, Result};
use crate::say;
use crate::workspace::clusters::{find, get};
use crate::workspace::names;
use crate::workspace::refused;
use crate::workspace::waiting::{Wait, until};

/// Which one.
#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// The cluster's id or name.
    #[arg(value_name = "CLUSTER", add = names::clusters())]
    cluster: String,
    /// Wait until it is done.
    #[arg(long)]
    wait: bool,
}

/// What becomes of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Start,
    Restart,
    Terminate,
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

    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Restart => "restart",
            Self::Terminate => "terminate",
        }
    }

    /// Whether nothing is to be asked for.
    fn is_done(self, state: &ClusterState) -> bool {
        match self {
            Self::Start => matches!(state, ClusterState::Running | ClusterState::Resizing),
            Self::Restart => false,
            Self::Terminate => matches!(state, ClusterState::Terminated | ClusterState::Error),
        }
    }

    /// Whether it is being done already, by whoever asked for it.
    fn is_under_way(self, state: &ClusterState) -> bool {
        match self {
            Self::Start => matches!(state, ClusterState::Pending | ClusterState::Restarting),
            Self::Restart => *state == ClusterState::Restarting,
            Self::Terminate => *state == ClusterState::Terminating,
        }
    }

    /// What a state means to who waits for it.
    fn look(self, state: &ClusterState) -> Look {
        match (self, state) {
            (Self::Terminate, ClusterState::Terminated | ClusterState::Error) => Look::Done,
            (Self::Terminate, _) => Look::Waits,
            (_, ClusterState::Running | ClusterState::Resizing) => Look::Done,
            (_, ClusterState::Terminated | ClusterState::Error) => Look::Failed,
            _ => Look::Waits,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Look {
    Done,
    Waits,
    Failed,
}

pub(super) async fn run(client: &Client, change: Change, args: ChangeArgs) -> Result<u8> {
    let cluster = find(client, &args.cluster).await?;
    let name = &cluster.attributes.cluster_name;
    if change.is_done(&cluster.state) {
        say!("tunnel: the cluster {name} is {} already", cluster.state);
        return Ok(0);
    }
    if change == Change::Restart && matches!(cluster.state, ClusterState::Terminated | ClusterState::Error) {
        return Err(Error::new(format!(
            "the cluster {name} is {}, and only one that runs is restarted",
            cluster.state
        ))
        .way_out(format!("Start it: tunnel cluster start {}", cluster.cluster_id)));
    }
    if !change.is_under_way(&cluster.state) {
        ask(client, change, &cluster).await?;
    }
    if !args.wait {
        say!("tunnel: the cluster {name} is asked to {}: tunnel cluster get {}", change.word(), cluster.cluster_id);
        return Ok(0);
    }
    // A restart that was asked for just now may not show yet.
    let mut has_begun = change != Change::Restart || cluster.state != ClusterState::Running;
    let doing = format!("to {} the cluster {name}", change.word());
    let done = until(&doing, async || {
        let now = get(client, &cluster.cluster_id).await?;
        has_begun |= now.state != ClusterState::Running || now.last_restarted_time != cluster.last_restarted_time;
        let message = if now.state_message.is_empty() { String::new() } else { format!(", {}", now.state_message) };
        match change.look(&now.state) {
            Look::Done if has_begun => Ok(Wait::Done(now.state)),
            Look::Done | Look::Waits => Ok(Wait::Stage(format!("the cluster {name}: {}{message}", now.state))),
            Look::Failed => {
                Err(Error::new(format!("the cluster {name} did not {}: {}{message}", change.word(), now.state))
                    .way_out(format!("tunnel cluster events {}", cluster.cluster_id)))
            }
        }
    });
    say!("tunnel: the cluster {name} is {}", done.await?);
    Ok(0)
}

/// Starts a cluster, and waits until it runs.
///
/// # Errors
/// When it does not start.
pub(super) async fn started(client: &Client, cluster: Cluster) -> Result<Cluster> {
    let args = ChangeArgs { cluster: cluster.cluster_id.clone(), wait: true };
    run(client, Change::Start, args).await?;
    get(client, &cluster.cluster_id).await
}

/// Asks for it. A cluster that is changing takes nothing else: that is said as it is.
async fn ask(client: &Client, change: Change, cluster: &Cluster) -> Result<()> {
    let body = ClusterId { cluster_id: cluster.cluster_id.clone() };
    let asked = clusters::command(client, change.verb(), &body).await;
    asked.map_err(|error| {
        refused(error, &format!("cannot {} the cluster {}", change.word(), cluster.attributes.cluster_name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_means_to_each_change_what_it_does() {
        let check = |change: Change, state: ClusterState, done: bool, under_way: bool, look: Look| {
            let found = (change.is_done(&state), change.is_under_way(&state), change.look(&state));
            assert_eq!(found, (done, under_way, look), "{change:?} {state}");
        };
        check(Change::Start, ClusterState::Terminated, false, false, Look::Failed);
        check(Change::Start, ClusterState::Pending, false, true, Look::Waits);
        check(Change::Start, ClusterState::Running, true, false, Look::Done);
        check(Change::Start, ClusterState::Terminating, false, false, Look::Waits);
        check(Change::Restart, ClusterState::Running, false, false, Look::Done);
        check(Change::Restart, ClusterState::Restarting, false, true, Look::Waits);
        check(Change::Restart, ClusterState::Error, false, false, Look::Failed);
        check(Change::Terminate, ClusterState::Running, false, false, Look::Waits);
        check(Change::Terminate, ClusterState::Terminating, false, true, Look::Waits);
        check(Change::Terminate, ClusterState::Terminated, true, false, Look::Done);
        check(Change::Terminate, ClusterState::Error, true, false, Look::Done);
    }
}
