//! databricks_cluster_restart: a cluster with a new driver and new workers.
//! API: <https://docs.databricks.com/api/workspace/clusters/restart>

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Progress, REQUIRED, Result};

use super::cluster::{self, Change};
use crate::clients::Workspace;

/// Restarts a cluster that runs, and waits until it runs again. One that is being started or restarted already is waited for; one that is stopped is an error.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ClusterRestart {
    /// Id of the cluster.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub cluster_id: Attr<String>,
}

impl Action for ClusterRestart {
    const NAME: &'static str = "databricks_cluster_restart";
    const EXAMPLE: &'static str = r#"action "databricks_cluster_restart" "example" {
  config {
    cluster_id = databricks_cluster.example.id
  }
}

resource "terraform_data" "example" {
  input = "packages of 2026-11-30"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_cluster_restart.example]
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
        cluster::change(cx, progress, Change::Restart, config.cluster_id.text()).await
    }
}
