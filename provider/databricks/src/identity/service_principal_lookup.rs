//! The data source databricks_service_principal: one of the account or of a workspace, by application id, name or id.
//! API: <https://docs.databricks.com/api/workspace/serviceprincipals/list>

use databricks::api::identity::Principal as Api;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, DataSource, Diagnostic, Error, OPTIONAL, OPTIONAL_COMPUTED, Result, one_of};

use super::scim::{self, Kind};
use super::text;
use crate::clients::Either;
use crate::level::{self, ProviderConfig};

/// A service principal of the account, or of a workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServicePrincipalLookup {
    /// Id of the service principal, a number.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// Id by which it is looked up.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    pub scim_id: Attr<String>,
    /// Application id by which it is looked up.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    pub application_id: Attr<String>,
    /// Name by which it is looked up. Several may have one name, which is an error.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    pub display_name: Attr<String>,
    /// Id of the service principal again.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub sp_id: Attr<String>,
    /// Id in an external identity provider.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub external_id: Attr<String>,
    /// Whether it may log in.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub active: Attr<bool>,
    /// Home folder in a workspace.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub home: Attr<String>,
    /// Folder of Git folders in a workspace.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub repos: Attr<String>,
    /// Name in access control rules: `servicePrincipals/` and the application id.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub acl_principal_id: Attr<String>,
    /// The level at which it is looked up: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL))]
    pub api: Attr<String>,
    /// The workspace, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl ServicePrincipalLookup {
    /// What the service tells of one.
    pub(super) fn told(found: Api) -> Self {
        let application_id = found.application_id;
        Self {
            scim_id: found.id.clone().into(),
            sp_id: found.id.clone().into(),
            id: found.id.into(),
            display_name: text(found.display_name),
            external_id: scim::external_id(&found.external_id),
            active: found.active.unwrap_or(true).into(),
            home: format!("/Users/{application_id}").into(),
            repos: format!("/Repos/{application_id}").into(),
            acl_principal_id: format!("servicePrincipals/{application_id}").into(),
            application_id: application_id.into(),
            ..Self::default()
        }
    }
}

impl DataSource for ServicePrincipalLookup {
    const NAME: &'static str = "databricks_service_principal";
    const EXAMPLE: &'static str = r#"resource "databricks_service_principal" "example" {
  display_name             = "to be looked up"
  disable_as_user_deletion = false
}

data "databricks_service_principal" "example" {
  application_id = databricks_service_principal.example.application_id
}
"#;

    type Client = Either;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let set = [config.application_id.is_set(), config.display_name.is_set(), config.scim_id.is_set()];
        let error = || {
            Error::new("A service principal is looked up by one thing")
                .detail("Set one of application_id, display_name and scim_id.")
        };
        one_of(set).err().map(|_| error().into()).into_iter().collect()
    }

    async fn read(cx: &Call<Either>, config: Self) -> Result<Self> {
        let client = &level::client(cx.client(), &config.api, &config.provider_config).await?;
        let kind = Kind::ServicePrincipal;
        let found = match (config.scim_id.known(), config.application_id.known()) {
            (Some(id), _) => kind.of_id(client, id).await?,
            (None, Some(id)) => kind.only(client, kind.login(), id).await?,
            (None, None) => kind.only(client, "displayName", config.display_name.text()).await?,
        };
        let told = Self::told(found);
        Ok(Self {
            // As it was written, in whatever case.
            display_name: config.display_name.into_known().map_or(told.display_name, Attr::Known),
            application_id: config.application_id.into_known().map_or(told.application_id, Attr::Known),
            api: config.api,
            provider_config: level::settled(config.provider_config),
            ..told
        })
    }
}
