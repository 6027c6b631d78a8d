//! databricks_cluster: compute of a workspace.
//! API: <https://docs.databricks.com/api/workspace/clusters>
//!
//! No `Rest`: it is resized or updated, started for its libraries, and pinned, each by a command of its own.

mod api;
pub mod blocks;
mod description;
mod libraries;
mod suppression;

use std::collections::BTreeMap;
use std::time::Duration;

use databricks::api::clusters::{self, Cluster as ApiCluster, ClusterId, ClusterState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe,
    REQUIRED, Resource, Result, Set, Timeouts,
};

use self::api::{Found, command, get, is_pinned, pin};
use self::blocks::{
    Autoscale, AwsAttributes, AzureAttributes, ClusterLogConf, ClusterMountInfo, DockerImage, GcpAttributes,
    InitScript, Library, NodeTypeFlexibility, WorkloadType,
};
use self::description::{Change, change, creation, state_of};
use crate::clients::{AnyWorkspace, Workspace};
use crate::creation::uncreated;
use crate::level::{self, ProviderConfig};

/// A cluster. It is created running; that it stopped since, by itself or by hand, is no change of it.
///
/// An update sends what changes and nothing else: what was set on the cluster by others, and what this resource does not
/// know, stays as it is. A running cluster restarts for any change but one of its size, its pin or its libraries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Cluster {
    /// Id of the cluster.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Id of the cluster.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub cluster_id: Attr<String>,
    /// Name, as people see it.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub cluster_name: Attr<String>,
    /// Databricks Runtime: `17.3.x-scala2.13`.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub spark_version: Attr<String>,
    /// Instance type of the workers, and of the driver unless it has its own.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub node_type_id: Attr<String>,
    /// Instance type of the driver.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub driver_node_type_id: Attr<String>,
    /// Instance types that may stand in for the workers'.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub worker_node_type_flexibility: Attr<NodeTypeFlexibility>,
    /// Instance types that may stand in for the driver's.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub driver_node_type_flexibility: Attr<NodeTypeFlexibility>,
    /// Pool of the workers, in place of an instance type.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub instance_pool_id: Attr<String>,
    /// Pool of the driver. That of the workers where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub driver_instance_pool_id: Attr<String>,
    /// Number of workers.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL.default("0")))]
    pub num_workers: Attr<i64>,
    /// Lets the cluster decide how many workers it has.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub autoscale: Attr<Autoscale>,
    /// Minutes of idleness after which the cluster stops: 10 to 10000, or 0 for never.
    #[schemars(range(min = 0, max = 10000), extend("x-tf" = OPTIONAL.default("60")))]
    pub autotermination_minutes: Attr<i64>,
    /// Whether the cluster is a driver alone. Of `kind` `CLASSIC_PREVIEW` only.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub is_single_node: Attr<bool>,
    /// `CLASSIC_PREVIEW` for the simplified form, whose defaults Databricks fills in.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub kind: Attr<String>,
    /// Whether the runtime is the one for machine learning. Of `kind` `CLASSIC_PREVIEW` only.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub use_ml_runtime: Attr<bool>,
    /// Who may use the cluster: `SINGLE_USER` (dedicated), `USER_ISOLATION` (standard), `NONE`, and others.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub data_security_mode: Attr<String>,
    /// The one user, group or service principal of a dedicated cluster.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub single_user_name: Attr<String>,
    /// `STANDARD`, or `PHOTON`.
    #[schemars(extend("enum" = ["PHOTON", "STANDARD"], "x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub runtime_engine: Attr<String>,
    /// How the cluster gets its libraries: `DEPENDENCY_MODE_AUTO`, `DEPENDENCY_MODE_CLUSTER_LIBRARIES`, or
    /// `DEPENDENCY_MODE_ENVIRONMENTS`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub dependency_mode: Attr<String>,
    /// Cluster policy.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub policy_id: Attr<String>,
    /// Whether the policy's defaults are used for what is not set when the cluster is created.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    pub apply_policy_default_values: Attr<bool>,
    /// Whether a node that runs out of disk space gets more.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub enable_elastic_disk: Attr<bool>,
    /// Whether the nodes' local disks are encrypted.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub enable_local_disk_encryption: Attr<bool>,
    /// Throughput of remote disks in MiB per second.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub remote_disk_throughput: Attr<i64>,
    /// Size of the remote disks at the start in GB.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub total_initial_remote_disk_size: Attr<i64>,
    /// Spark configuration.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub spark_conf: Attr<BTreeMap<String, String>>,
    /// Environment of the Spark processes.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub spark_env_vars: Attr<BTreeMap<String, String>>,
    /// Tags on the nodes' AWS objects.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub custom_tags: Attr<BTreeMap<String, String>>,
    /// Up to 10 public keys that may log in to the nodes as `ubuntu` on port 2200.
    #[schemars(length(max = 10), extend("x-tf" = OPTIONAL))]
    pub ssh_public_keys: Attr<Vec<String>>,
    /// What the cluster asks of AWS. A block that is removed leaves what it set, unless
    /// `clear_cloud_attributes_on_remove` says otherwise.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().service_default()))]
    pub aws_attributes: Attr<AwsAttributes>,
    /// What a cluster asks of Azure. A workspace on AWS refuses it.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub azure_attributes: Attr<AzureAttributes>,
    /// What a cluster asks of Google Cloud. A workspace on AWS refuses it.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub gcp_attributes: Attr<GcpAttributes>,
    /// Whether the removal of an `aws_attributes` block takes away what it set. Databricks fills in defaults of its own
    /// there, so the removal of the block is no change otherwise.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub clear_cloud_attributes_on_remove: Attr<bool>,
    /// Where the cluster's logs go.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub cluster_log_conf: Attr<ClusterLogConf>,
    /// Scripts that each node runs when it starts, in their order: up to 10.
    #[schemars(length(max = 10), extend("x-tf" = OPTIONAL.block()))]
    pub init_scripts: Attr<Vec<InitScript>>,
    /// The image that the nodes run in.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub docker_image: Attr<DockerImage>,
    /// Which kinds of client may use the cluster. All may where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub workload_type: Attr<WorkloadType>,
    /// File systems that each node mounts.
    #[schemars(extend("x-tf" = OPTIONAL.block().untold().wire("/cluster_mount_infos")))]
    pub cluster_mount_info: Attr<Vec<ClusterMountInfo>>,
    /// Libraries on the cluster. Where none is configured, none is looked at; where some are, others are uninstalled. A
    /// stopped cluster is started to change them, and stopped again.
    #[schemars(extend("x-tf" = OPTIONAL.block().untold()))]
    pub library: Attr<Set<Library>>,
    /// Whether the cluster is kept in the list although it was stopped for 30 days.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub is_pinned: Attr<bool>,
    /// Whether Terraform goes on before the cluster runs.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub no_wait: Attr<bool>,
    /// A text of one's own that makes one cluster of two creations with it.
    #[schemars(length(max = 64), extend("x-tf" = OPTIONAL.replaces().untold()))]
    pub idempotency_token: Attr<String>,
    /// The workspace that the cluster belongs to, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
    /// Tags that Databricks adds.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub default_tags: Attr<BTreeMap<String, String>>,
    /// `PENDING`, `RUNNING`, `RESTARTING`, `RESIZING`, `TERMINATING`, `TERMINATED`, `ERROR` or `UNKNOWN`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub state: Attr<String>,
    /// Address of the cluster's page in the workspace.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub url: Attr<String>,
}

