//! Clusters: `/api/2.1/clusters/…`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/clusters>. A cluster that does not exist is a 400
//! `INVALID_PARAMETER_VALUE`, not a 404: see `Error::is_missing_cluster`.

use std::collections::BTreeMap;

use super::{open_enum, wire};
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
        /// Instance type of the driver; without one, that of the workers.
        pub driver_node_type_id: String,
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

    /// `GET /api/2.1/clusters/list?page_size=100&page_token=…`.
    pub struct ListClusters {
        /// One page of them.
        pub clusters: Vec<Cluster>,
        /// Where the next page starts; empty at the end.
        pub next_page_token: String,
    }

    /// `GET /api/2.1/clusters/list-node-types`.
    pub struct ListNodeTypes {
        /// All of them.
        pub node_types: Vec<NodeType>,
    }

    /// An instance type.
    pub struct NodeType {
        /// The value of `node_type_id`.
        pub node_type_id: String,
        /// Whether its processors are Graviton, which is aarch64.
        pub is_graviton: Option<bool>,
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

/// A cluster.
///
/// # Errors
/// Whatever the API refuses; of a cluster that is not there [`Error::is_missing_cluster`] is true.
pub async fn get(client: &Client, id: &str) -> Result<Cluster, Error> {
    client.send(Request::get("/api/2.1/clusters/get").query("cluster_id", id)).await
}

/// All clusters with this name: names are not unique.
///
/// # Errors
/// Whatever the API refuses.
pub async fn named(client: &Client, name: &str) -> Result<Vec<Cluster>, Error> {
    let request = Request::get("/api/2.1/clusters/list").query("page_size", "100");
    let mut found = client.pages(request, |page: ListClusters| (page.clusters, page.next_page_token)).await?;
    found.retain(|cluster| cluster.attributes.cluster_name == name);
    Ok(found)
}
