//! The blocks of a cluster. Their names and members are the API's own, so serde alone makes the wire's form of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, OPTIONAL, REQUIRED, Secret};

/// How many workers a cluster may have, where it decides itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Autoscale {
    /// The least number of workers.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL))]
    pub min_workers: Attr<i64>,
    /// The greatest number of workers.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL))]
    pub max_workers: Attr<i64>,
}

/// What the cluster asks of AWS. What it does not say is for Databricks to choose.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AwsAttributes {
    /// `ON_DEMAND`, `SPOT`, or `SPOT_WITH_FALLBACK`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub availability: Attr<String>,
    /// How many nodes, the driver first, are on demand; the others are spot instances.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL))]
    pub first_on_demand: Attr<i64>,
    /// Availability zone, or `auto`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub zone_id: Attr<String>,
    /// Instance profile of the nodes.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub instance_profile_arn: Attr<String>,
    /// The highest price for a spot instance, in percent of the price on demand.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL))]
    pub spot_bid_price_percent: Attr<i64>,
    /// Kind of the volumes: `GENERAL_PURPOSE_SSD` or `THROUGHPUT_OPTIMIZED_HDD`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub ebs_volume_type: Attr<String>,
    /// Volumes of each node, up to 10.
    #[schemars(range(min = 0, max = 10), extend("x-tf" = OPTIONAL))]
    pub ebs_volume_count: Attr<i64>,
    /// Size of each volume in GiB.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL))]
    pub ebs_volume_size: Attr<i64>,
    /// Operations per second of each volume.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL))]
    pub ebs_volume_iops: Attr<i64>,
    /// Throughput of each volume in MiB per second.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL))]
    pub ebs_volume_throughput: Attr<i64>,
}

/// What a cluster asks of Azure. Read from configurations for several clouds; a workspace on AWS refuses it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AzureAttributes {
    /// `ON_DEMAND_AZURE`, `SPOT_AZURE`, or `SPOT_WITH_FALLBACK_AZURE`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub availability: Attr<String>,
    /// Capacity reservation group.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub capacity_reservation_group: Attr<String>,
    /// How many nodes, the driver first, are on demand.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub first_on_demand: Attr<i64>,
    /// Where Azure's own logs go.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub log_analytics_info: Attr<LogAnalyticsInfo>,
    /// The highest price for a spot machine; -1 is the price on demand.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub spot_bid_max_price: Attr<f64>,
}

/// Where Azure's own logs go.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogAnalyticsInfo {
    /// Primary key.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub log_analytics_primary_key: Attr<String>,
    /// Workspace of Azure's log analytics.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub log_analytics_workspace_id: Attr<String>,
}

/// What a cluster asks of Google Cloud. Read from configurations for several clouds; a workspace on AWS refuses it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GcpAttributes {
    /// `ON_DEMAND_GCP`, `PREEMPTIBLE_GCP`, or `PREEMPTIBLE_WITH_FALLBACK_GCP`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub availability: Attr<String>,
    /// Size of the boot disk in GB.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub boot_disk_size: Attr<i64>,
    /// `CONFIDENTIAL_COMPUTE_TYPE_NONE` or `SEV_SNP`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub confidential_compute_type: Attr<String>,
    /// How many nodes, the driver first, are on demand.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub first_on_demand: Attr<i64>,
    /// Service account of the nodes.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub google_service_account: Attr<String>,
    /// Local disks of each node.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub local_ssd_count: Attr<i64>,
    /// Whether workers may be preemptible; `availability` says it better.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub use_preemptible_executors: Attr<bool>,
    /// Zone, or `auto`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub zone_id: Attr<String>,
}

/// Where the logs of driver, workers and events go: one of the three.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClusterLogConf {
    /// A folder of DBFS.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub dbfs: Attr<Destination>,
    /// A place in a bucket.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub s3: Attr<S3Destination>,
    /// A folder of a Unity Catalog volume.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub volumes: Attr<Destination>,
}

/// A path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Destination {
    /// The path: `/Volumes/main/default/logs`, `/Shared/init.sh`, or an address with its scheme.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub destination: Attr<String>,
}