/// Why a cluster did not come up.
fn failure(found: &Found) -> Error {
    let mut detail = found.api.state_message.clone();
    if let Some(reason) = &found.api.termination_reason {
        detail.push_str(&format!(" ({}, {})", reason.code, reason.kind));
        for (name, value) in &reason.parameters {
            detail.push_str(&format!("\n{name}: {value}"));
        }
    }
    detail.push_str("\nThe cluster is kept, tainted; the next apply replaces it.");
    Error::new(format!("it did not start and is {}", found.api.state)).detail(detail.trim())
}

/// Waits until the cluster runs.
async fn running(cx: &Call<Workspace>, id: &str) -> Result<Found> {
    let what = format!("the cluster {id} to run");
    cx.poll(&what, Duration::from_millis(500), Duration::from_secs(10), async || match get(cx, id).await? {
        Some(found) => match found.api.state {
            ClusterState::Running => Ok(Probe::Done(found)),
            ClusterState::Terminated | ClusterState::Error | ClusterState::Unknown => Err(failure(&found)),
            _ => Ok(Probe::Waiting(format!("{} {}", found.api.state, found.api.state_message).trim().to_owned())),
        },
        None => Err(Error::new("it is gone").detail("It was deleted while it started.")),
    })
    .await
}

/// The cluster as it stands; an error where it is gone.
async fn standing(cx: &Call<Workspace>, id: &str) -> Result<Found> {
    let gone = || Error::new("it is gone").detail("It was deleted meanwhile.");
    get(cx, id).await?.ok_or_else(gone)
}

/// The marks of all clusters of a workspace.
pub(crate) async fn all_marked(client: &databricks::Client) -> std::result::Result<Vec<Marked>, databricks::Error> {
    let all: Vec<ApiCluster> = clusters::list(client, None).await?;
    let marked = all.into_iter().filter_map(|one| {
        Some(Marked { mark: one.attributes.custom_tags.get(Marker::TAG)?.clone(), id: one.cluster_id })
    });
    Ok(marked.collect())
}

impl Resource for Cluster {
    const NAME: &'static str = "databricks_cluster";
    const EXAMPLE: &'static str = r#"resource "databricks_cluster" "example" {
  cluster_name            = "example"
  spark_version           = "17.3.x-scala2.13"
  node_type_id            = "m6gd.large"
  kind                    = "CLASSIC_PREVIEW"
  is_single_node          = true
  data_security_mode      = "SINGLE_USER"
  autotermination_minutes = 30

