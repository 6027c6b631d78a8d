//! databricks_token_revoke: a personal access token that ends now. API: <https://docs.databricks.com/api/workspace/tokens/delete>

use databricks::api::tokens;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Progress, REQUIRED, Result};

use crate::clients::Workspace;

/// Revokes a personal access token of whoever the provider is logged in as. One that is gone already is left as it is.
///
/// A `databricks_token` of a state whose token was revoked is issued anew by the next apply: that resets it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct TokenRevoke {
    /// Id of the token, which is not the token itself.
    #[schemars(regex(pattern = "^[0-9A-Za-z]+$"), extend("x-tf" = REQUIRED))]
    pub token_id: Attr<String>,
}

impl Action for TokenRevoke {
    const NAME: &'static str = "databricks_token_revoke";
    const EXAMPLE: &'static str = r#"action "databricks_token_revoke" "example" {
  config {
    token_id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }
}

resource "terraform_data" "example" {
  input = "incident 7"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_token_revoke.example]
    }
  }
}
"#;

    type Client = Workspace;

    async fn invoke(cx: &Call<Workspace>, progress: &Progress, config: Self) -> Result<()> {
        let id = config.token_id.text();
        let was_there = tokens::revoke(cx.client(), id).await?;
        progress.say(format!("The token {id} is {}", if was_there { "revoked" } else { "gone already" })).await;
        Ok(())
    }
}
