//! databricks_cluster: compute of a workspace.
//! API: <https://docs.databricks.com/api/workspace/clusters>

use std::collections::BTreeMap;
use std::time::Duration;

use databricks::Request;
use databricks::api::clusters::{Cluster as Found, ClusterId, ClusterState, Events, ListClusters};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, Probe, REQUIRED,
    Resource, Result, Timeouts,
};

use super::cluster_spec::{Change, change, request_of, state_of};
use crate::answer::{Answer, refusal};
use crate::clients::Workspace;

/// How long a cluster that is starting or resizing is asked to take an edit.
const IN_TRANSITION: Duration = Duration::from_secs(15 * 60);

/// How many workers a cluster may have, where it decides itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Autoscale {
    /// The least number of workers.
    #[schemars(range(min = 0), extend("x-tf" = REQUIRED))]
    pub min_workers: Attr<i64>,
    /// The greatest number of workers.
    #[schemars(range(min = 1), extend("x-tf" = REQUIRED))]
    pub max_workers: Attr<i64>,
}

/// What the cluster asks of AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AwsAttributes {
    /// `ON_DEMAND`, `SPOT`, or `SPOT_WITH_FALLBACK`.
    #[schemars(extend("enum" = ["ON_DEMAND", "SPOT", "SPOT_WITH_FALLBACK"], "x-tf" = OPTIONAL))]
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
    #[schemars(extend("enum" = ["GENERAL_PURPOSE_SSD", "THROUGHPUT_OPTIMIZED_HDD"], "x-tf" = OPTIONAL))]
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

/// A cluster. It is created running; that it stopped since, by itself or by hand, is no change of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
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
    /// Pool of the workers, in place of an instance type.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub instance_pool_id: Attr<String>,
    /// Pool of the driver.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub driver_instance_pool_id: Attr<String>,
    /// Number of workers; none where neither this nor `autoscale` is set.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL))]
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
    #[schemars(extend("enum" = ["CLASSIC_PREVIEW"], "x-tf" = OPTIONAL))]
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
    #[schemars(extend("enum" = ["NULL", "PHOTON", "STANDARD"], "x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub runtime_engine: Attr<String>,
    /// Cluster policy.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub policy_id: Attr<String>,
    /// Whether the policy's defaults are used for what is not set.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    pub apply_policy_default_values: Attr<bool>,
    /// Whether a node that runs out of disk space gets more.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub enable_elastic_disk: Attr<bool>,
    /// Whether the nodes' local disks are encrypted.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub enable_local_disk_encryption: Attr<bool>,
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
    /// What the cluster asks of AWS.
    #[schemars(extend("x-tf" = OPTIONAL.block().service_default()))]
    pub aws_attributes: Attr<AwsAttributes>,
    /// Whether the cluster is kept in the list although it was stopped for 30 days.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub is_pinned: Attr<bool>,
    /// Whether Terraform goes on before the cluster runs.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub no_wait: Attr<bool>,
    /// Tags that Databricks adds.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub default_tags: Attr<BTreeMap<String, String>>,
    /// `PENDING`, `RUNNING`, `RESTARTING`, `RESIZING`, `TERMINATING`, `TERMINATED`, `ERROR` or `UNKNOWN`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub state: Attr<String>,
}

async fn get(cx: &Call<Workspace>, id: &str) -> Result<Option<Found>> {
    match cx.client().send(Request::get("/api/2.1/clusters/get").query("cluster_id", id)).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_missing_cluster() => Ok(None),
        Err(error) => Err(refusal(&format!("read the cluster {id}"), error)),
    }
}

/// A command on one cluster, which may be repeated; refused with `INVALID_STATE` while the cluster changes, it is repeated.
async fn command<B: Serialize + Sync>(cx: &Call<Workspace>, id: &str, verb: &str, body: &B) -> Result<()> {
    let action = || format!("{verb} the cluster {id}");
    let path = format!("/api/2.1/clusters/{verb}");
    let end = tokio::time::Instant::now() + IN_TRANSITION;
    let what = format!("the cluster {id} to take the command {verb}");
    cx.poll(&what, Duration::from_millis(500), Duration::from_secs(10), async || {
        match cx.client().send::<()>(Request::post(&path).json(body).or_say(action)?.idempotent()).await {
            Ok(()) => Ok(Probe::Done(())),
            Err(error)
                if error.is_invalid_state() && !error.is_missing_cluster() && tokio::time::Instant::now() < end =>
            {
                Ok(Probe::Waiting(error.to_string()))
            }
            Err(error) => Err(refusal(&action(), error)),
        }
    })
    .await
}

