//! The data source databricks_service_principals: all of the account or of a workspace, or those whose name has a part.
//! API: <https://docs.databricks.com/api/workspace/serviceprincipals/list>

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, DataSource, OPTIONAL, OPTIONAL_COMPUTED, Result, Set};

use super::scim::Kind;
use super::service_principal_lookup::ServicePrincipalLookup;
use crate::clients::Either;
use crate::level::{self, ProviderConfig};

/// The service principals of the account, or of a workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServicePrincipals {
    /// What their names contain, or `all`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// Only those whose names contain this, in whatever case.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub display_name_contains: Attr<String>,
    /// Application id of each.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub application_ids: Attr<Set<String>>,
    /// Each of them, by name.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub service_principals: Attr<Vec<ListedServicePrincipal>>,
    /// The level at which they are looked up: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL))]
    pub api: Attr<String>,
    /// The workspace, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// One of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListedServicePrincipal {
    /// Id of the service principal, a number.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// The same id.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub scim_id: Attr<String>,
    /// The same id.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub sp_id: Attr<String>,
    /// Application id.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub application_id: Attr<String>,
    /// Name, as people see it.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub display_name: Attr<String>,
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
    /// Name in access control rules.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub acl_principal_id: Attr<String>,
}

impl From<ServicePrincipalLookup> for ListedServicePrincipal {
    fn from(of: ServicePrincipalLookup) -> Self {
        Self {
            id: of.id,
            scim_id: of.scim_id,
            sp_id: of.sp_id,
            application_id: of.application_id,
            display_name: of.display_name,
            external_id: of.external_id,
            active: of.active,
            home: of.home,
            repos: of.repos,
            acl_principal_id: of.acl_principal_id,
        }
    }
}

impl DataSource for ServicePrincipals {
    const NAME: &'static str = "databricks_service_principals";
    const EXAMPLE: &'static str = r#"data "databricks_service_principals" "example" {
  display_name_contains = "pipeline"
}
"#;

    type Client = Either;

    async fn read(cx: &Call<Either>, config: Self) -> Result<Self> {
        let client = &level::client(cx.client(), &config.api, &config.provider_config).await?;
        let part = config.display_name_contains.text();
        let mut found = match part {
            "" => Kind::ServicePrincipal.all(client, "").await?,
            part => Kind::ServicePrincipal.having(client, "displayName co", part).await?,
        };
        found.sort_by(|one, other| (&one.display_name, &one.id).cmp(&(&other.display_name, &other.id)));
        Ok(Self {
            id: if part.is_empty() { "all".into() } else { part.into() },
            application_ids: found.iter().map(|one| one.application_id.clone()).collect::<Set<_>>().into(),
            service_principals: found
                .into_iter()
                .map(|one| ServicePrincipalLookup::told(one).into())
                .collect::<Vec<_>>()
                .into(),
            provider_config: level::settled(config.provider_config.clone()),
            ..config
        })
    }
}
