//! What agents can ask for.

use std::time::Duration;

use databricks::Client;
use databricks::api::clusters::{self as api_clusters, ListedCluster};
use databricks::api::statements::ExecuteStatement;
use databricks::api::warehouses::{self, Warehouse};
use databricks::sql_text::is_read_only;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ContentBlock, Implementation, ServerCapabilities, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::job_logs;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::sql::result::{self, Sink, each_row};
use crate::sql::row::Row;
use crate::sql::statement;
use crate::sql::writers::{Json, Writer};
use crate::workspace::{clusters, refused, warehouses as named};

/// Rows of a statement that asks for no number.
const ROWS: u32 = 100;
/// The most rows that an agent gets.
const MOST_ROWS: u32 = 1_000;
/// The most bytes of rows.
const MOST_BYTES: usize = 1024 * 1024;
/// Clusters and warehouses in a list.
const MOST_LISTED: usize = 500;

/// How long what still runs is ended after the agent has gone.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// A workspace, as an agent sees it.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    client: Client,
    warehouse: Option<String>,
    /// Statements run in tasks of their own: they are to be cancelled when nobody waits for them any more.
    statements: TaskTracker,
    gone: CancellationToken,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Named {
    /// The cluster's id or name.
    cluster: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Statement {
    /// One SQL statement of Databricks SQL that only reads: SELECT, WITH … SELECT, SHOW, DESCRIBE or EXPLAIN.
    statement: String,
    /// The SQL warehouse, by its id or name.
    warehouse: Option<String>,
    /// Catalog of names that have none.
    catalog: Option<String>,
    /// Schema of names that have none.
    schema: Option<String>,
    /// How many rows are wanted: 100 by default, and 1000 at most.
    max_rows: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct JobLogs {
    /// The job's id, the beginning of it, its key, or its name.
    job: String,
    /// How many bytes of the end of each log are wanted: 16384 by default, and 262144 at most.
    max_bytes: Option<u32>,
}

impl Tools {
    pub(super) fn new(client: Client, warehouse: Option<String>) -> Self {
        Self { client, warehouse, statements: TaskTracker::new(), gone: CancellationToken::new() }
    }

    /// Ends what still runs: the agent has gone.
    pub(super) async fn end(&self) {
        self.gone.cancel();
        self.statements.close();
        if tokio::time::timeout(LAST_WORDS, self.statements.wait()).await.is_err() {
            tracing::warn!("a statement may go on");
        }
    }
}

/// What an agent is told.
fn answered(answer: Result<Value>) -> CallToolResult {
    match answer {
        Ok(value) => CallToolResult::structured(value),
        Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]),
    }
}

#[tool_router]
impl Tools {
    #[tool(
        description = "Who is signed in to the Databricks workspace, and which workspace that is.",
        annotations(read_only_hint = true)
    )]
    async fn whoami(&self) -> CallToolResult {
        answered(self.me().await)
    }

    #[tool(
        description = "The clusters of the workspace: id, name, state, node type, workers.",
        annotations(read_only_hint = true)
    )]
    async fn list_clusters(&self) -> CallToolResult {
        answered(self.clusters().await)
    }

    #[tool(description = "One cluster, as the Databricks API describes it.", annotations(read_only_hint = true))]
    async fn get_cluster(&self, Parameters(Named { cluster }): Parameters<Named>) -> CallToolResult {
        answered(self.cluster(&cluster).await)
    }

    #[tool(
        description = "The SQL warehouses of the workspace: id, name, state, size.",
        annotations(read_only_hint = true)
    )]
    async fn list_warehouses(&self) -> CallToolResult {
        answered(self.warehouses().await)
    }

    #[tool(
        description = "Runs one SQL statement that only reads, on a SQL warehouse, which is started if it is stopped. The rows are objects.",
        annotations(read_only_hint = true)
    )]
    async fn run_sql(
        &self,
        Parameters(statement): Parameters<Statement>,
        context: RequestContext<RoleServer>,
    ) -> CallToolResult {
        let unwanted = self.gone.child_token();
        let _unless_it_ends = unwanted.clone().drop_guard();
        let tools = self.clone();
        let running = self.statements.spawn(async move { tools.sql(statement, &unwanted).await });
        answered(tokio::select! {
            ended = running => ended.unwrap_or_else(|error| Err(Error::new("the statement was lost").caused_by(error))),
            () = context.ct.cancelled() => Err(Error::new("the statement is cancelled")),
        })
    }

    #[tool(
        description = "The end of the logs of a job that was started with `tunnel job submit`.",
        annotations(read_only_hint = true)
    )]
    async fn job_logs(&self, Parameters(asked): Parameters<JobLogs>) -> CallToolResult {
        answered(job_logs::tail(&asked.job, asked.max_bytes).await)
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("tunnel", env!("CARGO_PKG_VERSION")))
            .with_instructions("Looks into one Databricks workspace, and changes nothing in it.")
    }
}

