//! The action databricks_sql_statement: a statement that runs once on a warehouse.
//! API: <https://docs.databricks.com/api/workspace/statementexecution>

use std::time::Duration;

use databricks::api::statements::{ExecuteStatement, Statement};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, OPTIONAL, Progress, REQUIRED, Result};

use crate::clients::Workspace;
use crate::sql::statement::{self, Order, Parameter};

/// Runs a SQL statement on a warehouse, and waits for its end. A stopped warehouse is started. Its rows are not shown, but for how many
/// an INSERT, UPDATE, DELETE or MERGE has changed. When Terraform is interrupted, the statement is cancelled.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SqlStatement {
    /// Id of the SQL warehouse.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub warehouse_id: Attr<String>,
    /// The statement. Values stand in it as `:name`, and in `parameters`.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub statement: Attr<String>,
    /// Values of the statement's `:name`.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub parameters: Attr<Vec<Parameter>>,
    /// Catalog of names that stand without one.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub catalog: Attr<String>,
    /// Schema of names that stand without one.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub schema: Attr<String>,
}

impl Action for SqlStatement {
    const NAME: &'static str = "databricks_sql_statement";
    const EXAMPLE: &'static str = r#"action "databricks_sql_statement" "example" {
  config {
    warehouse_id = "0123456789abcdef"
    statement    = "DELETE FROM main.default.events WHERE day < :day"

    parameters {
      name  = "day"
      value = "2026-01-01"
      type  = "DATE"
    }
  }
}

resource "terraform_data" "example" {
  input = "events since 2026"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_sql_statement.example]
    }
  }
}
"#;
    const LIMIT: Duration = Duration::from_secs(60 * 60);

    type Client = Workspace;

    async fn invoke(cx: &Call<Workspace>, progress: &Progress, config: Self) -> Result<()> {
        let Self { warehouse_id, statement, parameters, catalog, schema } = &config;
        let order = Order { warehouse_id, catalog, schema, parameters };
        let body = ExecuteStatement { row_limit: Some(1), ..order.of(statement.text()) };
        let ran = statement::run(cx, &body, Some(progress)).await?;
        progress.say(format!("The statement has ended{}", changed(&ran))).await;
        Ok(())
    }
}

/// How many rows a statement has changed, where it tells: its one row is of numbers of the names `num_…_rows`.
fn changed(statement: &Statement) -> String {
    let columns =
        statement.manifest.iter().filter_map(|manifest| manifest.schema.as_ref()).flat_map(|all| &all.columns);
    let values = statement.result.iter().flat_map(|result| result.data_array.first()).flatten();
    let told: Vec<String> = columns
        .zip(values)
        .filter(|(column, _)| column.name.starts_with("num_") && column.name.ends_with("_rows"))
        .filter_map(|(column, value)| Some(format!("{} = {}", column.name, value.as_ref()?)))
        .collect();
    if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) }
}

#[cfg(test)]
mod tests {
    use databricks::api::statements::{Column, Manifest, ResultData, ResultSchema};

    use super::*;

    #[test]
    fn how_many_rows_were_changed_is_told_and_no_value() {
        let told = |row: &[(&str, Option<&str>)]| {
            let columns =
                row.iter().map(|(name, _)| Column { name: (*name).to_owned(), ..Column::default() }).collect();
            let schema = ResultSchema { columns, ..ResultSchema::default() };
            let values = row.iter().map(|(_, value)| value.map(str::to_owned)).collect();
            changed(&Statement {
                manifest: Some(Manifest { schema: Some(schema), ..Manifest::default() }),
                result: Some(ResultData { data_array: vec![values], ..ResultData::default() }),
                ..Statement::default()
            })
        };
        assert_eq!(told(&[("num_affected_rows", Some("3"))]), ": num_affected_rows = 3");
        assert_eq!(
            told(&[("num_updated_rows", Some("1")), ("password", Some("x")), ("num_deleted_rows", None)]),
            ": num_updated_rows = 1"
        );
        assert_eq!(told(&[("password", Some("x"))]), "");
        assert_eq!(changed(&Statement::default()), "");
    }
}
