//! Libraries on clusters. <https://docs.databricks.com/api/workspace/libraries>

use http::Method;
use serde_json::{Value, json};

use super::cluster::ClusterState;
use super::clusters;
use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::route::{Route, route};
use crate::store::{Home, Object, fields};
use crate::time::millis;

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/2.0/libraries/install", install),
    route(Method::POST, "/api/2.0/libraries/uninstall", uninstall),
    route(Method::GET, "/api/2.0/libraries/cluster-status", cluster_status),
    route(Method::GET, "/api/2.0/libraries/all-cluster-statuses", all_cluster_statuses),
];

/// What libraries are kept under, by cluster and text; they go with their cluster.
const KEPT: &str = "libraries";

fn install(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (cluster, libraries) = named(cx)?;
    // A library waits for its cluster: how long that takes is as long as a cluster takes to start.
    let at = cx.now.saturating_add(millis(cx.settings.delays.cluster));
    for library in libraries {
        if library.as_object().is_none_or(|library| library.len() != 1) {
            return Err(ApiError::invalid(
                "A library is exactly one of jar, egg, pypi, maven, cran, whl, requirements.",
            ));
        }
        let key = format!("{cluster}/{library}");
        let mut object = Object { built_in: true, ..Object::default() };
        object.set("cluster_id", cluster.clone());
        object.set("library", library);
        object.set("status", "PENDING");
        object.later(at, "status", "INSTALLED");
        let store = cx.store(Home::Workspace)?;
        if store.get(KEPT, &key).is_none_or(|known| known.text("status") != "INSTALLED") {
            store.insert(KEPT, key, object);
        }
    }
    Ok(Answer::empty())
}

/// A library stays on a running cluster until it restarts.
fn uninstall(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let (cluster, libraries) = named(cx)?;
    let running = clusters::find(cx, &cluster)?.state == ClusterState::Running;
    let store = cx.store(Home::Workspace)?;
    for library in libraries {
        let key = format!("{cluster}/{library}");
        match store.get_mut(KEPT, &key) {
            Some(object) if running => {
                object.due.clear();
                object.set("status", "UNINSTALL_ON_RESTART");
            }
            _ => drop(store.remove(KEPT, &key)),
        }
    }
    Ok(Answer::empty())
}

fn cluster_status(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let cluster = cx.required("cluster_id")?.to_owned();
    clusters::find(cx, &cluster)?;
    let statuses = statuses(cx, &cluster)?;
    Ok(Answer::json(&json!({"cluster_id": cluster, "library_statuses": statuses})))
}

fn all_cluster_statuses(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let clusters: Vec<String> = cx.workspace()?.clusters.keys().cloned().collect();
    let mut all = Vec::new();
    for cluster in clusters {
        let statuses = statuses(cx, &cluster)?;
        if !statuses.is_empty() {
            all.push(json!({"cluster_id": cluster, "library_statuses": statuses}));
        }
    }
    Ok(Answer::json(&json!({"statuses": all})))
}

fn statuses(cx: &mut Cx<'_>, cluster: &str) -> Result<Vec<Value>, ApiError> {
    let of = cx.store(Home::Workspace)?.all(KEPT).filter(|(_, object)| object.text("cluster_id") == cluster);
    Ok(of
        .map(|(_, object)| {
            json!({
                "library": object.fields.get("library"),
                "status": object.text("status"),
                "is_library_for_all_clusters": false,
            })
        })
        .collect())
}

/// The cluster that a request names, and its libraries.
fn named(cx: &mut Cx<'_>) -> Result<(String, Vec<Value>), ApiError> {
    let body = fields::check("compute.InstallLibraries", cx.body_value()?, cx.strictness())?;
    let cluster = body.get("cluster_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    clusters::find(cx, &cluster)?;
    Ok((cluster, body.get("libraries").and_then(Value::as_array).cloned().unwrap_or_default()))
}

/// What happens to the libraries of a cluster that restarts, or goes.
pub(crate) fn after_restart(cx: &mut Cx<'_>, cluster: &str, gone: bool) -> Result<(), ApiError> {
    let store = cx.store(Home::Workspace)?;
    let left: Vec<String> = store
        .all(KEPT)
        .filter(|(_, object)| {
            object.text("cluster_id") == cluster && (gone || object.text("status") == "UNINSTALL_ON_RESTART")
        })
        .map(|(key, _)| key.clone())
        .collect();
    for key in left {
        store.remove(KEPT, &key);
    }
    Ok(())
}