impl Tools {
    async fn me(&self) -> Result<Value> {
        let doing = "cannot sign in";
        let me = self.client.me().await.map_err(|error| refused(error, doing))?;
        let workspace_id = self.client.workspace_id().await.map_err(|error| refused(error, doing))?;
        let host = self.client.host().as_str().trim_end_matches('/');
        Ok(json!({"user_name": me.user_name, "host": host, "workspace_id": workspace_id}))
    }

    async fn clusters(&self) -> Result<Value> {
        let mut pages = api_clusters::pages(&self.client);
        let mut all = Vec::new();
        while let Some(page) = pages.next().await.map_err(|error| refused(error, "cannot list the clusters"))? {
            all.extend(page.into_iter().map(|cluster: ListedCluster| {
                json!({
                    "cluster_id": cluster.cluster_id,
                    "cluster_name": cluster.cluster_name,
                    "state": cluster.state.as_str(),
                    "node_type_id": cluster.node_type_id,
                    "num_workers": cluster.num_workers,
                })
            }));
            if all.len() >= MOST_LISTED {
                break;
            }
        }
        let is_truncated = all.len() >= MOST_LISTED;
        all.truncate(MOST_LISTED);
        Ok(json!({"clusters": all, "truncated": is_truncated}))
    }

    async fn cluster(&self, wanted: &str) -> Result<Value> {
        let found = clusters::find(&self.client, wanted).await?;
        let raw = api_clusters::get(&self.client, &found.cluster_id).await;
        raw.map_err(|error| refused(error, "cannot look at the cluster"))
    }

    async fn warehouses(&self) -> Result<Value> {
        let all: Vec<Warehouse> =
            warehouses::list(&self.client).await.map_err(|error| refused(error, "cannot list the warehouses"))?;
        let is_truncated = all.len() > MOST_LISTED;
        let row = |one: &Warehouse| json!({"id": one.id, "name": one.name, "state": one.state.as_str(), "cluster_size": one.cluster_size});
        let all: Vec<Value> = all.iter().take(MOST_LISTED).map(row).collect();
        Ok(json!({"warehouses": all, "truncated": is_truncated}))
    }

    async fn sql(&self, asked: Statement, unwanted: &CancellationToken) -> Result<Value> {
        if !is_read_only(&asked.statement) {
            return Err(Error::new("the statement is not run: it may write")
                .way_out("SELECT, WITH … SELECT, SHOW, DESCRIBE and EXPLAIN are run, one at a time."));
        }
        let named = asked.warehouse.or_else(|| self.warehouse.clone());
        let warehouse_id = named::chosen(&self.client, named.as_deref()).await?;
        let limit = asked.max_rows.unwrap_or(ROWS).clamp(1, MOST_ROWS);
        let body = ExecuteStatement {
            catalog: asked.catalog.unwrap_or_default(),
            schema: asked.schema.unwrap_or_default(),
            row_limit: Some(limit.into()),
            ..statement::request(&warehouse_id, &asked.statement, statement::ROWS)
        };
        let submitted = statement::submit(&self.client, body).await?;
        let (id, progress) = (submitted.statement_id.clone(), Progress::default());
        let ended = tokio::select! {
            biased;
            () = unwanted.cancelled() => {
                statement::cancel(&self.client, &id).await;
                return Err(Error::new("the statement is cancelled"));
            }
            ended = statement::wait(&self.client, submitted, &warehouse_id, &progress) => ended?,
        };
        let succeeded = statement::succeeded(ended, &asked.statement)?;
        let is_truncated = result::is_truncated(&succeeded);
        let mut rows = Rows { writer: Json::lines(result::columns(&succeeded)), lines: Vec::new(), is_full: false };
        each_row(&self.client, succeeded, &mut rows).await?;
        let lines = rows.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let values = lines.map(serde_json::from_slice).collect::<std::result::Result<Vec<Value>, _>>();
        let values = values.map_err(|error| Error::new("the result cannot be read").caused_by(error))?;
        Ok(json!({"rows": values, "truncated": is_truncated || rows.is_full}))
    }
}

/// The rows that an agent gets, a line of JSON each.
struct Rows {
    writer: Json,
    lines: Vec<u8>,
    is_full: bool,
}

impl Sink for Rows {
    fn row(&mut self, row: &Row) -> Result<()> {
        self.is_full |= self.lines.len() + row.size() > MOST_BYTES;
        if !self.is_full {
            self.writer.row(row, &mut self.lines);
        }
        Ok(())
    }
}
