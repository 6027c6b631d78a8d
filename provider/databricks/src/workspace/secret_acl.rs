//! databricks_secret_acl. API: <https://docs.databricks.com/api/workspace/secrets>
//!
//! No `Rest`: scope and principal are its key, and a put of any permission makes and changes it.

use std::time::Duration;

use databricks::api::secrets;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, Failed, ID, OPTIONAL_COMPUTED, Planning, Probe, REQUIRED, Resource, Result};

use super::of_scope;
use crate::clients::AnyWorkspace;
use crate::level::{self, ProviderConfig};

/// What a user, group or service principal may do in a secret scope.
///
/// `MANAGE` of the provider's own user or service principal stays when it is destroyed: without it, nobody could remove the scope.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SecretAcl {
    /// `scope|||principal`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the scope.
    #[schemars(
        regex(pattern = r"^[0-9A-Za-z_.@/-]{1,128}$"),
        extend("x-form" = "1 to 128 letters, digits, _, -, @, . and /"),
        extend("x-tf" = REQUIRED.replaces())
    )]
    pub scope: Attr<String>,
    /// User name of a user, application id of a service principal, or name of a group.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
    pub principal: Attr<String>,
    /// `READ`, `WRITE` or `MANAGE`. Each includes the one before.
    #[schemars(extend("enum" = ["READ", "WRITE", "MANAGE"], "x-tf" = REQUIRED))]
    pub permission: Attr<String>,
    /// The workspace that the scope belongs to.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl Resource for SecretAcl {
    const NAME: &'static str = "databricks_secret_acl";
    const EXAMPLE: &'static str = r#"resource "databricks_service_principal" "example" {
  display_name = "example reader"
}

resource "databricks_secret_scope" "example" {
  name = "example-acl"
}

resource "databricks_secret_acl" "example" {
  scope      = databricks_secret_scope.example.name
  principal  = databricks_service_principal.example.application_id
  permission = "READ"
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"READ\"", "\"WRITE\""));
    const IMPORT_ID: Option<&'static str> = Some("scope|||principal");

    type Client = AnyWorkspace;

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |acl| &acl.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        let (scope, principal) = (plan.scope.text(), plan.principal.text());
        secrets::put_acl(cx.client(), scope, principal, plan.permission.text()).await?;
        let id = of_scope::id(scope, principal).into();
        Ok(Self { id, provider_config: level::settled(plan.provider_config.clone()), ..plan })
    }

    /// What was put is there a while later (issue 4195 of the official provider).
    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        let cx = level::call(cx, &state.provider_config).await?;
        let (start, most) = (Duration::from_millis(200), Duration::from_secs(5));
        cx.poll("the permission to be listed", start, most, async || {
            let found = secrets::permission(cx.client(), state.scope.text(), state.principal.text(), false).await?;
            Ok(match found {
                Some(found) if found == state.permission.text() => Probe::Done(()),
                found => Probe::Waiting(found.unwrap_or_else(|| "none".into())),
            })
        })
        .await?;
        Ok(state)
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let cx = level::call(cx, &state.provider_config).await?;
        let (scope, principal) = of_scope::parts("secret ACL", Self::IMPORT_ID, state.id.text())?;
        let found = secrets::permission(cx.client(), &scope, &principal, true).await?;
        Ok(found.map(|permission| Self {
            scope: scope.into(),
            principal: principal.into(),
            permission: permission.into(),
            provider_config: level::settled(state.provider_config.clone()),
            ..state
        }))
    }

    async fn update(cx: &Call<AnyWorkspace>, _: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Self::create(cx, plan).await
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let cx = level::call(cx, &state.provider_config).await?;
        let (scope, principal) = of_scope::parts("secret ACL", Self::IMPORT_ID, state.id.text())?;
        if state.permission.text() == "MANAGE" && cx.client().me().await?.user_name == principal {
            tracing::warn!(scope, "the own permission to manage the scope stays");
            return Ok(());
        }
        Ok(secrets::delete_acl(cx.client(), &scope, &principal).await?)
    }
}
