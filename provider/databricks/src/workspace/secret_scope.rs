//! databricks_secret_scope. API: <https://docs.databricks.com/api/workspace/secrets>
//!
//! No `Rest`: an SSH endpoint has scopes too, so that the calls stand in `databricks::api::secrets`.

use std::time::Duration;

use databricks::api::secrets::{self, CreateScope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, Call, Failed, ID, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe, REQUIRED, Resource, Result,
};

use crate::clients::AnyWorkspace;
use crate::creation::uncreated;
use crate::level::{self, ProviderConfig};

/// A secret scope: a named place for secrets, with a list of who may read, write or manage it.
///
/// A destroy removes the scope with all secrets that are in it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SecretScope {
    /// The name.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the scope.
    #[schemars(
        regex(pattern = r"^[0-9A-Za-z_.@/-]{1,128}$"),
        extend("x-form" = "1 to 128 letters, digits, _, -, @, . and /"),
        extend("x-tf" = REQUIRED.replaces())
    )]
    pub name: Attr<String>,
    /// Who keeps the secrets: `DATABRICKS`, or `AZURE_KEYVAULT`.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub backend_type: Attr<String>,
    /// Who may manage the scope besides its creator: `users`, which is everybody. Only the creator where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().untold()))]
    pub initial_manage_principal: Attr<String>,
    /// The key vault that keeps the secrets, on Azure.
    #[schemars(extend("x-tf" = OPTIONAL.block().replaces()))]
    pub keyvault_metadata: Attr<KeyVault>,
    /// The workspace that the scope belongs to.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// A key vault of Azure.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct KeyVault {
    /// Id of the vault in Azure.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub resource_id: Attr<String>,
    /// Address of the vault.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub dns_name: Attr<String>,
}

impl SecretScope {
    fn body(&self) -> CreateScope {
        let vault = self.keyvault_metadata.known().map(|vault| secrets::KeyVault {
            resource_id: vault.resource_id.or_default(),
            dns_name: vault.dns_name.or_default(),
        });
        CreateScope {
            scope: self.name.or_default(),
            initial_manage_principal: self.initial_manage_principal.or_default(),
            scope_backend_type: self.backend_type.or_default(),
            backend_azure_keyvault: vault,
        }
    }

    /// With what the service tells of it.
    fn seen(self, found: secrets::SecretScope) -> Self {
        let vault = found
            .keyvault_metadata
            .map(|vault| KeyVault { resource_id: vault.resource_id.into(), dns_name: vault.dns_name.into() });
        Self {
            id: found.name.clone().into(),
            name: found.name.into(),
            backend_type: Some(found.backend_type).filter(|kind| !kind.is_empty()).into(),
            keyvault_metadata: vault.into(),
            provider_config: level::settled(self.provider_config),
            initial_manage_principal: self.initial_manage_principal,
        }
    }
}

impl Resource for SecretScope {
    const NAME: &'static str = "databricks_secret_scope";
    const EXAMPLE: &'static str = r#"resource "databricks_secret_scope" "example" {
  name = "example"
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("= \"example\"", "= \"another\""));
    const IMPORT_ID: Option<&'static str> = Some("name");
    const VERSION: i64 = 2;
    const UNMARKED: bool = true;

    type Client = AnyWorkspace;

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |scope| &scope.provider_config)
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        secrets::make_scope(cx.client(), &plan.body()).await.map_err(|error| match error.is_already_exists() {
            true => uncreated(error).exists(plan.name.text()),
            false => uncreated(error),
        })?;
        Ok(Self { id: plan.name.clone(), ..plan })
    }

    /// A part of the service may not list it yet.
    async fn ready(cx: &Call<AnyWorkspace>, state: Self) -> Result<Self> {
        let cx = level::call(cx, &state.provider_config).await?;
        let (start, most) = (Duration::from_millis(200), Duration::from_secs(5));
        let found = cx
            .poll("the scope to be listed", start, most, async || {
                Ok(match secrets::scope(cx.client(), state.id.text(), false).await? {
                    Some(found) => Probe::Done(found),
                    None => Probe::Waiting("not there".into()),
                })
            })
            .await?;
        Ok(state.seen(found))
    }

    /// The name is the scope's key: whose it is nothing tells but the refusal of a second one.
    async fn find(cx: &Call<AnyWorkspace>, plan: &Self, _: &Marker) -> Result<Option<Self>> {
        let cx = level::call(cx, &plan.provider_config).await?;
        let found = secrets::scope(cx.client(), plan.name.text(), false).await?;
        Ok(found.map(|found| plan.clone().seen(found)))
    }

    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let cx = level::call(cx, &state.provider_config).await?;
        let found = secrets::scope(cx.client(), state.id.text(), true).await?;
        Ok(found.map(|found| state.seen(found)))
    }

    /// All that the service has replaces the scope.
    async fn update(_: &Call<AnyWorkspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let provider_config = level::settled(plan.provider_config.clone());
        Ok(Self { id: state.id, backend_type: state.backend_type, provider_config, ..plan })
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let cx = level::call(cx, &state.provider_config).await?;
        Ok(secrets::delete_scope(cx.client(), state.id.text()).await?)
    }
}
