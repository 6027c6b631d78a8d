//! databricks_cluster_terminate: a cluster that costs nothing.
//! API: <https://docs.databricks.com/api/workspace/clusters/delete>

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Progress, REQUIRED, Result};

use super::cluster::{self, Change};
use crate::clients::Workspace;

/// Terminates a cluster, and waits until it is terminated. It can be started again; one that is terminated already is left as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ClusterTerminate {
    /// Id of the cluster.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub cluster_id: Attr<String>,
}

impl Action for ClusterTerminate {
    const NAME: &'static str = "databricks_cluster_terminate";
    const EXAMPLE: &'static str = r#"action "databricks_cluster_terminate" "example" {
  config {
    cluster_id = databricks_cluster.example.id
  }
}

resource "terraform_data" "example" {
  input = "the end of a deployment"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_cluster_terminate.example]
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
        cluster::change(cx, progress, Change::Terminate, config.cluster_id.text()).await
    }
}
