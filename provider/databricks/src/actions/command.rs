//! databricks_command: code that runs once on a cluster.
//! API: <https://docs.databricks.com/api/workspace/commandexecution>

use std::time::Duration;

use databricks::api::commands::{
    self, CommandAnswer, CommandPlace, CommandStatus, ContextPlace, ContextStatus, ExecuteCommand,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Error, Probe, Progress, REQUIRED, Result};

use super::{cluster, results};
use crate::clients::Workspace;

/// Between two looks: short at first, two seconds in the end.
const START: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(2);

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
        cluster::runs(cx, cluster_id).await?;
        // Its answer is waited for whatever happens: it has the name of what is to be ended.
        let made = commands::create_context(cx.client(), cluster_id, language).await;
        let context_id = made.map_err(|error| cluster::refused(error, cluster_id))?;
        let place = ContextPlace { cluster_id: cluster_id.to_owned(), context_id };
        let ran = tokio::select! {
            ran = run(cx, progress, &config, &place) => ran,
            () = cx.cancelled() => Err(Error::new("Interrupted").detail("The command was stopped by the user.")),
        };
        // With what still runs in it.
        if let Err(error) = commands::destroy_context(cx.client(), &place).await {
            let id = &place.context_id;
            progress.say(format!("The execution context {id} stays until the cluster ends it: {error}")).await;
        }
        ran
    }
}

/// Runs the command in its context.
async fn run(cx: &Call<Workspace>, progress: &Progress, config: &Command, place: &ContextPlace) -> Result<()> {
    comes_up(cx, progress, config, place).await?;
    let ContextPlace { cluster_id, context_id } = place.clone();
    let (language, command) = (config.language.text().to_owned(), config.command.text().to_owned());
    let body = ExecuteCommand { cluster_id, context_id, language, command };
    let command_id = commands::execute(cx.client(), &body).await?;
    let ExecuteCommand { cluster_id, context_id, .. } = body;
    let place = CommandPlace { cluster_id, context_id, command_id };
    let answer = cx
        .poll("the command to end", START, MOST, async || {
            let answer = commands::command(cx.client(), &place).await?;
            let words = match answer.status {
                CommandStatus::Queued => "The command waits for those before it",
                _ => "The command runs",
            };
            if answer.status.is_end() {
                return Ok(Probe::Done(answer));
            }
            progress.state(words).await;
            Ok(Probe::Waiting(answer.status.to_string()))
        })
        .await?;
    ended(progress, answer).await
}

/// Waits until the context takes commands.
async fn comes_up(cx: &Call<Workspace>, progress: &Progress, config: &Command, place: &ContextPlace) -> Result<()> {
    cx.poll("the execution context to run", START, MOST, async || match commands::context(cx.client(), place).await? {
        ContextStatus::Running => Ok(Probe::Done(())),
        ContextStatus::Error => {
            let language = config.language.text();
            Err(Error::new(format!("the cluster cannot run {language}"))
                .detail("Use another language, or another cluster.")
                .at("language"))
        }
        status => {
            progress.state("An execution context is being made").await;
            Ok(Probe::Waiting(status.to_string()))
        }
    })
    .await
}

/// What became of the command.
async fn ended(progress: &Progress, answer: CommandAnswer) -> Result<()> {
    match answer.status {
        CommandStatus::Finished => {
            let said = answer.results.as_ref().map_or_else(|| Ok(String::new()), results::told)?;
            progress.say(if said.is_empty() { "The command has ended" } else { &said }).await;
            Ok(())
        }
        CommandStatus::Cancelled => Err(Error::new("the command was cancelled").detail("Somebody else cancelled it.")),
        _ => Err(Error::new("the command was lost: its execution context has ended")
            .detail("The cluster was terminated or restarted, or the context was ended. What the command did until then is done.")),
    }
}
