//! databricks_mws_private_access_settings: who may reach a workspace, through PrivateLink and without it.
//! API: <https://docs.databricks.com/api/account/privateaccess>

use crate::rest::prelude::*;

/// Private access settings: which VPC endpoints reach the workspaces that use them, and whether the public internet does.
///
/// They cannot be detached from a workspace once it has them, only changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsPrivateAccessSettings {
    /// `account_id/private_access_settings_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state().deprecated("The provider's own account is used.")))]
    pub account_id: Attr<String>,
    /// Name of the settings, as the account console shows it.
    #[schemars(length(min = 4, max = 256), extend("x-tf" = REQUIRED))]
    pub private_access_settings_name: Attr<String>,
    /// Region of the workspaces that use them.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub region: Attr<String>,
    /// Whether the workspaces can be reached from the public internet too. They cannot where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub public_access_enabled: Attr<bool>,
    /// `ACCOUNT`: every registered VPC endpoint of the account has access. `ENDPOINT`: those of `allowed_vpc_endpoint_ids`.
    #[schemars(
        regex(pattern = "(?i)^(ACCOUNT|ENDPOINT)$"),
        extend("x-tf" = OPTIONAL.default("\"ACCOUNT\"").ignores_case())
    )]
    pub private_access_level: Attr<String>,
    /// Ids of the registrations of VPC endpoints that have access at the level `ENDPOINT`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub allowed_vpc_endpoint_ids: Attr<Vec<String>>,
    /// Id of the settings.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub private_access_settings_id: Attr<String>,
}

impl Rest for MwsPrivateAccessSettings {
    const NAME: &'static str = "databricks_mws_private_access_settings";
    const NOUN: &'static str = "private access settings";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_private_access_settings" "example" {
  private_access_settings_name = "example"
  region                       = "eu-west-1"
  public_access_enabled        = true
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("true", "false"));
    const API: Api = Api::collection("/private-access-settings", "account_id/private_access_settings_id").put();

    type Client = Account;
}
