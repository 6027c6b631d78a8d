//! The calls of the clusters API.

use std::time::Duration;

use databricks::api::clusters::{self, Cluster as ApiCluster, ClusterId, ClusterState};
use serde::Serialize;
use serde_json::Value as Json;
use tfplugin::{Call, Probe, Result};
use tokio::time::Instant;

use crate::clients::Workspace;
use crate::json::{Members, members};

/// How long a cluster that is starting or resizing is asked to take a command.
const IN_TRANSITION: Duration = Duration::from_secs(15 * 60);

/// A cluster as the API answered it: read for what is needed here, and whole, with members that nobody here knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) api: ApiCluster,
    pub(super) all: Members,
}

impl Found {
    /// Reads an answer. A null in it is an absent member.
    pub(super) fn read(answer: Json) -> Result<Self> {
        let answer = crate::json::present(answer, super::description::MAPS);
        Ok(Self { api: serde_json::from_value(answer.clone())?, all: members(answer) })
    }

    pub(super) fn tag(&self, name: &str) -> Option<&str> {
        self.api.attributes.custom_tags.get(name).map(String::as_str)
    }
}

/// The cluster; `None` where it is gone.
pub(super) async fn get(cx: &Call<Workspace>, id: &str) -> Result<Option<Found>> {
    match clusters::get(cx.client(), id).await {
        Ok(answer) => Found::read(answer).map(Some),
        Err(error) if error.is_missing_cluster() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The clusters of the workspace, all or the pinned ones.
pub(super) async fn list(cx: &Call<Workspace>, is_pinned: Option<bool>) -> Result<Vec<Found>> {
    clusters::list(cx.client(), is_pinned).await?.into_iter().map(Found::read).collect()
}

/// Whether the cluster is pinned: a cluster does not tell, and its events are kept for a limited time only; the list of the pinned ones
/// tells. Terraform reads many at a time, and equal requests in flight are one.
pub(super) async fn is_pinned(cx: &Call<Workspace>, id: &str) -> Result<bool> {
    Ok(list(cx, Some(true)).await?.iter().any(|one| one.api.cluster_id == id))
}

/// A command on one cluster, which may be repeated; refused with `INVALID_STATE` while the cluster changes, it is repeated.
pub(super) async fn command<B: Serialize + Sync>(cx: &Call<Workspace>, id: &str, verb: &str, body: &B) -> Result<()> {
    let end = Instant::now() + IN_TRANSITION;
    let what = format!("the cluster {id} to take the command {verb}");
    cx.poll(&what, Duration::from_millis(500), Duration::from_secs(10), async || {
        match clusters::command(cx.client(), verb, body).await {
            Ok(()) => Ok(Probe::Done(())),
            Err(error) if error.is_invalid_state() && !error.is_missing_cluster() && Instant::now() < end => {
                Ok(Probe::Waiting(error.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// Pins the cluster, or takes the pin away.
pub(super) async fn pin(cx: &Call<Workspace>, id: &str, pinned: bool) -> Result<()> {
    command(cx, id, if pinned { "pin" } else { "unpin" }, &ClusterId { cluster_id: id.to_owned() }).await
}

/// Deletes the cluster for good, also one that somebody pinned meanwhile, and waits until it is gone.
pub(super) async fn delete(cx: &Call<Workspace>, id: &str) -> Result<()> {
    let body = ClusterId { cluster_id: id.to_owned() };
    const VERB: &str = "permanent-delete";
    let mut deleted = clusters::command(cx.client(), VERB, &body).await;
    if deleted.as_ref().is_err_and(wants_no_pin) {
        pin(cx, id, false).await?;
        deleted = clusters::command(cx.client(), VERB, &body).await;
    }
    match deleted {
        Ok(()) => {}
        Err(error) if error.is_missing_cluster() => {}
        Err(error) => return Err(error.into()),
    }
    let what = format!("the cluster {id} to be gone");
    cx.poll(&what, Duration::from_millis(200), Duration::from_secs(10), async || match get(cx, id).await? {
        Some(found) if found.api.state != ClusterState::Terminated => Ok(Probe::Waiting(found.api.state.to_string())),
        _ => Ok(Probe::Done(())),
    })
    .await
}

/// Whether a deletion was refused because the cluster is pinned. The API has nothing but the text to tell it by ("unpin the
/// cluster first": the official provider looks for it too).
fn wants_no_pin(error: &databricks::Error) -> bool {
    error.message().to_lowercase().contains("unpin")
}
