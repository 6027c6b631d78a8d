//! databricks_mws_ncc_private_endpoint_rule: a private endpoint of serverless compute.
//! API: <https://docs.databricks.com/api/account/networkconnectivity/createprivateendpointrule>

use serde_json::Value as Json;

use crate::rest::prelude::*;

/// APIs of Google.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GoogleApiEndpoints {
    /// Names of the APIs.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub endpoints: Attr<Vec<String>>,
}

/// An endpoint of Google Cloud.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GcpEndpoint {
    /// Service attachment that it connects to.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub service_attachment: Attr<String>,
    /// Whether it connects to all services that VPC service controls protect.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub all_vpc_sc_services: Attr<bool>,
    /// APIs of Google that it connects to.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub google_api_endpoints: Attr<GoogleApiEndpoints>,
    /// Address of the endpoint.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub psc_endpoint_uri: Attr<String>,
}

/// A private endpoint from the serverless compute of a network connectivity configuration to S3 or to a service of one's own.
///
/// The connection to a service of one's own is to be accepted there; until then `connection_state` is `PENDING`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsNccPrivateEndpointRule {
    /// `network_connectivity_config_id/rule_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Network connectivity configuration that it belongs to.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub network_connectivity_config_id: Attr<String>,
    /// Endpoint service that it connects to, on AWS: `com.amazonaws.eu-west-1.s3`, or the name of one's own.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub endpoint_service: Attr<String>,
    /// Buckets that go through the endpoint, where the service is S3.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub resource_names: Attr<Vec<String>>,
    /// Domain names that go through the endpoint, where the service is one's own.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub domain_names: Attr<Vec<String>>,
    /// Whether it is in use.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    pub enabled: Attr<bool>,
    /// Resource that it connects to, on Azure.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub resource_id: Attr<String>,
    /// Sub-resource that it connects to, on Azure.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub group_id: Attr<String>,
    /// The endpoint, on Google Cloud.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub gcp_endpoint: Attr<GcpEndpoint>,
    /// Id of the rule.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub rule_id: Attr<String>,
    /// Databricks account.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub account_id: Attr<String>,
    /// State of the connection: `PENDING`, `ESTABLISHED`, `REJECTED`, `DISCONNECTED`, `EXPIRED` and others.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub connection_state: Attr<String>,
    /// Why it is not connected.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub error_message: Attr<String>,
    /// Whether it waits for its removal.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub deactivated: Attr<bool>,
    /// Since when it waits for its removal, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub deactivated_at: Attr<i64>,
    /// Name of the endpoint, on Azure.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub endpoint_name: Attr<String>,
    /// The VPC endpoint, on AWS.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub vpc_endpoint_id: Attr<String>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
    /// When it was changed, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub updated_time: Attr<i64>,
}

impl Rest for MwsNccPrivateEndpointRule {
    const NAME: &'static str = "databricks_mws_ncc_private_endpoint_rule";
    const NOUN: &'static str = "private endpoint rule";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_network_connectivity_config" "example" {
  name   = "example"
  region = "eu-west-1"
}

resource "databricks_mws_ncc_private_endpoint_rule" "example" {
  network_connectivity_config_id = databricks_mws_network_connectivity_config.example.network_connectivity_config_id
  endpoint_service               = "com.amazonaws.eu-west-1.s3"
  resource_names                 = ["example-bucket"]
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> =
        Some(("[\"example-bucket\"]", "[\"example-bucket\", \"another-bucket\"]"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("eu-west-1.s3", "eu-west-2.s3"));
    const API: Api = Api::collection(
        "/network-connectivity-configs/{network_connectivity_config_id}/private-endpoint-rules",
        "network_connectivity_config_id/rule_id",
    )
    .items("items")
    .patch_with_mask()
    .later(&["enabled"]);

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let set = [
            ("group_id", config.group_id.is_known()),
            ("resource_names", config.resource_names.is_known()),
            ("domain_names", config.domain_names.is_known()),
        ];
        let set: Vec<&str> = set.into_iter().filter(|(_, is_known)| *is_known).map(|(name, _)| name).collect();
        match set.as_slice() {
            [first, second, ..] => vec![Error::new(format!("{first} and {second} are both set")).at(*second).into()],
            _ => Vec::new(),
        }
    }

    /// A rule whose connection was established is deactivated at first, and goes later by itself.
    fn is_gone(found: &Json) -> bool {
        found.get("deactivated") == Some(&Json::Bool(true))
    }
}
