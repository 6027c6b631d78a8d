//! databricks_service_principal_secret_revoke: an OAuth secret that ends now.
//! API: <https://docs.databricks.com/api/account/serviceprincipalsecrets/delete>

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Progress, REQUIRED, Result};

use crate::clients::Either;
use crate::identity::service_principal_secret::revoke;

/// Revokes an OAuth secret of a service principal. One that is gone already is left as it is. Access tokens that were issued for it
/// hold until they expire, an hour at most.
///
/// A `databricks_service_principal_secret` of a state whose secret was revoked is issued anew by the next apply: that resets it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServicePrincipalSecretRevoke {
    /// Id of the service principal, a number.
    #[schemars(regex(pattern = "^[0-9]+$"), extend("x-tf" = REQUIRED))]
    pub service_principal_id: Attr<String>,
    /// Id of the secret, which is not the secret itself.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub secret_id: Attr<String>,
}

impl Action for ServicePrincipalSecretRevoke {
    const NAME: &'static str = "databricks_service_principal_secret_revoke";
    const EXAMPLE: &'static str = r#"action "databricks_service_principal_secret_revoke" "example" {
  config {
    service_principal_id = "1234567890123456"
    secret_id            = "0e1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b"
  }
}

resource "terraform_data" "example" {
  input = "incident 7"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_service_principal_secret_revoke.example]
    }
  }
}
"#;

    type Client = Either;

    async fn invoke(cx: &Call<Either>, progress: &Progress, config: Self) -> Result<()> {
        let id = config.secret_id.text();
        let was_there = revoke(cx.client(), config.service_principal_id.text(), id).await?;
        progress.say(format!("The secret {id} is {}", if was_there { "revoked" } else { "gone already" })).await;
        Ok(())
    }
}
