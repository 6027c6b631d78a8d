//! Clusters: `/api/2.1/clusters/…`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/clusters>. A cluster that does not exist is a 400
//! `INVALID_PARAMETER_VALUE`, not a 404: see `Error::is_missing_cluster`.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{nullable, open_enum, wire};
use crate::paging::Pages;
use crate::{Client, Error, Request};

wire! {
    /// What of a cluster's description is looked at here. An answer has more, and what changes one sends what it changes alone.
    pub struct ClusterAttributes {
        /// Its name.
        pub cluster_name: String,
        /// Tags of its instances and volumes.
        pub custom_tags: BTreeMap<String, String>,
        /// Access mode: SINGLE_USER, USER_ISOLATION, …
        pub data_security_mode: String,
        /// Instance pool of the driver; without one, that of the workers.
        pub driver_instance_pool_id: String,
        /// Instance type of the driver; without one, that of the workers.
        pub driver_node_type_id: String,
        /// Instance pool of the workers.
        pub instance_pool_id: String,
        /// Instance type of the workers.
        pub node_type_id: String,
        /// Who may use it in SINGLE_USER mode.
        pub single_user_name: String,
        /// Runtime version, such as `17.3.x-scala2.13`.
        pub spark_version: String,
    }

    /// `POST /api/2.1/clusters/resize`: changes a running cluster's size without a restart.
    pub struct ResizeCluster {
        /// The cluster.
        pub cluster_id: String,
        /// Bounds of the workers.
        pub autoscale: Option<AutoScale>,
        /// Workers.
        pub num_workers: Option<i64>,
    }

    /// A body with nothing but the cluster: start, restart, delete (= terminate), permanent-delete, pin, unpin; and create's answer.
    pub struct ClusterId {
        /// The cluster.
        pub cluster_id: String,
    }

    /// `GET /api/2.1/clusters/get?cluster_id=…`.
    pub struct Cluster {
        /// Its id.
        pub cluster_id: String,
        /// What it is.
        #[serde(flatten)]
        pub attributes: ClusterAttributes,
        /// Tags that Databricks adds.
        pub default_tags: BTreeMap<String, String>,
        /// Where it stands.
        pub state: ClusterState,
        /// Why.
        pub state_message: String,
        /// Why it ended.
        pub termination_reason: Option<TerminationReason>,
        /// When it was restarted last, in milliseconds since 1970.
        pub last_restarted_time: Option<i64>,
    }

    /// What a list says of a cluster.
    pub struct ListedCluster {
        /// Its id.
        pub cluster_id: String,
        /// Its name.
        pub cluster_name: String,
        /// Where it stands.
        pub state: ClusterState,
        /// Runtime version.
        pub spark_version: String,
        /// Instance type of the workers.
        pub node_type_id: String,
        /// Workers, where their number is fixed.
        pub num_workers: Option<i64>,
        /// Bounds of the workers, where it is not.
        pub autoscale: Option<AutoScale>,
        /// Who made it.
        pub creator_user_name: String,
        /// Who may use it in SINGLE_USER mode.
        pub single_user_name: String,
    }

    /// `POST /api/2.1/clusters/events`.
    pub struct GetEvents {
        /// The cluster.
        pub cluster_id: String,
        /// How many at a time.
        pub page_size: Option<i64>,
        /// Where the page starts.
        pub page_token: String,
    }

    /// What happened to a cluster.
    pub struct ClusterEvent {
        /// When, in milliseconds since 1970.
        pub timestamp: Option<i64>,
        /// What: CREATING, RUNNING, TERMINATING, …
        #[serde(rename = "type")]
        pub kind: String,
        /// More of it, by its kind.
        pub details: Option<EventDetails>,
    }

    /// What is looked at of an event's details.
    pub struct EventDetails {
        /// Why the cluster ended.
        pub reason: Option<TerminationReason>,
        /// Who asked for it.
        pub user: String,
        /// Workers that there are, and that there are to be.
        pub current_num_workers: Option<i64>,
        /// The same, as wanted.
        pub target_num_workers: Option<i64>,
    }

    /// Bounds of the workers.
    pub struct AutoScale {
        /// At least.
        pub min_workers: Option<i64>,
        /// At most.
        pub max_workers: Option<i64>,
    }

    /// Why a cluster ended.
    pub struct TerminationReason {
        /// Such as INACTIVITY, USER_REQUEST, AWS_INSUFFICIENT_INSTANCE_CAPACITY_FAILURE.
        pub code: String,
        /// CLIENT_ERROR, CLOUD_FAILURE, SERVICE_FAULT or SUCCESS.
        #[serde(rename = "type")]
        pub kind: String,
        /// Details.
        pub parameters: BTreeMap<String, String>,
    }

    /// What is looked at of an instance pool, of `GET /api/2.0/instance-pools/get?instance_pool_id=…`.
    pub struct InstancePool {
        /// Instance type of its nodes.
        pub node_type_id: String,
    }

    /// An instance type.
    pub struct NodeType {
        /// The value of `node_type_id`.
        pub node_type_id: String,
        /// Whether its processors are Graviton, which is aarch64.
        pub is_graviton: Option<bool>,
        /// Cores.
        pub num_cores: Option<f64>,
        /// Memory.
        pub memory_mb: Option<i64>,
        /// GPUs.
        pub num_gpus: Option<i64>,
        /// What it is for: General Purpose, Memory Optimized, …
        pub category: String,
    }
}

