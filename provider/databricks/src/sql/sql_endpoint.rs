//! databricks_sql_endpoint, which people call a SQL warehouse. API: <https://docs.databricks.com/api/workspace/warehouses>

use std::collections::BTreeMap;
use std::time::Duration;

use databricks::api::warehouses::{self, Warehouse, WarehouseState};
use serde_json::Value as Json;
use tfplugin::{Call, Probe, Result, Timeouts, reconcile};

use super::warehouse::failure;
use crate::level;
use crate::rest::prelude::*;

/// A SQL warehouse. It starts when it is made, which is waited for unless `no_wait` is set, and stops by itself after `auto_stop_mins`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SqlEndpoint {
    /// Id of the warehouse.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the warehouse.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub name: Attr<String>,
    /// Size of its clusters.
    #[schemars(extend(
        "enum" = ["2X-Small", "X-Small", "Small", "Medium", "Large", "X-Large", "2X-Large", "3X-Large", "4X-Large", "5X-Large"],
        "x-tf" = REQUIRED
    ))]
    pub cluster_size: Attr<String>,
    /// Minutes without a query after which it stops; 0 for never.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL.default("120")))]
    pub auto_stop_mins: Attr<i64>,
    /// Least number of clusters while it runs.
    #[schemars(range(min = 1, max = 40), extend("x-tf" = OPTIONAL.service_default()))]
    pub min_num_clusters: Attr<i64>,
    /// Greatest number of clusters.
    #[schemars(range(min = 1, max = 40), extend("x-tf" = OPTIONAL.default("1")))]
    pub max_num_clusters: Attr<i64>,
    /// Whether it has Photon.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub enable_photon: Attr<bool>,
    /// Whether it is serverless, which `PRO` warehouses alone can be.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub enable_serverless_compute: Attr<bool>,
    /// `PRO` or `CLASSIC`.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub warehouse_type: Attr<String>,
    /// Spot instances or none: `COST_OPTIMIZED` or `RELIABILITY_OPTIMIZED`.
    #[schemars(extend("x-tf" = OPTIONAL.default("\"COST_OPTIMIZED\"")))]
    pub spot_instance_policy: Attr<String>,
    /// Instance profile of its nodes.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub instance_profile_arn: Attr<String>,
    /// Version of Databricks SQL.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().service_default()))]
    pub channel: Attr<Channel>,
    /// Tags of its instances.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().service_default()))]
    pub tags: Attr<Tags>,
    /// Whether an apply goes on without waiting until it runs.
    #[schemars(extend("x-tf" = OPTIONAL.default("false").unsent()))]
    pub no_wait: Attr<bool>,
    /// Id that old dashboards know it by. It is kept from the official provider's states, and not asked for.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state().untold().unsent()))]
    pub data_source_id: Attr<String>,
    /// Who made it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creator_name: Attr<String>,
    /// Address for JDBC drivers.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub jdbc_url: Attr<String>,
    /// What ODBC drivers need.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub odbc_params: Attr<Vec<OdbcParams>>,
    /// Where it stands: `RUNNING`, `STOPPED` and others.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub state: Attr<String>,
    /// How it is.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub health: Attr<Vec<Health>>,
    /// Number of clusters that run.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub num_clusters: Attr<i64>,
    /// Number of sessions.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub num_active_sessions: Attr<i64>,
    /// The workspace that it belongs to.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// A version of Databricks SQL.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Channel {
    /// `CHANNEL_NAME_CURRENT` or `CHANNEL_NAME_PREVIEW`.
    #[schemars(extend("x-tf" = OPTIONAL.default("\"CHANNEL_NAME_CURRENT\"")))]
    pub name: Attr<String>,
    /// Version, where the channel is a custom one.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub dbsql_version: Attr<String>,
}

/// Tags.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Tags {
    /// Each of them.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub custom_tags: Attr<Vec<Tag>>,
}

/// A tag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Tag {
    /// Its key.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub key: Attr<String>,
    /// Its value.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub value: Attr<String>,
}

/// What ODBC drivers need.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OdbcParams {
    /// Host name.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub hostname: Attr<String>,
    /// Path.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub path: Attr<String>,
    /// Port.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub port: Attr<i64>,
    /// `https`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub protocol: Attr<String>,
}

/// How a warehouse is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Health {
    /// `HEALTHY`, `DEGRADED` or `FAILED`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub status: Attr<String>,
    /// What is wrong, in a sentence.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub summary: Attr<String>,
    /// What is wrong.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub message: Attr<String>,
    /// What is wrong, at length.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub details: Attr<String>,
    /// Why it did not start.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub failure_reason: Attr<Vec<FailureReason>>,
}

/// Why a warehouse did not start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FailureReason {
    /// Its code: `INVALID_ARGUMENT`, say.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub code: Attr<String>,
    /// Whose fault it is: `CLIENT_ERROR`, `CLOUD_FAILURE` or `SERVICE_FAULT`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub r#type: Attr<String>,
    /// What the code stands with.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub parameters: Attr<BTreeMap<String, String>>,
}

impl Rest for SqlEndpoint {
    const NAME: &'static str = "databricks_sql_endpoint";
    const NOUN: &'static str = "SQL warehouse";
    const EXAMPLE: &'static str = r#"resource "databricks_sql_endpoint" "example" {
  name           = "example"
  cluster_size   = "2X-Small"
  auto_stop_mins = 10

  tags {
    custom_tags {
      key   = "team"
      value = "data"
    }
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("auto_stop_mins = 10", "auto_stop_mins = 20"));
    const API: Api = Api::collection(warehouses::PATH, "id").edit();
    const TIMEOUTS: Timeouts = Timeouts::minutes(30);
    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let (least, most) = (config.min_num_clusters.known(), config.max_num_clusters.known());
        let is_wrong = matches!((least, most), (Some(least), Some(most)) if least > most);
        let error = || {
            Error::new("There are to be more clusters at least than at most")
                .detail("Raise max_num_clusters, or lower min_num_clusters.")
                .at("min_num_clusters")
        };
        is_wrong.then(|| error().into()).into_iter().collect()
    }

    /// One that is starting is waited for.
    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        if state.no_wait.is_true() || state.state.text() != WarehouseState::Starting.to_string() {
            return Ok(state);
        }
        let workspace = level::call(cx, &state.provider_config).await?;
        let (start, most) = (Duration::from_millis(500), Duration::from_secs(5));
        let found = workspace
            .poll(&format!("the SQL warehouse {} to run", state.name.text()), start, most, async || {
                let found: Json = warehouses::get(workspace.client(), state.id.text()).await?;
                let now = Warehouse::deserialize(&found).map_err(|error| Error::new(error.to_string()))?;
                match &now.state {
                    WarehouseState::Starting => Ok(Probe::Waiting(now.state.to_string())),
                    WarehouseState::Running => Ok(Probe::Done(found)),
                    _ => Err(failure(&now)),
                }
            })
            .await?;
        reconcile::seen(&state, &found)
    }
}
