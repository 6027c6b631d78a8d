//! Which workspaces see what is isolated. API: <https://docs.databricks.com/api/workspace/workspacebindings>

use databricks::Request;
use serde_json::json;
use tfplugin::{Attr, Result};

use crate::level::{self, ProviderConfig};

/// Binds what is isolated to the workspace that it is made in: who isolates it goes on seeing it.
pub(super) async fn bind(
    provider: &databricks::Client,
    config: &Attr<ProviderConfig>,
    securable: &str,
    name: &str,
) -> Result<()> {
    let client = level::workspace(provider, config).await?;
    let id: i64 = client.workspace_id().await?.parse().unwrap_or_default();
    let binding = json!({ "workspace_id": id, "binding_type": "BINDING_TYPE_READ_WRITE" });
    let path = format!("/api/2.1/unity-catalog/bindings/{securable}/{}", databricks::segment(name));
    Ok(client.send(Request::patch(path).json(&json!({ "add": [binding] }))?).await?)
}
