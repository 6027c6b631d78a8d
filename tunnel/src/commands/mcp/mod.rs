//! `tunnel mcp`: what agents may look at in a workspace, over the Model Context Protocol on stdin and stdout. Nothing is changed.
//!
//! Reference: <https://modelcontextprotocol.io/specification>.

mod job_logs;
mod tools;

use clap::Args;
use rmcp::ServiceExt;

use crate::error::{Error, Result};
use crate::workspace::names;
use crate::workspace::selection::WorkspaceArgs;
use tools::Tools;

/// In which workspace, and what of it.
#[derive(Debug, Args)]
#[command(
    after_help = "It answers who is signed in, which clusters and warehouses there are, statements that only read, and the logs of jobs. It starts a \
stopped warehouse for a statement, and changes nothing else.

Examples:
  tunnel mcp --profile analytics --warehouse reports
  claude mcp add databricks -- tunnel mcp --profile analytics"
)]
pub struct McpArgs {
    /// In which workspace.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// The warehouse of statements that name none; by default as for sql.
    #[arg(long, short, value_name = "WAREHOUSE", add = names::warehouses())]
    pub warehouse: Option<String>,
}

/// Serves until stdin ends.
///
/// # Errors
/// When there is no workspace, or the client does not speak the protocol.
pub async fn run(args: McpArgs) -> Result<u8> {
    let tools = Tools::new(args.workspace.client()?, args.warehouse);
    let cannot = |error: String| Error::new(format!("the client does not speak the Model Context Protocol: {error}"));
    let service = tools.clone().serve(rmcp::transport::stdio()).await.map_err(|error| cannot(error.to_string()))?;
    let served = service.waiting().await;
    tools.end().await;
    served.map_err(|error| cannot(error.to_string()))?;
    Ok(0)
}
