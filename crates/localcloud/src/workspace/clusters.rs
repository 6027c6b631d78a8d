//! Clusters and their state machine. <https://docs.databricks.com/api/workspace/clusters>

use http::Method;
use serde_json::{Value, json};

use super::cluster::{Cluster, ClusterState};
use super::cluster_spec::{self, ClusterSpec};
use super::libraries;
use super::rights::{ClusterRight, require_cluster};
use crate::answer::{Answer, ApiError, set};
use crate::call::Cx;
use crate::effect::Effect;
use crate::route::{Route, route};
use crate::store::{fields, mask};
use crate::time::millis;

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::POST, "/api/{version}/clusters/create", create),
    route(Method::GET, "/api/{version}/clusters/get", get),
    route(Method::GET, "/api/{version}/clusters/list", list),
    route(Method::POST, "/api/{version}/clusters/edit", edit),
    route(Method::POST, "/api/{version}/clusters/update", update),
    route(Method::POST, "/api/{version}/clusters/resize", resize),
    route(Method::POST, "/api/{version}/clusters/start", start),
    route(Method::POST, "/api/{version}/clusters/restart", restart),
    route(Method::POST, "/api/{version}/clusters/delete", terminate),
    route(Method::POST, "/api/{version}/clusters/permanent-delete", permanent_delete),
    route(Method::POST, "/api/{version}/clusters/pin", pin),
    route(Method::POST, "/api/{version}/clusters/unpin", unpin),
    route(Method::POST, "/api/{version}/clusters/events", events),
];

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let creator = may_create(cx)?;
    let spec = cluster_spec::read(cx, cx.body_value()?)?;
    let id = add(cx, spec, creator, "API")?;
    Ok(Answer::json(&json!({"cluster_id": id})))
}

/// A new cluster, which starts.
pub(crate) fn add(cx: &mut Cx<'_>, spec: ClusterSpec, creator: String, source: &str) -> Result<String, ApiError> {
    let serial = cx.state.next_id() % 1_000_000;
    let bytes: [u8; 4] = rand::random();
    let id = format!("1121-{serial:06}-{}", hex::encode(bytes));
    let failure = cx.faults.take("localcloud:StartCluster").map(|fault| fault.text());
    let (now, delay) = (cx.now, millis(cx.settings.delays.cluster));
    let mut cluster = Cluster {
        id: id.clone(),
        spec,
        creator,
        state: ClusterState::Pending,
        until: None,
        failure: None,
        message: String::new(),
        started: now,
        terminated: None,
        termination: None,
        pinned: false,
        source: source.to_owned(),
        context: now,
        events: Vec::new(),
        active: now,
    };
    cluster.event(now, "CREATING");
    cluster.wake(now, delay, failure);
    cx.workspace()?.clusters.insert(id.clone(), cluster);
    Ok(id)
}

/// The name of a caller who may create clusters.
fn may_create(cx: &mut Cx<'_>) -> Result<String, ApiError> {
    let caller = cx.caller()?.clone();
    let name = cx.state.principals.get(&caller.principal).map(|one| one.application_id.clone()).unwrap_or_default();
    let admin = cx.administers(&caller)?;
    let entitlements = &cx.workspace()?.entitlements;
    let mut entitled = caller.ids().filter_map(|id| entitlements.get(id));
    if admin || entitled.any(|entitlements| entitlements.contains("allow-cluster-create")) {
        Ok(name)
    } else {
        Err(ApiError::denied("You are not authorized to create clusters. Please contact your administrator."))
    }
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.required("cluster_id")?.to_owned();
    require_cluster(cx, &id, ClusterRight::Attach)?;
    find(cx, &id).map(|cluster| Answer::json(&cluster.view()))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let size = cx.query("page_size").and_then(|text| text.parse().ok()).unwrap_or(20_usize).clamp(1, 100);
    let start: usize = match cx.query("page_token") {
        None | Some("") => 0,
        Some(token) => token.parse().map_err(|_| ApiError::invalid("page_token is none that was given out."))?,
    };
    let pinned = cx.query("filter_by.is_pinned").map(|text| text == "true");
    let policy = cx.query("filter_by.policy_id").map(str::to_owned);
    let (states, sources) = (cx.query_all("filter_by.cluster_states"), cx.query_all("filter_by.cluster_sources"));
    let by_name = cx.query("sort_by.field") == Some("CLUSTER_NAME");
    let descending = cx.query("sort_by.direction") == Some("DESC");
    let ids: Vec<String> = cx.workspace()?.clusters.keys().cloned().collect();
    let seen: Vec<String> =
        ids.into_iter().filter(|id| require_cluster(cx, id, ClusterRight::Attach).is_ok()).collect();
    let clusters = cx.workspace()?.clusters.values();
    let mut found: Vec<&Cluster> = clusters
        .filter(|cluster| {
            seen.contains(&cluster.id)
                && pinned.is_none_or(|pinned| cluster.pinned == pinned)
                && policy.as_ref().is_none_or(|id| cluster.spec.get("policy_id") == Some(&json!(id)))
                && (states.is_empty() || states.iter().any(|state| json!(cluster.state) == json!(state)))
                && (sources.is_empty() || sources.contains(&cluster.source))
        })
        .collect();
    if by_name {
        let name = |cluster: &&Cluster| {
            cluster.spec.get("cluster_name").and_then(Value::as_str).unwrap_or_default().to_lowercase()
        };
        found.sort_by_key(name);
    }
    if descending {
        found.reverse();
    }
    let page: Vec<Value> = found.iter().skip(start).take(size).map(|cluster| cluster.view()).collect();
    let next = start + page.len();
    let mut answer = json!({"clusters": page});
    if next < found.len() {
        set(&mut answer, "next_page_token", json!(next.to_string()));
    }
    Ok(Answer::json(&answer))
}

