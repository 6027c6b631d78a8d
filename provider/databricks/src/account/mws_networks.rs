//! databricks_mws_networks: the customer's VPC in which a workspace's clusters run.
//! API: <https://docs.databricks.com/api/account/networks>

use databricks::api::account::Network;

use crate::rest::prelude::*;

/// Registered VPC endpoints for PrivateLink between the clusters and the control plane.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct VpcEndpoints {
    /// Ids of the endpoint configuration for the workspace's REST API.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub rest_api: Attr<Set<String>>,
    /// Ids of the endpoint configuration for the relay of secure cluster connectivity.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub dataplane_relay: Attr<Set<String>>,
}

/// What Databricks found wrong with a part of the network.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct NetworkError {
    /// What is wrong: `credentials`, `vpc`, `subnet`, `securityGroup` or `networkAcl`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub error_type: Attr<String>,
    /// The reason.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub error_message: Attr<String>,
}

/// What Databricks found doubtful about a part of the network.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct NetworkWarning {
    /// What is doubtful: `subnet` or `securityGroup`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub warning_type: Attr<String>,
    /// The reason.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub warning_message: Attr<String>,
}

/// A network of Google Cloud.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GcpNetworkInfo {
    /// Project that the network belongs to.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub network_project_id: Attr<String>,
    /// The VPC.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub vpc_id: Attr<String>,
    /// The subnet.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub subnet_id: Attr<String>,
    /// Region of the subnet.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub subnet_region: Attr<String>,
    /// Name of the secondary range for pods.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().deprecated("Databricks on Google Cloud needs no range for pods.")))]
    pub pod_ip_range_name: Attr<String>,
    /// Name of the secondary range for services.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().deprecated("Databricks on Google Cloud needs no range for services.")))]
    pub service_ip_range_name: Attr<String>,
}

/// A network configuration: the VPC, private subnets and security groups of a workspace's clusters.
///
/// A subnet and a security group can be in one network configuration only. To replace the network of a workspace, give the
/// new one another name and set `lifecycle { create_before_destroy = true }`: the workspace moves over, then the old one goes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsNetworks {
    /// `account_id/network_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state().sensitive()))]
    pub account_id: Attr<String>,
    /// Name of the configuration, as the account console shows it.
    #[schemars(length(min = 4, max = 256), extend("x-tf" = REQUIRED.replaces()))]
    pub network_name: Attr<String>,
    /// The VPC, with DNS host names and DNS resolution enabled.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub vpc_id: Attr<String>,
    /// Private subnets, two at least, each in another availability zone.
    #[schemars(length(min = 2), extend("x-tf" = OPTIONAL.replaces()))]
    pub subnet_ids: Attr<Set<String>>,
    /// Security groups of the clusters' instances, one to five.
    #[schemars(length(min = 1, max = 5), extend("x-tf" = OPTIONAL.replaces()))]
    pub security_group_ids: Attr<Set<String>>,
    /// VPC endpoints for PrivateLink.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().block()))]
    pub vpc_endpoints: Attr<VpcEndpoints>,
    /// The network, on Google Cloud.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().block()))]
    pub gcp_network_info: Attr<GcpNetworkInfo>,
    /// Id of the configuration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub network_id: Attr<String>,
    /// `UNATTACHED` until a workspace uses the network; then `VALID`, `WARNED` or `BROKEN`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub vpc_status: Attr<String>,
    /// What is wrong with the network.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub error_messages: Attr<Vec<NetworkError>>,
    /// What is doubtful about the network.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub warning_messages: Attr<Vec<NetworkWarning>>,
    /// Workspace that uses the network.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub workspace_id: Attr<i64>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
}

/// The network's own account of what is wrong with it, one reason a line; empty if nothing is.
pub(crate) fn reasons(network: &Network) -> String {
    let lines: Vec<String> =
        network.error_messages.iter().map(|one| format!("{}: {}", one.error_type, one.error_message)).collect();
    lines.join("\n")
}

impl Rest for MwsNetworks {
    const NAME: &'static str = "databricks_mws_networks";
    const NOUN: &'static str = "network configuration";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_networks" "example" {
  network_name       = "example"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_ids = ["sg-0123456789abcdef0"]
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("sg-0123456789abcdef0", "sg-0123456789abcdef1"));
    const API: Api = Api::collection("/networks", "account_id/network_id").gone_at_once();

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let aws = [
            ("vpc_id", config.vpc_id.is_set()),
            ("subnet_ids", config.subnet_ids.is_set()),
            ("security_group_ids", config.security_group_ids.is_set()),
        ];
        let Some(on_gcp) = config.gcp_network_info.is_set() else { return Vec::new() };
        let on_aws = !on_gcp;
        let wrong = aws.into_iter().filter(|(_, is_set)| *is_set == Some(on_gcp));
        let told = wrong.map(|(name, _)| match on_aws {
            true => Error::new(format!("{name} is missing"))
                .detail("A network on AWS is a VPC, two subnets or more, and one to five security groups.")
                .at(name),
            false => Error::new(format!("{name} and gcp_network_info are both set"))
                .detail("A network is on AWS or on Google Cloud.")
                .at(name),
        });
        told.map(Diagnostic::from).collect()
    }
}
