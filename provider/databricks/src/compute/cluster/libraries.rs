//! The libraries on a cluster. API: <https://docs.databricks.com/api/workspace/libraries>

use std::time::Duration;

use databricks::Request;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin::{Attr, Call, Error, Probe, Result, Set};

use super::blocks::Library;
use crate::clients::Workspace;
use crate::json::present;

/// The body of an installation and of a removal. Both may be repeated: what is there is not installed again.
#[derive(Serialize)]
struct Libraries<'a> {
    cluster_id: &'a str,
    libraries: Vec<Json>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Statuses {
    library_statuses: Option<Vec<Status>>,
}

/// How a library stands.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    library: Json,
    status: String,
    messages: Option<Vec<String>>,
    is_library_for_all_clusters: Option<bool>,
}

impl Status {
    /// Whether it will be on the cluster when it next starts, by what is asked for of this cluster alone.
    fn is_there(&self) -> bool {
        !self.is_library_for_all_clusters.unwrap_or_default()
            && !matches!(self.status.as_str(), "FAILED" | "UNINSTALL_ON_RESTART")
    }

    fn is_settled(&self) -> bool {
        matches!(self.status.as_str(), "INSTALLED" | "SKIPPED" | "RESTORED" | "FAILED" | "UNINSTALL_ON_RESTART")
    }
}

/// The libraries as the API writes them, in an order of their own.
fn wanted(library: &Attr<Set<Library>>) -> Result<Vec<Json>> {
    let mut all = Vec::new();
    for one in library.known().into_iter().flat_map(|all| all.iter()) {
        all.push(present(serde_json::to_value(one)?, &[]));
    }
    Ok(all)
}

fn absent(of: &[Json], from: &[Json]) -> Vec<Json> {
    of.iter().filter(|one| !from.contains(one)).cloned().collect()
}

/// Whether two configurations ask for different libraries.
pub(super) fn differ(state: &Attr<Set<Library>>, plan: &Attr<Set<Library>>) -> bool {
    match (wanted(state), wanted(plan)) {
        (Ok(state), Ok(plan)) => !absent(&state, &plan).is_empty() || !absent(&plan, &state).is_empty(),
        _ => true,
    }
}

async fn statuses(cx: &Call<Workspace>, id: &str) -> Result<Vec<Status>> {
    let request = Request::get("/api/2.0/libraries/cluster-status").query("cluster_id", id);
    let answer: Statuses = cx.client().send(request).await?;
    let mut all = answer.library_statuses.unwrap_or_default();
    for status in &mut all {
        status.library = present(std::mem::take(&mut status.library), &[]);
    }
    Ok(all)
}

async fn send(cx: &Call<Workspace>, id: &str, verb: &str, libraries: Vec<Json>) -> Result<()> {
    if libraries.is_empty() {
        return Ok(());
    }
    let body = Libraries { cluster_id: id, libraries };
    let request = Request::post(format!("/api/2.0/libraries/{verb}")).json(&body)?.idempotent();
    Ok(cx.client().send::<()>(request).await?)
}

/// Installs what is asked for and not there.
pub(super) async fn install(cx: &Call<Workspace>, id: &str, library: &Attr<Set<Library>>) -> Result<()> {
    let wanted = wanted(library)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let there: Vec<Json> =
        statuses(cx, id).await?.into_iter().filter(Status::is_there).map(|one| one.library).collect();
    send(cx, id, "install", absent(&wanted, &there)).await
}

/// Uninstalls what is in the state and no longer planned. A running cluster loses it when it next restarts.
pub(super) async fn uninstall(
    cx: &Call<Workspace>,
    id: &str,
    state: &Attr<Set<Library>>,
    plan: &Attr<Set<Library>>,
) -> Result<()> {
    send(cx, id, "uninstall", absent(&wanted(state)?, &wanted(plan)?)).await
}

/// Waits until the libraries that are asked for are installed.
pub(super) async fn settled(cx: &Call<Workspace>, id: &str, library: &Attr<Set<Library>>) -> Result<()> {
    let wanted = wanted(library)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let what = format!("the libraries of the cluster {id} to be installed");
    cx.poll(&what, Duration::from_millis(500), Duration::from_secs(10), async || {
        let ours: Vec<Status> =
            statuses(cx, id).await?.into_iter().filter(|one| wanted.contains(&one.library)).collect();
        if let Some(failed) = ours.iter().find(|one| one.status == "FAILED") {
            return Err(Error::new(format!("a library could not be installed: {}", failed.library))
                .detail(failed.messages.clone().unwrap_or_default().join("\n"))
                .at("library"));
        }
        match ours.iter().find(|one| !one.is_settled()) {
            Some(one) => Ok(Probe::Waiting(format!("{} of {}", one.status, one.library))),
            None if ours.len() < wanted.len() => Ok(Probe::Waiting("not in the list yet".into())),
            None => Ok(Probe::Done(())),
        }
    })
    .await
}

/// The libraries on the cluster, if any are asked for; others are not looked at then. Those that stand as asked for keep
/// their spelling.
pub(super) async fn read(cx: &Call<Workspace>, id: &str, library: &Attr<Set<Library>>) -> Result<Attr<Set<Library>>> {
    let Some(known) = library.known().filter(|all| !all.is_empty()) else { return Ok(library.clone()) };
    let spelled = wanted(library)?;
    let mut found = Vec::new();
    for status in statuses(cx, id).await?.into_iter().filter(Status::is_there) {
        let known = spelled.iter().zip(known.iter()).find(|(spelled, _)| **spelled == status.library);
        found.push(match known {
            Some((_, known)) => known.clone(),
            None => serde_json::from_value(status.library)?,
        });
    }
    Ok(if found.is_empty() { Attr::Null } else { Set(found).into() })
}