async fn pin(cx: &Call<Workspace>, id: &str, pinned: bool) -> Result<()> {
    command(cx, id, if pinned { "pin" } else { "unpin" }, &ClusterId { cluster_id: id.to_owned() }).await
}

/// Whether the cluster is pinned: the last event of that kind tells, for the cluster itself does not.
async fn is_pinned(cx: &Call<Workspace>, id: &str) -> Result<bool> {
    let action = || format!("read the events of the cluster {id}");
    let body = json!({ "cluster_id": id, "event_types": ["PINNED", "UNPINNED"], "order": "DESC", "limit": 1 });
    let request = Request::post("/api/2.1/clusters/events").json(&body).or_say(action)?.idempotent();
    let events: Events = cx.client().send(request).await.or_say(action)?;
    Ok(events.events.first().is_some_and(|event| event.kind == "PINNED"))
}

/// Why a cluster did not come up.
fn failure(id: &str, found: &Found) -> Error {
    let mut detail = found.state_message.clone();
    if let Some(reason) = &found.termination_reason {
        detail.push_str(&format!(" ({}, {})", reason.code, reason.kind));
        for (name, value) in &reason.parameters {
            detail.push_str(&format!("\n{name}: {value}"));
        }
    }
    detail.push_str("\nThe cluster is kept, tainted; the next apply replaces it.");
    Error::new(format!("The cluster {id} did not start: it is {}", found.state)).detail(detail.trim())
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

  custom_tags = {
    team = "data"
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("= 30", "= 0"));
    const IMPORT_ID: Option<&'static str> = Some("0123-456789-abcdefgh");
    const TIMEOUTS: Timeouts = Timeouts::minutes(30);

    type Client = Workspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if let Some(minutes @ 1..10) = config.autotermination_minutes.known() {
            let error = Error::new(format!("A cluster cannot stop after {minutes} minutes of idleness"))
                .detail("autotermination_minutes is 10 to 10000, or 0 for a cluster that never stops by itself.");
            found.push(error.at("autotermination_minutes").into());
        }
        if config.num_workers.is_known() && config.autoscale.is_known() {
            let error = Error::new("num_workers and autoscale are both set").detail("Keep the one that is meant.");
            found.push(error.at("num_workers").into());
        }
        if config.is_single_node.is_true() {
            if config.num_workers.known().is_some_and(|workers| *workers > 0) || config.autoscale.is_known() {
                let error =
                    Error::new("A single-node cluster has no workers").detail("Remove num_workers and autoscale.");
                found.push(error.at("is_single_node").into());
            }
            if config.kind.is_null() {
                let error = Error::new("is_single_node needs kind").detail("Set kind = \"CLASSIC_PREVIEW\".");
                found.push(error.at("is_single_node").into());
            }
        }
        if config.node_type_id.is_null() && config.instance_pool_id.is_null() && config.policy_id.is_null() {
            let error = Error::new("node_type_id is missing")
                .detail("A cluster needs an instance type, an instance pool, or a policy that says which.");
            found.push(error.at("node_type_id").into());
        }
        found
    }

    async fn create(cx: &Call<Workspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let action = || format!("create the cluster {:?}", plan.cluster_name.text());
        let body = request_of(&plan, Some(cx.marker()));
        let what = "the workspace to take clusters";
        let made = cx
            .poll(what, Duration::from_secs(1), Duration::from_secs(15), async || {
                let request = Request::post("/api/2.1/clusters/create").json(&body).or_say(action)?;
                match cx.client().send::<ClusterId>(request).await {
                    Ok(made) => Ok(Probe::Done(made)),
                    Err(error) if error.is_young_workspace() => Ok(Probe::Waiting(error.to_string())),
                    Err(error) => Err(refusal(&action(), error)),
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

    async fn ready(cx: &Call<Workspace>, state: Self) -> Result<Self> {
        let id = state.id.text();
        if state.is_pinned.is_true() {
            pin(cx, id, true).await?;
        }
        // A stopped cluster that was edited stays stopped.
        if state.no_wait.is_true() || matches!(state.state.text(), "TERMINATED" | "TERMINATING") {
            return match get(cx, id).await? {
                Some(found) => Ok(state_of(&state, found)),
                None => Err(Error::new(format!("The cluster {id} is gone"))),
            };
        }
        let what = format!("the cluster {id} to run");
        let found = cx
            .poll(&what, Duration::from_millis(500), Duration::from_secs(10), async || match get(cx, id).await? {
                Some(found) => match found.state {
                    ClusterState::Running => Ok(Probe::Done(found)),
                    ClusterState::Terminated | ClusterState::Error | ClusterState::Unknown => Err(failure(id, &found)),
                    _ => Ok(Probe::Waiting(format!("{} {}", found.state, found.state_message).trim().to_owned())),
                },
                None => Err(Error::new(format!("The cluster {id} is gone")).detail("It was deleted while it started.")),
            })
            .await?;
        Ok(state_of(&state, found))
    }

    async fn find(cx: &Call<Workspace>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let mut page = None;
        loop {
            let mut request = Request::get("/api/2.1/clusters/list").query("page_size", "100");
            if let Some(token) = page {
                request = request.query("page_token", token);
            }
            let answer: ListClusters = cx.client().send(request).await.or_say(|| "list the clusters".into())?;
            let ours = answer
                .clusters
                .into_iter()
                .find(|one| one.attributes.custom_tags.get(Marker::TAG).is_some_and(|id| *id == marker.id));
            if let Some(found) = ours {
                return Ok(Some(state_of(plan, found)));
            }
            page = Some(answer.next_page_token).filter(|token| !token.is_empty());
            if page.is_none() {
                return Ok(None);
            }
        }
    }

    async fn read(cx: &Call<Workspace>, state: Self) -> Result<Option<Self>> {
        let Some(found) = get(cx, state.id.text()).await? else { return Ok(None) };
        let mut new = state_of(&state, found);
        if new.is_pinned.is_known() {
            new.is_pinned = is_pinned(cx, new.id.text()).await?.into();
        }
        Ok(Some(new))
    }

    async fn update(cx: &Call<Workspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let id = state.id.text();
        let now = get(cx, id).await?.map(|found| found.state);
        match change(&state, &plan, now == Some(ClusterState::Running)) {
            Change::Nothing => {}
            Change::Resize(body) => command(cx, id, "resize", &body).await?,
            Change::Edit(body) => command(cx, id, "edit", &body).await?,
        }
        if state.is_pinned.is_true() && !plan.is_pinned.is_true() {
            pin(cx, id, false).await?;
        }
        match get(cx, id).await? {
            Some(found) => Ok(state_of(&plan, found)),
            None => Err(Error::new(format!("The cluster {id} is gone")).detail("It was deleted meanwhile.").into()),
        }
    }

    async fn delete(cx: &Call<Workspace>, state: Self) -> Result<()> {
        let id = state.id.text();
        if get(cx, id).await?.is_none() {
            return Ok(());
        }
        if state.is_pinned.is_true() {
            pin(cx, id, false).await?;
        }
        let body = ClusterId { cluster_id: id.to_owned() };
        let action = || format!("delete the cluster {id}");
        let request = Request::post("/api/2.1/clusters/permanent-delete").json(&body).or_say(action)?.idempotent();
        match cx.client().send::<()>(request).await {
            Ok(()) => {}
            Err(error) if error.is_missing_cluster() => {}
            Err(error) => return Err(refusal(&action(), error)),
        }
        let what = format!("the cluster {id} to be gone");
        cx.poll(&what, Duration::from_millis(200), Duration::from_secs(10), async || match get(cx, id).await? {
            Some(found) if found.state != ClusterState::Terminated => Ok(Probe::Waiting(found.state.to_string())),
            _ => Ok(Probe::Done(())),
        })
        .await
    }
}
