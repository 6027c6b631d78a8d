//! Clusters: `/api/2.1/clusters/…`.
//!
//! Reference: <https://docs.databricks.com/api/workspace/clusters>. A cluster that does not exist is a 400
//! `INVALID_PARAMETER_VALUE`, not a 404: see `Error::is_missing_cluster`.

use std::collections::BTreeMap;

use secret::Secret;

use super::{open_enum, wire};
use crate::{Client, Error, Request};

wire! {
    /// What a cluster is: the body of `POST create`, most of `POST edit`, and part of `GET get`.
    pub struct ClusterAttributes {
        /// Whether values that the policy sets are taken where none is given.
        pub apply_policy_default_values: Option<bool>,
        /// Bounds of the workers, instead of `num_workers`.
        pub autoscale: Option<AutoScale>,
        /// Idle minutes until it ends itself; 0 is never, and must be sent.
        pub autotermination_minutes: Option<i64>,
        /// What is special to AWS.
        pub aws_attributes: Option<AwsAttributes>,
        /// Where logs go.
        pub cluster_log_conf: Option<ClusterLogConf>,
        /// Its name.
        pub cluster_name: String,
        /// Tags of its instances and volumes.
        pub custom_tags: BTreeMap<String, String>,
        /// Access mode: SINGLE_USER, USER_ISOLATION, …
        pub data_security_mode: String,
        /// Image to run in.
        pub docker_image: Option<DockerImage>,
        /// Pool of the driver.
        pub driver_instance_pool_id: String,
        /// Instance type of the driver; without one, that of the workers.
        pub driver_node_type_id: String,
        /// Whether disks grow by themselves.
        pub enable_elastic_disk: Option<bool>,
        /// Whether local disks are encrypted.
        pub enable_local_disk_encryption: Option<bool>,
        /// Scripts run at start, in order, at most 10.
        pub init_scripts: Vec<InitScript>,
        /// Pool of the workers.
        pub instance_pool_id: String,
        /// One node without workers; needs `kind`.
        pub is_single_node: Option<bool>,
        /// `CLASSIC_PREVIEW`.
        pub kind: String,
        /// Instance type of the workers.
        pub node_type_id: String,
        /// Workers; 0 is a single node, and must be sent.
        pub num_workers: Option<i64>,
        /// Cluster policy.
        pub policy_id: String,
        /// STANDARD or PHOTON.
        pub runtime_engine: String,
        /// Who may use it in SINGLE_USER mode.
        pub single_user_name: String,
        /// Spark configuration.
        pub spark_conf: BTreeMap<String, String>,
        /// Environment of driver and workers.
        pub spark_env_vars: BTreeMap<String, String>,
        /// Runtime version, such as `17.3.x-scala2.13`.
        pub spark_version: String,
        /// Keys for SSH inside the VPC, at most 10.
        pub ssh_public_keys: Vec<String>,
        /// Whether the machine-learning runtime is used; needs `kind`.
        pub use_ml_runtime: Option<bool>,
        /// Which kinds of client may use it.
        pub workload_type: Option<WorkloadType>,
    }

    /// `POST /api/2.1/clusters/edit`: everything at once; a running cluster restarts.
    pub struct EditCluster {
        /// The cluster.
        pub cluster_id: String,
        /// What it becomes.
        #[serde(flatten)]
        pub attributes: ClusterAttributes,
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
        /// Cores of all nodes.
        pub cluster_cores: Option<f64>,
        /// Memory of all nodes, in MB.
        pub cluster_memory_mb: Option<i64>,
        /// UI, API, JOB, …
        pub cluster_source: String,
        /// Who made it.
        pub creator_user_name: String,
        /// Tags that Databricks adds.
        pub default_tags: BTreeMap<String, String>,
        /// The driver node.
        pub driver: Option<SparkNode>,
        /// The other nodes.
        pub executors: Vec<SparkNode>,
        /// Epoch milliseconds.
        pub last_restarted_time: Option<i64>,
        /// The Spark context, for its UI.
        pub spark_context_id: Option<i64>,
        /// When its creation was asked, epoch milliseconds.
        pub start_time: Option<i64>,
        /// Where it stands.
        pub state: ClusterState,
        /// Why.
        pub state_message: String,
        /// Epoch milliseconds.
        pub terminated_time: Option<i64>,
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

    /// What is special to AWS.
    pub struct AwsAttributes {
        /// ON_DEMAND, SPOT or SPOT_WITH_FALLBACK.
        pub availability: String,
        /// Volumes of each node.
        pub ebs_volume_count: Option<i64>,
        /// IOPS of each volume.
        pub ebs_volume_iops: Option<i64>,
        /// GiB of each volume.
        pub ebs_volume_size: Option<i64>,
        /// MiB/s of each volume.
        pub ebs_volume_throughput: Option<i64>,
        /// GENERAL_PURPOSE_SSD or THROUGHPUT_OPTIMIZED_HDD.
        pub ebs_volume_type: String,
        /// Nodes that are on demand before spot ones are taken; 0 counts.
        pub first_on_demand: Option<i64>,
        /// Instance profile.
        pub instance_profile_arn: String,
        /// Highest bid, percent of the on-demand price.
        pub spot_bid_price_percent: Option<i64>,
        /// Availability zone, or `auto`.
        pub zone_id: String,
    }

    /// Where logs go: one of the three.
    pub struct ClusterLogConf {
        /// A DBFS folder.
        pub dbfs: Option<Destination>,
        /// A bucket.
        pub s3: Option<S3Storage>,
        /// A Unity Catalog volume.
        pub volumes: Option<Destination>,
    }

    /// A path.
    pub struct Destination {
        /// The path, with its scheme.
        pub destination: String,
    }

    /// A place in a bucket.
    pub struct S3Storage {
        /// Canned ACL.
        pub canned_acl: String,
        /// `s3://bucket/prefix`.
        pub destination: String,
        /// Whether objects are encrypted.
        pub enable_encryption: Option<bool>,
        /// sse-s3 or sse-kms.
        pub encryption_type: String,
        /// Endpoint, instead of a region.
        pub endpoint: String,
        /// KMS key for sse-kms.
        pub kms_key: String,
        /// Region, instead of an endpoint.
        pub region: String,
    }

    /// A script run at start: one of the three.
    pub struct InitScript {
        /// In a bucket.
        pub s3: Option<S3Storage>,
        /// In a Unity Catalog volume.
        pub volumes: Option<Destination>,
        /// In the workspace.
        pub workspace: Option<Destination>,
    }

    /// An image.
    pub struct DockerImage {
        /// Its address.
        pub url: String,
        /// How to sign in at its registry.
        pub basic_auth: Option<DockerBasicAuth>,
    }

    /// How to sign in at a registry.
    pub struct DockerBasicAuth {
        /// The name.
        pub username: String,
        /// The password.
        pub password: Secret<String>,
    }

    /// Which kinds of client may use a cluster.
    pub struct WorkloadType {
        /// The kinds.
        pub clients: Clients,
    }

    /// Kinds of client; both are allowed unless said otherwise.
    pub struct Clients {
        /// Whether jobs may run on it; the SSH server needs them.
        pub jobs: Option<bool>,
        /// Whether notebooks may.
        pub notebooks: Option<bool>,
    }

    /// A node of a cluster.
    pub struct SparkNode {
        /// Private address.
        pub private_ip: String,
        /// Public name.
        pub public_dns: String,
        /// Its id.
        pub node_id: String,
        /// The instance.
        pub instance_id: String,
        /// Epoch milliseconds.
        pub start_timestamp: Option<i64>,
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
        /// Where the previous page starts.
        pub prev_page_token: String,
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
        /// Words about it.
        pub description: String,
        /// The instance type's name.
        pub instance_type_id: String,
        /// Memory in MB.
        pub memory_mb: i64,
        /// Cores.
        pub num_cores: f64,
        /// GPUs.
        pub num_gpus: Option<i64>,
        /// Such as `General Purpose`.
        pub category: String,
        /// Whether it is on its way out.
        pub is_deprecated: Option<bool>,
        /// Whether its processors are Graviton, which is aarch64.
        pub is_graviton: Option<bool>,
    }

    /// Its answer.
    pub struct Events {
        /// One page of them.
        pub events: Vec<Event>,
        /// How many there are in all.
        pub total_count: Option<i64>,
    }

    /// Something that happened to a cluster.
    pub struct Event {
        /// The cluster.
        pub cluster_id: String,
        /// Epoch milliseconds.
        pub timestamp: Option<i64>,
        /// CREATING, STARTING, RUNNING, TERMINATING, …
        #[serde(rename = "type")]
        pub kind: String,
        /// Details, by kind.
        pub details: Option<serde_json::Value>,
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