fn edit(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let mut body = cx.body_value()?;
    let id = take_id(&mut body)?;
    find(cx, &id)?;
    require_cluster(cx, &id, ClusterRight::Manage)?;
    let spec = cluster_spec::read(cx, body)?;
    change(cx, &id, spec)
}

/// Takes a new specification: a running cluster restarts with it.
fn change(cx: &mut Cx<'_>, id: &str, spec: ClusterSpec) -> Result<Answer, ApiError> {
    let (now, delay) = (cx.now, millis(cx.settings.delays.cluster));
    let workspace = cx.workspace_id()?;
    let cluster = find(cx, id)?;
    match cluster.state {
        ClusterState::Terminated => cluster.spec = spec,
        ClusterState::Running if cluster.spec == spec => {}
        ClusterState::Running => {
            cluster.spec = spec;
            cluster.restart(now, delay);
            cluster.event(now, "EDITED");
            let id = cluster.id.clone();
            libraries::after_restart(cx, &id, false)?;
            cx.effects.push(Effect::StopCluster { workspace, cluster: id });
        }
        _ => return Err(unexpected(cluster)),
    }
    Ok(Answer::empty())
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("compute.UpdateCluster", cx.body_value()?, cx.strictness())?;
    let id = wanted.get("cluster_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mask = wanted.get("update_mask").and_then(Value::as_str).unwrap_or_default();
    let known = fields::names("compute.UpdateClusterResource");
    if let Some(other) = mask::heads(mask).find(|head| *head != "*" && !known.contains(head)) {
        let message = format!("{other} in update_mask is none of the fields of a cluster: {}.", known.join(", "));
        return Err(ApiError::invalid(message));
    }
    let mut spec = find(cx, &id)?.spec.clone();
    require_cluster(cx, &id, ClusterRight::Manage)?;
    let from = wanted.get("cluster").and_then(Value::as_object).cloned().unwrap_or_default();
    mask::apply(mask, &from, &mut spec);
    let spec = cluster_spec::read(cx, Value::Object(spec))?;
    change(cx, &id, spec)
}

fn resize(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("compute.ResizeCluster", cx.body_value()?, cx.strictness())?;
    let id = wanted.get("cluster_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    require_cluster(cx, &id, ClusterRight::Manage)?;
    let cluster = find(cx, &id)?;
    if cluster.state != ClusterState::Running {
        return Err(unexpected(cluster));
    }
    let spec = cluster.spec.clone();
    let resized = cluster_spec::resized(&cx.workspace()?.store, &spec, &wanted)?;
    find(cx, &id)?.spec = resized;
    Ok(Answer::empty())
}

fn start(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx, ClusterRight::Restart)?;
    let (now, delay) = (cx.now, millis(cx.settings.delays.cluster));
    if find(cx, &id)?.state != ClusterState::Terminated {
        return Err(unexpected(find(cx, &id)?));
    }
    let failure = cx.faults.take("localcloud:StartCluster").map(|fault| fault.text());
    find(cx, &id)?.wake(now, delay, failure);
    Ok(Answer::empty())
}

fn restart(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx, ClusterRight::Restart)?;
    let (now, delay) = (cx.now, millis(cx.settings.delays.cluster));
    let workspace = cx.workspace_id()?;
    let cluster = find(cx, &id)?;
    if cluster.state != ClusterState::Running {
        return Err(unexpected(cluster));
    }
    cluster.restart(now, delay);
    cluster.event(now, "RESTARTING");
    libraries::after_restart(cx, &id, false)?;
    cx.effects.push(Effect::StopCluster { workspace, cluster: id });
    Ok(Answer::empty())
}

