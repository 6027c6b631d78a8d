//! databricks_command: code that runs once on a cluster.
//! API: <https://docs.databricks.com/api/workspace/commandexecution>

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Progress, REQUIRED, Result};

use super::results;
use crate::clients::Workspace;
use crate::compute::code::Code;

/// Runs code on a cluster that runs, and waits for its end. What it prints is shown; an exception in it is an error of the action.
///
/// The code runs in an execution context of its own, which ends with it, also when Terraform is interrupted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// Id of the cluster.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub cluster_id: Attr<String>,
    /// Language of the code.
    #[schemars(extend("enum" = ["python", "r", "scala", "sql"], "x-tf" = REQUIRED))]
    pub language: Attr<String>,
    /// The code.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub command: Attr<String>,
}

impl Action for Command {
    const NAME: &'static str = "databricks_command";
    const EXAMPLE: &'static str = r#"action "databricks_command" "example" {
  config {
    cluster_id = databricks_cluster.example.id
    language   = "sql"
    command    = "CREATE SCHEMA IF NOT EXISTS main.example"
  }
}

resource "terraform_data" "example" {
  input = "schema 1"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_command.example]
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
    const LIMIT: Duration = Duration::from_secs(60 * 60);

    type Client = Workspace;

    async fn invoke(cx: &Call<Workspace>, progress: &Progress, config: Self) -> Result<()> {
        let (cluster_id, language) = (config.cluster_id.text(), config.language.text());
        let code = Code { cluster_id, language, text: config.command.text() };
        let said = results::told(&code.run(cx, Some(progress)).await?);
        progress.say(if said.is_empty() { "The command has ended" } else { &said }).await;
        Ok(())
    }
}
