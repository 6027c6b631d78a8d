//! databricks_cluster_start: a cluster that runs.
//! API: <https://docs.databricks.com/api/workspace/clusters/start>

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Progress, REQUIRED, Result};

use super::cluster::{self, Change};
use crate::clients::Workspace;

/// Starts a cluster, and waits until it runs. One that runs already is left as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ClusterStart {
    /// Id of the cluster.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub cluster_id: Attr<String>,
}

impl Action for ClusterStart {
    const NAME: &'static str = "databricks_cluster_start";
    const EXAMPLE: &'static str = r#"action "databricks_cluster_start" "example" {
  config {
    cluster_id = databricks_cluster.example.id
  }
}

resource "terraform_data" "example" {
  input = "a deployment that needs it"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_cluster_start.example]
    }
  }
}

resource "databricks_cluster" "example" {
  cluster_name            = "example"
  spark_version           = "17.3.x-scala2.13"
  node_type_id            = "m6gd.large"
  autotermination_minutes = 30
}
"#;
    const LIMIT: Duration = cluster::LIMIT;

    type Client = Workspace;

    async fn invoke(cx: &Call<Workspace>, progress: &Progress, config: Self) -> Result<()> {
        cluster::change(cx, progress, Change::Start, config.cluster_id.text()).await
    }
}
