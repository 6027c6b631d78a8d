//! databricks_sql_warehouse_start: a SQL warehouse that runs.
//! API: <https://docs.databricks.com/api/workspace/warehouses/start>

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Progress, REQUIRED, Result};

use super::warehouse::{self, Change};
use crate::clients::Workspace;

/// Starts a SQL warehouse, and waits until it runs. One that runs already is left as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SqlWarehouseStart {
    /// Id of the warehouse.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub id: Attr<String>,
}

impl Action for SqlWarehouseStart {
    const NAME: &'static str = "databricks_sql_warehouse_start";
    const EXAMPLE: &'static str = r#"action "databricks_sql_warehouse_start" "example" {
  config {
    id = "0123456789abcdef"
  }
}

resource "terraform_data" "example" {
  input = "nightly"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_sql_warehouse_start.example]
    }
  }
}
"#;

    type Client = Workspace;

    async fn invoke(cx: &Call<Workspace>, progress: &Progress, config: Self) -> Result<()> {
        warehouse::change(cx, progress, Change::Start, config.id.text()).await
    }
}
