//! databricks_catalog. API: <https://docs.databricks.com/api/workspace/catalogs>

use std::collections::BTreeMap;

use databricks::{IfExists, Request};
use tfplugin::{Call, Planning, Result};

use super::binding::bind;
use super::schema::Schema;
use crate::level;
use crate::rest::Of;
use crate::rest::prelude::*;

/// A catalog of Unity Catalog: the first of the three parts of a table's name.
///
/// The schema `default`, which the service makes in a new catalog, is removed: what stands in the catalog is what is configured. A
/// catalog that is `ISOLATED` is bound to the workspace that it is made in, without which it could not be read again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Catalog {
    /// Name of the catalog, in lower case.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the catalog.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.ignores_case()))]
    pub name: Attr<String>,
    /// Words about the catalog.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub comment: Attr<String>,
    /// User, group or service principal that owns the catalog: its creator, where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub owner: Attr<String>,
    /// Address of the managed tables and volumes: the metastore's where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().ignores_final_slash()))]
    pub storage_root: Attr<String>,
    /// Properties of the catalog.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub properties: Attr<BTreeMap<String, String>>,
    /// Options of a foreign catalog: `database`, for example.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Attr<BTreeMap<String, String>>,
    /// Connection to the database whose tables a foreign catalog shows.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().ignores_case()))]
    pub connection_name: Attr<String>,
    /// Provider of the share that the catalog shows.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().ignores_case()))]
    pub provider_name: Attr<String>,
    /// Share that the catalog shows.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().ignores_case()))]
    pub share_name: Attr<String>,
    /// Which workspaces see the catalog: `OPEN` is all of the metastore, `ISOLATED` those that it is bound to.
    #[schemars(extend("enum" = ["OPEN", "ISOLATED"], "x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub isolation_mode: Attr<String>,
    /// Whether the service optimizes tables by itself: `ENABLE`, `DISABLE`, or `INHERIT` from the metastore.
    #[schemars(extend("enum" = ["DISABLE", "ENABLE", "INHERIT"], "x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub enable_predictive_optimization: Attr<String>,
    /// Most hours that the tables keep what was removed.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub custom_max_retention_hours: Attr<i64>,
    /// How what is stored is encrypted.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub managed_encryption_settings: Attr<EncryptionSettings>,
    /// Whether a destroy takes all that is in the catalog along.
    #[schemars(extend("x-tf" = OPTIONAL.default("false").unsent()))]
    pub force_destroy: Attr<bool>,
    /// Whether only the metadata can be seen. The service alone says it.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub browse_only: Attr<bool>,
    /// Metastore of the catalog. The service alone says it: the workspace's.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub metastore_id: Attr<String>,
    /// What predictive optimization is in effect, and from where.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub effective_predictive_optimization_flag: Attr<PredictiveOptimization>,
    /// State of a catalog that takes a while to be made.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub provisioning_info: Attr<Provisioning>,
    /// Kind of the catalog: `MANAGED_CATALOG`, `FOREIGN_CATALOG`, `DELTASHARING_CATALOG` and others.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub catalog_type: Attr<String>,
    /// Name of the catalog, in lower case.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub full_name: Attr<String>,
    /// `CATALOG`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub securable_type: Attr<String>,
    /// Address below `storage_root` where the catalog's data is.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub storage_location: Attr<String>,
    /// When it was made, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub created_at: Attr<i64>,
    /// Who made it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub created_by: Attr<String>,
    /// When it was last changed, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub updated_at: Attr<i64>,
    /// Who changed it last.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub updated_by: Attr<String>,
    /// The workspace through which the catalog is reached.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// How what a catalog stores is encrypted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EncryptionSettings {
    /// Id of the customer-managed key of the account, on AWS and GCP.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub customer_managed_key_id: Attr<String>,
    /// Id of the key, on Azure.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub azure_key_vault_key_id: Attr<String>,
    /// Who reads the key, on Azure.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub azure_encryption_settings: Attr<AzureEncryptionSettings>,
}

/// Who reads a key on Azure.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AzureEncryptionSettings {
    /// Tenant of the key.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub azure_tenant_id: Attr<String>,
    /// Access connector.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub azure_cmk_access_connector_id: Attr<String>,
    /// Managed identity.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub azure_cmk_managed_identity_id: Attr<String>,
}

/// What predictive optimization is in effect.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct PredictiveOptimization {
    /// `ENABLE` or `DISABLE`.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub value: Attr<String>,
    /// Name of the object that it is inherited from.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub inherited_from_name: Attr<String>,
    /// Kind of that object: `CATALOG` or `METASTORE`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub inherited_from_type: Attr<String>,
}

/// State of what takes a while to be made.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Provisioning {
    /// `PROVISIONING`, `ACTIVE`, `FAILED` and others.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub state: Attr<String>,
}

impl Catalog {
    /// Whether the service keeps the data of the catalog, and not a share or a database elsewhere.
    fn is_managed(&self) -> bool {
        self.share_name.text().is_empty() && self.connection_name.text().is_empty()
    }
}

impl Rest for Catalog {
    const NAME: &'static str = "databricks_catalog";
    const NOUN: &'static str = "catalog";
    const EXAMPLE: &'static str = r#"resource "databricks_catalog" "example" {
  name    = "example"
  comment = "An example"
  properties = {
    purpose = "demo"
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("An example", "Another one"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("  properties = {", "  storage_root = \"s3://example-data/catalogs\"\n  properties = {"));
    const API: Api = Api::collection("/api/2.1/unity-catalog/catalogs", "name")
        .patch()
        .renamed_as("name", "new_name")
        .later(&["owner", "isolation_mode", "enable_predictive_optimization"])
        .unsent(&["browse_only", "metastore_id", "effective_predictive_optimization_flag", "provisioning_info"])
        .forced_by("force_destroy")
        .created("created_at");
    type Client = AnyWorkspace;

    fn plan(planning: &mut Planning<'_, Of<Self>>) -> Result<()> {
        if planning.prior.is_some_and(|prior| prior.name != planning.planned.name) {
            planning.planned.id = Attr::Unknown;
            planning.planned.full_name = Attr::Unknown;
        }
        Ok(())
    }

    /// As the official provider does: a `databricks_schema` may have the name `default`, and the catalog can be removed again.
    async fn made(cx: &Call<AnyWorkspace>, catalog: &Self) -> Result<()> {
        if !catalog.is_managed() {
            return Ok(());
        }
        let client = level::workspace(cx.client(), &catalog.provider_config).await?;
        let schema = Schema::API.one(&format!("{}.default", catalog.id.text()));
        client.send::<()>(Request::delete(schema)).await.if_exists()?;
        Ok(())
    }

    /// Who isolates a catalog goes on seeing it.
    async fn ready(cx: &Call<AnyWorkspace>, catalog: Self) -> Result<Self> {
        if catalog.isolation_mode.text() == "ISOLATED" {
            bind(cx.client(), &catalog.provider_config, "catalog", catalog.id.text()).await?;
        }
        Ok(catalog)
    }
}