open_enum! {
    /// Where a cluster stands.
    pub enum ClusterState {
        /// Broken.
        Error = "ERROR",
        /// Being started.
        Pending = "PENDING",
        /// Changing its size.
        Resizing = "RESIZING",
        /// Being restarted.
        Restarting = "RESTARTING",
        /// Ready.
        Running = "RUNNING",
        /// Stopped; it can be started.
        Terminated = "TERMINATED",
        /// Being stopped.
        Terminating = "TERMINATING",
        /// Nobody knows.
        Unknown = "UNKNOWN",
    }
}

/// Where they are served.
const PATH: &str = "/api/2.1/clusters";

/// A cluster, as the reader wants it: a [`Cluster`], or all that the answer has.
///
/// # Errors
/// Whatever the API refuses; of a cluster that is not there [`Error::is_missing_cluster`] is true.
pub async fn get<T: DeserializeOwned + 'static>(client: &Client, id: &str) -> Result<T, Error> {
    client.send(Request::get(format!("{PATH}/get")).query("cluster_id", id)).await
}

/// The clusters of the workspace: all, or only those that are pinned, or are not.
///
/// # Errors
/// Whatever the API refuses.
pub async fn list<T>(client: &Client, is_pinned: Option<bool>) -> Result<Vec<T>, Error>
where
    T: DeserializeOwned + Send + 'static,
{
    let mut request = list_request();
    if let Some(is_pinned) = is_pinned {
        request = request.query("filter_by.is_pinned", is_pinned);
    }
    client.pages(request, split).await
}

/// All clusters of the workspace, page by page.
pub fn pages<T>(client: &Client) -> Pages<'_, Page<T>, Vec<T>, Split<T>> {
    client.page_by_page(list_request(), split)
}

/// What takes a page apart.
pub type Split<T> = fn(Page<T>) -> (Vec<T>, String);

fn list_request() -> Request {
    Request::get(format!("{PATH}/list")).query("page_size", "100")
}

fn split<T>(page: Page<T>) -> (Vec<T>, String) {
    (page.clusters, page.next_page_token)
}

/// What happened to a cluster, the last first, up to a number of events.
///
/// # Errors
/// Whatever the API refuses.
pub async fn events<T>(client: &Client, cluster_id: &str, limit: usize) -> Result<Vec<T>, Error>
where
    T: DeserializeOwned + Send + 'static,
{
    let mut all: Vec<T> = Vec::new();
    let mut page_token = String::new();
    while all.len() < limit {
        let page_size = i64::try_from((limit - all.len()).min(500)).ok();
        let body = GetEvents { cluster_id: cluster_id.to_owned(), page_size, page_token };
        let page: EventPage<T> = client.send(Request::post(format!("{PATH}/events")).json(&body)?.idempotent()).await?;
        all.extend(page.events);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    all.truncate(limit);
    Ok(all)
}

/// All clusters with this name: names are not unique.
///
/// # Errors
/// Whatever the API refuses.
pub async fn named(client: &Client, name: &str) -> Result<Vec<Cluster>, Error> {
    let mut found: Vec<Cluster> = list(client, None).await?;
    found.retain(|cluster| cluster.attributes.cluster_name == name);
    Ok(found)
}

/// Makes a cluster, and answers before it runs.
///
/// # Errors
/// Whatever the API refuses.
pub async fn create(client: &Client, body: &(impl Serialize + Sync)) -> Result<ClusterId, Error> {
    client.send(Request::post(format!("{PATH}/create")).json(body)?).await
}

/// What the API calls a termination.
pub const TERMINATE: &str = "delete";

/// A command on one cluster that may be repeated: `start`, `update`, `delete` (which stops it), `permanent-delete`, `pin`, …
///
/// # Errors
/// Whatever the API refuses: [`Error::is_invalid_state`] while the cluster changes, or where it is so already.
pub async fn command(client: &Client, verb: &str, body: &(impl Serialize + Sync)) -> Result<(), Error> {
    client.send(Request::post(format!("{PATH}/{verb}")).json(body)?.idempotent()).await
}

/// The instance types that the workspace knows.
///
/// # Errors
/// Whatever the API refuses.
pub async fn node_types<T: DeserializeOwned + Send + 'static>(client: &Client) -> Result<Vec<T>, Error> {
    let all: ListNodeTypes<T> = client.send(Request::get(format!("{PATH}/list-node-types")).shared()).await?;
    Ok(all.node_types)
}

/// An instance pool, from which clusters take their nodes.
///
/// # Errors
/// Whatever the API refuses.
pub async fn instance_pool(client: &Client, id: &str) -> Result<InstancePool, Error> {
    client.send(Request::get("/api/2.0/instance-pools/get").query("instance_pool_id", id).shared()).await
}

/// `GET /api/2.1/clusters/list-node-types`.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct ListNodeTypes<T> {
    #[serde(default, deserialize_with = "nullable")]
    node_types: Vec<T>,
}

/// Some of a cluster's events, and where the next ones start; empty at the end.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct EventPage<T> {
    #[serde(default, deserialize_with = "nullable")]
    events: Vec<T>,
    #[serde(default, deserialize_with = "nullable")]
    next_page_token: String,
}

/// One page of a list, and where the next one starts; empty at the end.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Page<T> {
    #[serde(default, deserialize_with = "nullable")]
    clusters: Vec<T>,
    #[serde(default, deserialize_with = "nullable")]
    next_page_token: String,
}
