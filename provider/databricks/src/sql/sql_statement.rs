//! databricks_sql_statement: a statement that runs once. API: <https://docs.databricks.com/api/workspace/statementexecution>

use std::collections::BTreeMap;

use databricks::api::statements::ExecuteStatement;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, Call, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, REQUIRED, Removal, Resource, Result,
    Timeouts,
};

use super::statement::{self, Order, Parameter};
use crate::clients::{AnyWorkspace, Workspace};
use crate::level::{self, ProviderConfig};

/// So far back an earlier, cut off destroy is looked for.
const HISTORY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A SQL statement that runs once, on a warehouse, when it is applied: a grant, a view, a table's first rows. A stopped warehouse is
/// started.
///
/// It runs once, and again when `statement`, `parameters`, `catalog`, `schema` or `triggers` change: the old one is destroyed, with its
/// `destroy_statement`, and the new one is made. A statement that fails fails the apply, leaves nothing behind, and runs again in the
/// next one. An interrupted apply cancels it.
///
/// An apply that was killed is found out about: each statement bears a mark in a comment at its end, and the next apply looks for it in
/// the history of queries before it runs anything. Nothing is read back: what became of a table or a view is no concern of this resource.
///
/// The statement and its parameters stand in the state. So do secrets in them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SqlStatement {
    /// Id of the statement.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Id of the SQL warehouse that it runs on. Another one runs nothing again.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.unsent()))]
    pub warehouse_id: Attr<String>,
    /// The statement. Values stand in it as `:name`, and in `parameters`.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
    pub statement: Attr<String>,
    /// Values of the `:name` of the statement.
    #[schemars(extend("x-tf" = OPTIONAL.block().replaces()))]
    pub parameters: Attr<Vec<Parameter>>,
    /// Catalog of names that stand without one.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub catalog: Attr<String>,
    /// Schema of names that stand without one.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub schema: Attr<String>,
    /// Any values. When they change, the statement runs again.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub triggers: Attr<BTreeMap<String, String>>,
    /// Statement that runs when this one is destroyed or replaced, with the same `catalog` and `schema` and without `parameters`. If it
    /// fails, so does the destroy. Where it is not set, a destroy runs nothing.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL.unsent()))]
    pub destroy_statement: Attr<String>,
    /// The workspace, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl SqlStatement {
    /// What runs, marked, and without what it answers.
    fn body(&self, statement: &str, mark: &str, parameters: &Attr<Vec<Parameter>>) -> ExecuteStatement {
        let Self { warehouse_id, catalog, schema, .. } = self;
        let order = Order { warehouse_id, catalog, schema, parameters };
        ExecuteStatement { row_limit: Some(1), ..order.of(statement::marked(statement, mark)) }
    }

    fn made(self, id: String) -> Self {
        Self { id: id.into(), provider_config: level::settled(self.provider_config.clone()), ..self }
    }
}

impl Resource for SqlStatement {
    const NAME: &'static str = "databricks_sql_statement";
    const EXAMPLE: &'static str = r#"resource "databricks_sql_endpoint" "example" {
  name           = "example statements"
  cluster_size   = "2X-Small"
  auto_stop_mins = 10
}

resource "databricks_sql_statement" "example" {
  warehouse_id      = databricks_sql_endpoint.example.id
  statement         = "CREATE CATALOG terraform_example COMMENT 'An example'"
  destroy_statement = "DROP CATALOG terraform_example CASCADE"
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("DROP CATALOG", "DROP CATALOG IF EXISTS"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("'An example'", "'Another'"));
    const IMPORT_ID: Option<&'static str> = None;
    const REMOVAL: Removal = Removal::History;
    const TIMEOUTS: Timeouts = Timeouts::minutes(60);

    type Client = AnyWorkspace;

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |object| &object.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = &level::call(cx, &plan.provider_config).await?;
        let body = plan.body(plan.statement.text(), &cx.marker().id, &plan.parameters);
        let ran = statement::run(cx, &body, None).await?;
        Ok(plan.made(ran.statement_id))
    }

    async fn find(cx: &Call<AnyWorkspace>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let cx = &level::call(cx, &plan.provider_config).await?;
        let found = statement::find(cx, plan.warehouse_id.text(), &marker.id, marker.since).await?;
        Ok(found.map(|id| plan.clone().made(id)))
    }

    async fn read(_: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        Ok(Some(state))
    }

    /// What can change runs nothing.
    async fn update(_: &Call<AnyWorkspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Ok(Self { id: state.id, provider_config: state.provider_config, ..plan })
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let Some(statement) = state.destroy_statement.known() else { return Ok(()) };
        let cx = &level::call(cx, &state.provider_config).await?;
        // A destroy that was killed may have run it.
        let mark = format!("destroy of {}", state.id.text());
        let since = Timestamp::now().saturating_sub(HISTORY)?;
        if statement::find(cx, state.warehouse_id.text(), &mark, since).await?.is_none() {
            run_at_destroy(cx, &state.body(statement, &mark, &Attr::Null)).await?;
        }
        Ok(())
    }
}

async fn run_at_destroy(cx: &Call<Workspace>, body: &ExecuteStatement) -> Result<()> {
    let ran = statement::run(cx, body, None).await;
    ran.map(drop).map_err(|error| {
        let way_out = "It runs when the resource is destroyed. Correct it and apply before you destroy, or remove it, so that nothing runs.";
        error.also(way_out).at("destroy_statement")
    })
}