fn terminate(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx, ClusterRight::Restart)?;
    let (now, delay) = (cx.now, millis(cx.settings.delays.cluster_termination));
    let workspace = cx.workspace_id()?;
    let user = cx.caller()?.principal.clone();
    let user = cx.state.principals.get(&user).map(|one| one.application_id.clone()).unwrap_or_default();
    let cluster = find(cx, &id)?;
    if !matches!(cluster.state, ClusterState::Terminating | ClusterState::Terminated) {
        cluster.begin_termination(now, delay, "USER_REQUEST", &user);
        cx.effects.push(Effect::StopCluster { workspace, cluster: id });
    }
    Ok(Answer::empty())
}

fn permanent_delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx, ClusterRight::Manage)?;
    let workspace = cx.workspace_id()?;
    if find(cx, &id)?.pinned {
        // The words that the official provider looks for before it unpins.
        let message = format!("The cluster {id} is pinned, please unpin the cluster first.");
        return Err(ApiError::invalid(message));
    }
    cx.workspace()?.clusters.remove(&id);
    libraries::after_restart(cx, &id, true)?;
    cx.effects.push(Effect::StopCluster { workspace, cluster: id });
    Ok(Answer::empty())
}

fn pin(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx, ClusterRight::Manage)?;
    let now = cx.now;
    let cluster = find(cx, &id)?;
    cluster.pinned = true;
    cluster.event(now, "PINNED");
    Ok(Answer::empty())
}

fn unpin(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx, ClusterRight::Manage)?;
    let now = cx.now;
    let cluster = find(cx, &id)?;
    cluster.pinned = false;
    cluster.event(now, "UNPINNED");
    Ok(Answer::empty())
}

fn events(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted = fields::check("compute.GetEvents", cx.body_value()?, cx.strictness())?;
    let id = wanted.get("cluster_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |field: &str| wanted.get(field).and_then(Value::as_i64);
    let index = |field: &str| number(field).and_then(|number| usize::try_from(number).ok());
    let kinds = wanted.get("event_types").and_then(Value::as_array).cloned().unwrap_or_default();
    require_cluster(cx, &id, ClusterRight::Attach)?;
    let cluster = find(cx, &id)?;
    let time = |event: &Value| event.get("timestamp").and_then(Value::as_i64).unwrap_or_default();
    let is_wanted = |event: &&Value| {
        (kinds.is_empty() || event.get("type").is_some_and(|kind| kinds.contains(kind)))
            && number("start_time").is_none_or(|start| time(event) >= start)
            && number("end_time").is_none_or(|end| time(event) <= end)
    };
    let mut found: Vec<&Value> = cluster.events.iter().filter(is_wanted).collect();
    if wanted.get("order") != Some(&json!("ASC")) {
        found.reverse();
    }
    let size = index("limit").or_else(|| index("page_size")).filter(|size| *size > 0).unwrap_or(50).min(500);
    let token = wanted.get("page_token").and_then(Value::as_str).and_then(|token| token.parse().ok());
    let start = token.or_else(|| index("offset")).unwrap_or(0);
    let page: Vec<&&Value> = found.iter().skip(start).take(size).collect();
    let next = start + page.len();
    let mut answer = json!({"events": page, "total_count": found.len()});
    if next < found.len() {
        set(&mut answer, "next_page_token", json!(next.to_string()));
        let mut more = Value::Object(wanted.clone());
        set(&mut more, "offset", json!(next));
        set(&mut answer, "next_page", more);
    }
    Ok(Answer::json(&answer))
}

/// The cluster that a command is for, of a caller who may give it.
fn id_of(cx: &Cx<'_>, right: ClusterRight) -> Result<String, ApiError> {
    let body = fields::check("compute.StartCluster", cx.body_value()?, cx.strictness())?;
    let id = body.get("cluster_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    require_cluster(cx, &id, right)?;
    Ok(id)
}

fn take_id(body: &mut Value) -> Result<String, ApiError> {
    match body.as_object_mut().and_then(|body| body.remove("cluster_id")) {
        Some(Value::String(id)) => Ok(id),
        _ => Err(ApiError::invalid("Missing required field: cluster_id")),
    }
}

/// A cluster that is there. The API's answer for one that is not is 400, not 404.
pub(crate) fn find<'a>(cx: &'a mut Cx<'_>, id: &str) -> Result<&'a mut Cluster, ApiError> {
    let missing = || ApiError::invalid(format!("Cluster {id} does not exist"));
    cx.workspace()?.clusters.get_mut(id).ok_or_else(missing)
}

fn unexpected(cluster: &Cluster) -> ApiError {
    let state = format!("{:?}", cluster.state);
    ApiError::wrong_state(format!("Cluster {} is in unexpected state {state}.", cluster.id))
}
