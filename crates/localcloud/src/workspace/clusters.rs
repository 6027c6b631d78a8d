//! Clusters and their state machine. <https://docs.databricks.com/api/workspace/clusters>

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cluster_spec::{Autoscale, ClusterSpec};
use crate::account::workspaces::millis;
use crate::answer::{Answer, ApiError, set};
use crate::call::{Cx, Effect};
use crate::route::{Route, route};

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
    spec: ClusterSpec,
    creator: String,
    pub(crate) state: ClusterState,
    /// When the present state ends, if it ends by itself.
    until: Option<i64>,
    /// Why it will not start, when it was told to fail.
    failure: Option<String>,
    message: String,
    started: i64,
    terminated: Option<i64>,
    termination: Option<Value>,
    pinned: bool,
    context: i64,
    events: Vec<Value>,
    /// When something last ran on it.
    active: i64,
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
        let minutes = i64::from(self.spec.autotermination_minutes.unwrap_or(0));
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

    fn begin_termination(&mut self, now: i64, delay: i64, code: &str, user: &str) {
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

    fn event(&mut self, now: i64, kind: &str) {
        self.events.push(json!({"cluster_id": self.id, "timestamp": now, "type": kind, "details": {}}));
    }

    fn view(&self) -> Value {
        let mut view = serde_json::to_value(&self.spec).unwrap_or_default();
        let more = json!({
            "cluster_id": self.id,
            "creator_user_name": self.creator,
            "state": self.state,
            "state_message": self.message,
            "start_time": self.started,
            "last_restarted_time": self.started,
            "spark_context_id": self.context,
            "cluster_source": "API",
            "default_tags": {
                "Vendor": "Databricks",
                "Creator": self.creator,
                "ClusterName": self.spec.cluster_name,
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

fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let creator = may_create(cx)?;
    let spec = ClusterSpec::from_request(cx.body_value()?, &creator)?;
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
        context: now,
        events: Vec::new(),
        active: now,
    };
    cluster.event(now, "CREATING");
    cluster.wake(now, delay, failure);
    cx.workspace()?.clusters.insert(id.clone(), cluster);
    Ok(Answer::json(&json!({"cluster_id": id})))
}

/// The name of a caller who may create clusters.
fn may_create(cx: &mut Cx<'_>) -> Result<String, ApiError> {
    let caller = cx.caller()?.clone();
    let name = cx.state.principals.get(&caller.principal).map(|one| one.application_id.clone()).unwrap_or_default();
    let workspace = cx.workspace()?;
    let entitled = workspace
        .entitlements
        .get(&caller.principal)
        .is_some_and(|entitlements| entitlements.contains("allow-cluster-create"));
    if caller.account_admin || workspace.is_admin(&caller.principal) || entitled {
        Ok(name)
    } else {
        Err(ApiError::denied("You are not authorized to create clusters. Please contact your administrator."))
    }
}

fn get(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = cx.required("cluster_id")?.to_owned();
    find(cx, &id).map(|cluster| Answer::json(&cluster.view()))
}

fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let size = cx.query("page_size").and_then(|text| text.parse().ok()).unwrap_or(20_usize).clamp(1, 100);
    let start: usize = match cx.query("page_token") {
        None | Some("") => 0,
        Some(token) => token.parse().map_err(|_| ApiError::invalid("page_token is none that was given out."))?,
    };
    let clusters = &cx.workspace()?.clusters;
    let page: Vec<Value> = clusters.values().skip(start).take(size).map(Cluster::view).collect();
    let next = start + page.len();
    let mut answer = json!({"clusters": page});
    if next < clusters.len() {
        set(&mut answer, "next_page_token", json!(next.to_string()));
    }
    Ok(Answer::json(&answer))
}

fn edit(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let mut body = cx.body_value()?;
    let id = take_id(&mut body)?;
    let creator = find(cx, &id)?.creator.clone();
    let spec = ClusterSpec::from_request(body, &creator)?;
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
            cluster.state = ClusterState::Restarting;
            cluster.until = Some(now.saturating_add(delay));
            cluster.event(now, "EDITED");
            let id = cluster.id.clone();
            cx.effects.push(Effect::StopCluster { workspace, cluster: id });
        }
        _ => return Err(unexpected(cluster)),
    }
    Ok(Answer::empty())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    cluster_id: String,
    update_mask: String,
    #[serde(default)]
    cluster: serde_json::Map<String, Value>,
}

