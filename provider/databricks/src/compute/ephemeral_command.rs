//! The ephemeral databricks_command: what code on a cluster answers.
//! API: <https://docs.databricks.com/api/workspace/commandexecution>

use std::time::Duration;

use databricks::api::commands::{CommandResults, ResultType, without_colours};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin::{Attr, COMPUTED, Call, Ephemeral, Error, Opened, REQUIRED, Result};

use super::code::Code;
use crate::clients::Workspace;

/// Runs code on a cluster that runs, and has what it answers, which stands in no plan and no state. The code runs in each plan and in
/// each apply: it should change nothing. For code that does, there is the action `databricks_command`.
///
/// The code runs in an execution context of its own, which ends with it, also when Terraform is interrupted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EphemeralCommand {
    /// Id of the cluster.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub cluster_id: Attr<String>,
    /// Language of the code.
    #[schemars(extend("enum" = ["python", "r", "scala", "sql"], "x-tf" = REQUIRED))]
    pub language: Attr<String>,
    /// The code.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub command: Attr<String>,
    /// What it printed, without what is blank at the end. Of a table, the rows, as a JSON list of lists.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub output: Attr<String>,
}

impl Ephemeral for EphemeralCommand {
    const NAME: &'static str = "databricks_command";
    const EXAMPLE: &'static str = r#"ephemeral "databricks_command" "example" {
  cluster_id = databricks_cluster.example.id
  language   = "python"
  command    = "print(1 + 1)"
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

    async fn open(cx: &Call<Workspace>, config: Self) -> Result<Opened<Self>> {
        let (cluster_id, language) = (config.cluster_id.text(), config.language.text());
        let code = Code { cluster_id, language, text: config.command.text() };
        let output = output(&code.run(cx, None).await?)?;
        Ok(Opened { result: Self { output: output.into(), ..config }, private: Vec::new(), renew_at: None })
    }

    async fn close(_: &Call<Workspace>, _: Vec<u8>) -> Result<()> {
        Ok(())
    }
}

fn output(results: &CommandResults) -> Result<String> {
    if results.truncated == Some(true) {
        let error = Error::new("the command answers more than is handed on");
        return Err(error.detail("Let it answer less, or write to a file or a table.").at("command"));
    }
    Ok(match (&results.result_type, &results.data) {
        (ResultType::Text, Some(Json::String(text))) => without_colours(text).trim_end().to_owned(),
        (ResultType::Table, Some(rows)) => rows.to_string(),
        _ => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn output_is_text_or_rows_and_all_of_it() {
        let results = |result_type, data| CommandResults { result_type, data: Some(data), ..Default::default() };
        assert_eq!(output(&results(ResultType::Text, json!(" a\n b \n"))).unwrap(), " a\n b");
        assert_eq!(output(&results(ResultType::Table, json!([[1, "x"], [2, null]]))).unwrap(), r#"[[1,"x"],[2,null]]"#);
        let cut = CommandResults { truncated: Some(true), ..results(ResultType::Table, json!([])) };
        assert!(output(&cut).is_err());
    }
}