  aws_attributes {
    zone_id = "auto"
  }

  custom_tags = {
    team = "data"
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("= 30", "= 0"));
    const IMPORT_ID: Option<&'static str> = Some("0123-456789-abcdefgh");
    const VERSION: i64 = 4;
    const TIMEOUTS: Timeouts = Timeouts::minutes(30);

    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        suppression::validate(config)
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        suppression::plan(planning.prior, planning.config, planning.planned);
        level::plan(planning, |cluster| &cluster.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = &level::call(cx, &plan.provider_config).await?;
        let body = creation(&plan, cx.marker())?;
        let what = "the workspace to take clusters";
        let made = cx
            .poll(what, Duration::from_secs(1), Duration::from_secs(15), async || {
                match clusters::create(cx.client(), &body).await {
                    Ok(made) => Ok(Probe::Done(made)),
                    Err(error) if error.is_young_workspace() => Ok(Probe::Waiting(error.to_string())),
                    Err(error) => Err(uncreated(error)),
                }
            })
            .await?;
        Ok(Self {
            id: made.cluster_id.clone().into(),
            cluster_id: made.cluster_id.into(),
            state: "PENDING".into(),
            ..plan
        })
    }

    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        let cx = &level::call(cx, &state.provider_config).await?;
        let id = state.id.text();
        if state.is_pinned.is_true() {
            pin(cx, id, true).await?;
        }
        // A stopped cluster that was edited stays stopped; what there was to do with its libraries is done.
        if matches!(state.state.text(), "TERMINATED" | "TERMINATING") {
            return state_of(cx.client().host(), &state, &standing(cx, id).await?);
        }
        libraries::install(cx, id, &state.library).await?;
        if state.no_wait.is_true() {
            return state_of(cx.client().host(), &state, &standing(cx, id).await?);
        }
        let found = running(cx, id).await?;
        libraries::settled(cx, id, &state.library).await?;
        state_of(cx.client().host(), &state, &found)
    }

    async fn find(cx: &Call<AnyWorkspace>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let cx = &level::call(cx, &plan.provider_config).await?;
        let ours = api::list(cx, None)
            .await?
            .into_iter()
            .find(|one| one.tag(Marker::TAG).is_some_and(|mark| marker.is_on(mark)));
        ours.map(|found| state_of(cx.client().host(), plan, &found)).transpose()
    }

    async fn marked(cx: &Call<AnyWorkspace>, plan: &Self) -> Result<Vec<Marked>> {
        let cx = &level::call(cx, &plan.provider_config).await?;
        Ok(cx.client().once("clusters with a mark", all_marked(cx.client())).await?.to_vec())
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let cx = &level::call(cx, &state.provider_config).await?;
        let id = state.id.text();
        let Some(found) = get(cx, id).await? else { return Ok(None) };
        let new = state_of(cx.client().host(), &state, &found)?;
        let is_pinned = is_pinned(cx, id).await?.into();
        let library = libraries::read(cx, id, &state.library).await?;
        Ok(Some(Self { is_pinned, library, ..new }))
    }

    async fn update(cx: &Call<AnyWorkspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = &level::call(cx, &plan.provider_config).await?;
        let id = state.id.text();
        let now = standing(cx, id).await?;
        match change(&state, &plan, &now)? {
            Change::Nothing => {}
            Change::Resize(body) => command(cx, id, "resize", &body).await?,
            Change::Update(body) => command(cx, id, "update", &body).await?,
        }
        if state.is_pinned.is_true() && !plan.is_pinned.is_true() {
            pin(cx, id, false).await?;
        }
        if libraries::differ(&state.library, &plan.library) {
            let stopped = matches!(now.api.state, ClusterState::Terminated | ClusterState::Terminating);
            if stopped {
                command(cx, id, "start", &ClusterId { cluster_id: id.to_owned() }).await?;
                running(cx, id).await?;
            }
            libraries::uninstall(cx, id, &state.library, &plan.library).await?;
            if stopped {
                libraries::install(cx, id, &plan.library).await?;
                libraries::settled(cx, id, &plan.library).await?;
                command(cx, id, clusters::TERMINATE, &ClusterId { cluster_id: id.to_owned() }).await?;
            }
        }
        Ok(state_of(cx.client().host(), &plan, &standing(cx, id).await?)?)
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let cx = &level::call(cx, &state.provider_config).await?;
        let id = state.id.text();
        if get(cx, id).await?.is_none() {
            return Ok(());
        }
        if state.is_pinned.is_true() {
            pin(cx, id, false).await?;
        }
        api::delete(cx, id).await
    }

    fn upgrade(version: i64, state: serde_json::Value) -> Result<serde_json::Value> {
        Ok(description::upgrade(version, state))
    }
}