/// A place in a bucket.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct S3Destination {
    /// The place: `s3://bucket/prefix`.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub destination: Attr<String>,
    /// Region of the bucket, in place of an endpoint.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub region: Attr<String>,
    /// Endpoint of the bucket, in place of a region.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub endpoint: Attr<String>,
    /// Whether objects are encrypted.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub enable_encryption: Attr<bool>,
    /// `sse-s3` or `sse-kms`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub encryption_type: Attr<String>,
    /// KMS key for `sse-kms`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub kms_key: Attr<String>,
    /// Canned ACL of the objects: `bucket-owner-full-control`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub canned_acl: Attr<String>,
}

/// A script that each node runs when it starts: one of the places.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InitScript {
    /// A file of the workspace.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub workspace: Attr<Destination>,
    /// A file of a Unity Catalog volume.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub volumes: Attr<Destination>,
    /// An object of a bucket.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub s3: Attr<S3Destination>,
    /// A file of DBFS.
    #[schemars(extend("x-tf" = OPTIONAL.block().deprecated("Use volumes, workspace or s3: Databricks ends init scripts on DBFS.")))]
    pub dbfs: Attr<Destination>,
    /// A file of the node's image.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub file: Attr<Destination>,
    /// A file of Azure's storage.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub abfss: Attr<Destination>,
    /// An object of Google Cloud Storage.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub gcs: Attr<Destination>,
}

/// The image that the nodes run in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DockerImage {
    /// Its address: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/spark:17`.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub url: Attr<String>,
    /// How to sign in at its registry.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub basic_auth: Attr<DockerBasicAuth>,
}

/// How to sign in at a registry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DockerBasicAuth {
    /// User of the registry.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub username: Attr<String>,
    /// Password of that user. The API does not tell it again.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub password: Attr<Secret<String>>,
}

/// Which kinds of client may use the cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WorkloadType {
    /// The kinds of client.
    #[schemars(extend("x-tf" = REQUIRED.block()))]
    pub clients: Attr<Clients>,
}

/// Kinds of client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Clients {
    /// Whether jobs may run on the cluster. `databricks_ssh_endpoint` needs them.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub jobs: Attr<bool>,
    /// Whether notebooks may be attached.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub notebooks: Attr<bool>,
}

/// A file system that each node mounts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClusterMountInfo {
    /// Folder of the node that it is mounted at.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub local_mount_dir_path: Attr<String>,
    /// Folder of the server that is mounted.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub remote_mount_dir_path: Attr<String>,
    /// The server.
    #[schemars(extend("x-tf" = REQUIRED.block()))]
    pub network_filesystem_info: Attr<NetworkFilesystemInfo>,
}

/// A server of a file system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NetworkFilesystemInfo {
    /// Address of the server.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub server_address: Attr<String>,
    /// Options of the mount.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub mount_options: Attr<String>,
}

/// Instance types that may stand in for the asked one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NodeTypeFlexibility {
    /// The instance types, in the order in which they are tried.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub alternate_node_type_ids: Attr<Vec<String>>,
    /// AWS context that the alternatives are chosen in.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub aws_context_id: Attr<String>,
}

/// A library of the cluster: one of its members.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Library {
    /// A package of a Python index.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub pypi: Attr<Package>,
    /// A package of a Maven repository.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub maven: Attr<Maven>,
    /// A package of CRAN.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub cran: Attr<Package>,
    /// Address of a Python wheel.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub whl: Attr<String>,
    /// Address of a JAR.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub jar: Attr<String>,
    /// Address of a `requirements.txt`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub requirements: Attr<String>,
    /// Address of an egg.
    #[schemars(extend("x-tf" = OPTIONAL.deprecated("Runtimes from 14.0 on take no eggs: use whl.")))]
    pub egg: Attr<String>,
}

/// A package of an index.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Package {
    /// The package, with its version: `pandas==2.2.0`.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub package: Attr<String>,
    /// Index that it comes from, if not the usual one.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub repo: Attr<String>,
}

/// A package of a Maven repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Maven {
    /// The package: `com.example:lib:1.0.0`.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub coordinates: Attr<String>,
    /// Dependencies that are left out: `com.example:other`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub exclusions: Attr<Vec<String>>,
    /// Repository that it comes from, if not the usual ones.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub repo: Attr<String>,
}
