//! databricks_sql_warehouse_stop: a SQL warehouse that costs nothing.
//! API: <https://docs.databricks.com/api/workspace/warehouses/stop>

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Progress, REQUIRED, Result};

use super::warehouse::{self, Change};
use crate::clients::Workspace;

/// Stops a SQL warehouse, and waits until it is stopped. The next statement starts it again; one that is stopped already is left as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SqlWarehouseStop {
    /// Id of the warehouse.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub id: Attr<String>,
}

impl Action for SqlWarehouseStop {
    const NAME: &'static str = "databricks_sql_warehouse_stop";
    const EXAMPLE: &'static str = r#"action "databricks_sql_warehouse_stop" "example" {
  config {
    id = "0123456789abcdef"
  }
}

resource "terraform_data" "example" {
  input = "nightly"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_sql_warehouse_stop.example]
    }
  }
}
"#;

    type Client = Workspace;

    async fn invoke(cx: &Call<Workspace>, progress: &Progress, config: Self) -> Result<()> {
        warehouse::change(cx, progress, Change::Stop, config.id.text()).await
    }
}
