//! databricks_mws_network_connectivity_config: how the serverless compute of workspaces reaches the customer's network.
//! API: <https://docs.databricks.com/api/account/networkconnectivity>

mod egress;

pub use egress::EgressConfig;

use crate::rest::prelude::*;

/// A network connectivity configuration: the stable addresses and private endpoints of serverless compute in a region.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsNetworkConnectivityConfig {
    /// `account_id/network_connectivity_config_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub account_id: Attr<String>,
    /// Name of the configuration: letters, digits, `-` and `_`.
    #[schemars(length(min = 3, max = 30), extend("x-tf" = REQUIRED.replaces()))]
    pub name: Attr<String>,
    /// Region of the workspaces that use it.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub region: Attr<String>,
    /// Id of the configuration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub network_connectivity_config_id: Attr<String>,
    /// What serverless compute connects to, and from which addresses.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub egress_config: Attr<Vec<EgressConfig>>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
    /// When it was changed, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub updated_time: Attr<i64>,
}

impl Rest for MwsNetworkConnectivityConfig {
    const NAME: &'static str = "databricks_mws_network_connectivity_config";
    const NOUN: &'static str = "network connectivity configuration";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_network_connectivity_config" "example" {
  name   = "example"
  region = "eu-west-1"
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("eu-west-1", "eu-west-2"));
    const API: Api =
        Api::collection("/network-connectivity-configs", "account_id/network_connectivity_config_id").items("items");

    type Client = Account;
}

impl One for MwsNetworkConnectivityConfig {
    const BY: &'static [&'static str] = &["name"];
    const LOOKUP: &'static str = r#"resource "databricks_mws_network_connectivity_config" "example" {
  name   = "example"
  region = "eu-west-1"
}

data "databricks_mws_network_connectivity_config" "example" {
  name = databricks_mws_network_connectivity_config.example.name
}
"#;
}

impl All for MwsNetworkConnectivityConfig {
    const LIST_NAME: &'static str = "databricks_mws_network_connectivity_configs";
    const LIST_EXAMPLE: &'static str = r#"data "databricks_mws_network_connectivity_configs" "example" {
  region = "eu-west-1"
}
"#;
    const LIST: List = List::names("name").by(&["region"]);
}
