//! databricks_metastore. API: <https://docs.databricks.com/api/account/metastores>, and the same at a workspace's host.

use tfplugin::{Planning, Result, reconcile};

use crate::rest::Of;
use crate::rest::prelude::*;

/// A metastore of Unity Catalog: what holds the catalogs, storage credentials and external locations of a region.
///
/// An account has one in each region, which Databricks makes for newer accounts by itself: then import it, or do without this resource.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Metastore {
    /// Id of the metastore.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the metastore.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.ignores_case()))]
    pub name: Attr<String>,
    /// Region of the metastore: the workspace's, where the provider is configured for one.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub region: Attr<String>,
    /// Address of the managed tables and volumes of catalogs that have none of their own. The service adds the metastore's id. A change
    /// makes another metastore.
    #[schemars(extend("x-tf" = OPTIONAL.ignores_final_slash()))]
    pub storage_root: Attr<String>,
    /// Id of the storage credential for `storage_root`.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub storage_root_credential_id: Attr<String>,
    /// Name of the storage credential for `storage_root`. The service says it.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub storage_root_credential_name: Attr<String>,
    /// Id of the credential that was the default. The service says it.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub default_data_access_config_id: Attr<String>,
    /// User, group or service principal that owns the metastore: its creator, where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub owner: Attr<String>,
    /// Version of how privileges are inherited: `1.0`.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub privilege_model_version: Attr<String>,
    /// With whom data is shared by Delta Sharing: `INTERNAL` is the own account.
    #[schemars(extend("enum" = ["INTERNAL", "INTERNAL_AND_EXTERNAL"], "x-tf" = OPTIONAL.service_default()))]
    pub delta_sharing_scope: Attr<String>,
    /// Seconds that tokens of recipients live; 0 for ever.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL.default("31536000").service_default()))]
    pub delta_sharing_recipient_token_lifetime_in_seconds: Attr<i64>,
    /// Name of the organization that recipients see.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub delta_sharing_organization_name: Attr<String>,
    /// Whether other systems may read the data by credentials of Unity Catalog.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub external_access_enabled: Attr<bool>,
    /// Whether a destroy takes all that is in the metastore along.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_destroy: Attr<bool>,
    /// Through what it is made: `account` or `workspace`. The provider's own level where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL.unsent()))]
    pub api: Attr<String>,
    /// `aws`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub cloud: Attr<String>,
    /// Name of the metastore that all accounts know.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub global_metastore_id: Attr<String>,
    /// Id of the metastore.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub metastore_id: Attr<String>,
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
    /// The workspace through which the metastore is reached, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// Whether the service tells `told` where `configured` was asked for: with the metastore's id behind it.
fn is_root(told: &str, configured: &str, id: &str) -> bool {
    told.strip_prefix(configured.trim_end_matches('/'))
        .is_some_and(|rest| rest.trim_matches('/') == id || rest == "/" || rest.is_empty())
}

impl Rest for Metastore {
    const NAME: &'static str = "databricks_metastore";
    const NOUN: &'static str = "metastore";
    const EXAMPLE: &'static str = r#"resource "databricks_metastore" "example" {
  name         = "example"
  region       = "eu-west-1"
  storage_root = "s3://example-metastore/root"
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("  region ", "  delta_sharing_organization_name = \"Example\"\n  region "));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("example-metastore", "another-metastore"));
    const API: Api = Api::collection("/api/2.1/unity-catalog/metastores", "metastore_id")
        .at_account_in("/metastores", "metastore_info")
        .patch()
        .renamed_as("name", "new_name")
        .later(&[
            "owner",
            "privilege_model_version",
            "delta_sharing_scope",
            "delta_sharing_recipient_token_lifetime_in_seconds",
            "delta_sharing_organization_name",
            "storage_root_credential_id",
        ])
        .unsent(&["default_data_access_config_id", "storage_root_credential_name"])
        .forced_by("force_destroy")
        .items("metastores")
        .created("created_at");
    type Client = Either;

    /// The service's own spelling of the root is no change of it; any other root is another metastore.
    fn plan(planning: &mut Planning<'_, Of<Self>>) -> Result<()> {
        let Some(prior) = planning.prior else { return Ok(()) };
        let planned = &planning.planned.storage_root;
        if planned == &prior.storage_root || planned.is_unknown() {
            return Ok(());
        }
        let is_same = is_root(prior.storage_root.text(), planned.text(), prior.id.text()) && planned.is_known();
        if is_same {
            let planned = &mut *planning.planned;
            planned.storage_root = prior.storage_root.clone();
            if reconcile::changed(&**prior, &**planned, None)?.is_empty() {
                planned.updated_at = prior.updated_at.clone();
                planned.updated_by = prior.updated_by.clone();
            }
        } else {
            planning.replaces.push("storage_root".into());
        }
        Ok(())
    }

    /// The root as it is configured: without the id that the service puts behind it.
    fn completed(known: &Self, seen: Self) -> Self {
        let (told, id) = (seen.storage_root.text(), seen.metastore_id.text());
        let storage_root = match known.storage_root.known() {
            Some(configured) if is_root(told, configured, id) => configured.as_str().into(),
            Some(_) => seen.storage_root.clone(),
            None => seen.storage_root.clone().map(|root| root.trim_end_matches(&format!("/{id}")).to_owned()),
        };
        Self { storage_root, ..seen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_told_with_the_id_behind_it() {
        for (told, configured, expected) in [
            ("s3://a/b/7", "s3://a/b", true),
            ("s3://a/b/7", "s3://a/b/", true),
            ("s3://a/b", "s3://a/b", true),
            ("s3://a/b/7", "s3://a", false),
            ("s3://a/b/8", "s3://a/b", false),
            ("s3://a/bb/7", "s3://a/b", false),
        ] {
            assert_eq!(is_root(told, configured, "7"), expected, "{told} {configured}");
        }
    }
}