fn update(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Update = cx.body()?;
    let cluster = find(cx, &wanted.cluster_id)?;
    let creator = cluster.creator.clone();
    let mut spec = serde_json::to_value(&cluster.spec).unwrap_or_default();
    for field in wanted.update_mask.split(',').map(str::trim).filter(|field| !field.is_empty()) {
        let field = field.split('.').next().unwrap_or(field);
        let value = wanted.cluster.get(field).cloned().unwrap_or(Value::Null);
        if let Some(spec) = spec.as_object_mut() {
            if value.is_null() {
                spec.remove(field);
            } else {
                spec.insert(field.to_owned(), value);
            }
        }
    }
    let spec = ClusterSpec::from_request(spec, &creator)?;
    change(cx, &wanted.cluster_id, spec)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resize {
    cluster_id: String,
    num_workers: Option<u32>,
    autoscale: Option<Autoscale>,
}

fn resize(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: Resize = cx.body()?;
    let cluster = find(cx, &wanted.cluster_id)?;
    if cluster.state != ClusterState::Running {
        return Err(unexpected(cluster));
    }
    cluster.spec.resize(wanted.num_workers, wanted.autoscale)?;
    Ok(Answer::empty())
}

fn start(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
    let (now, delay) = (cx.now, millis(cx.settings.delays.cluster));
    if find(cx, &id)?.state != ClusterState::Terminated {
        return Err(unexpected(find(cx, &id)?));
    }
    let failure = cx.faults.take("localcloud:StartCluster").map(|fault| fault.text());
    find(cx, &id)?.wake(now, delay, failure);
    Ok(Answer::empty())
}

fn restart(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
    let (now, delay) = (cx.now, millis(cx.settings.delays.cluster));
    let workspace = cx.workspace_id()?;
    let cluster = find(cx, &id)?;
    if cluster.state != ClusterState::Running {
        return Err(unexpected(cluster));
    }
    cluster.state = ClusterState::Restarting;
    cluster.until = Some(now.saturating_add(delay));
    cluster.event(now, "RESTARTING");
    cx.effects.push(Effect::StopCluster { workspace, cluster: id });
    Ok(Answer::empty())
}

fn terminate(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
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
    let id = id_of(cx)?;
    let workspace = cx.workspace_id()?;
    if find(cx, &id)?.pinned {
        return Err(ApiError::invalid(format!("Cluster {id} is pinned: unpin it before it is deleted.")));
    }
    cx.workspace()?.clusters.remove(&id);
    cx.effects.push(Effect::StopCluster { workspace, cluster: id });
    Ok(Answer::empty())
}

fn pin(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
    let now = cx.now;
    let cluster = find(cx, &id)?;
    cluster.pinned = true;
    cluster.event(now, "PINNED");
    Ok(Answer::empty())
}

fn unpin(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let id = id_of(cx)?;
    let now = cx.now;
    let cluster = find(cx, &id)?;
    cluster.pinned = false;
    cluster.event(now, "UNPINNED");
    Ok(Answer::empty())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedEvents {
    cluster_id: String,
    #[serde(default)]
    event_types: Vec<String>,
    #[serde(default)]
    order: Option<String>,
    #[serde(default)]
    offset: usize,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    start_time: Option<i64>,
    #[serde(default)]
    end_time: Option<i64>,
}

fn events(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let wanted: WantedEvents = cx.body()?;
    let cluster = find(cx, &wanted.cluster_id)?;
    let time = |event: &Value| event.get("timestamp").and_then(Value::as_i64).unwrap_or_default();
    let is_wanted = |event: &&Value| {
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        (wanted.event_types.is_empty() || wanted.event_types.iter().any(|one| one == kind))
            && wanted.start_time.is_none_or(|start| time(event) >= start)
            && wanted.end_time.is_none_or(|end| time(event) <= end)
    };
    let mut found: Vec<&Value> = cluster.events.iter().filter(is_wanted).collect();
    match wanted.order.as_deref() {
        None | Some("DESC") => found.reverse(),
        Some("ASC") => {}
        Some(other) => return Err(ApiError::invalid(format!("{other} is no order of events: ASC or DESC."))),
    }
    let page: Vec<&&Value> = found.iter().skip(wanted.offset).take(wanted.limit.unwrap_or(50).min(500)).collect();
    Ok(Answer::json(&json!({"events": page, "total_count": found.len()})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Id {
    cluster_id: String,
}

fn id_of(cx: &Cx<'_>) -> Result<String, ApiError> {
    cx.body::<Id>().map(|body| body.cluster_id)
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
