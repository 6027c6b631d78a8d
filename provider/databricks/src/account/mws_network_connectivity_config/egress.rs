//! What serverless compute connects to, and from which addresses: told by the service alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED};

/// The egress of serverless compute.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EgressConfig {
    /// Rules that hold without being asked for.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub default_rules: Attr<Vec<DefaultRules>>,
    /// Rules that were made.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub target_rules: Attr<Vec<TargetRules>>,
}

/// Rules that hold without being asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DefaultRules {
    /// Addresses of serverless compute, on AWS.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub aws_stable_ip_rule: Attr<Vec<AwsStableIpRule>>,
    /// Subnets of serverless compute, on Azure.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub azure_service_endpoint_rule: Attr<Vec<AzureServiceEndpointRule>>,
}

/// Addresses of serverless compute.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsStableIpRule {
    /// Ranges that connections come from: what a firewall has to let in.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub cidr_blocks: Attr<Vec<String>>,
}

/// Subnets of serverless compute.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AzureServiceEndpointRule {
    /// Subnets that connections come from.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub subnets: Attr<Vec<String>>,
    /// Region of the services.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub target_region: Attr<String>,
    /// Services that can be reached.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub target_services: Attr<Vec<String>>,
}

/// Rules that were made.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct TargetRules {
    /// Private endpoints, on AWS.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub aws_private_endpoint_rules: Attr<Vec<AwsPrivateEndpointRule>>,
    /// Private endpoints, on Azure.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub azure_private_endpoint_rules: Attr<Vec<AzurePrivateEndpointRule>>,
}

/// The rules of both clouds: what they have in common, and what each has besides.
macro_rules! private_endpoint_rule {
    ($(#[$about:meta])* $rule:ident { $($(#[$meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
        pub struct $rule {
            /// Id of the rule.
            #[schemars(extend("x-tf" = COMPUTED))]
            pub rule_id: Attr<String>,
            /// Id of the configuration that it belongs to.
            #[schemars(extend("x-tf" = COMPUTED))]
            pub network_connectivity_config_id: Attr<String>,
            /// State of the connection: `PENDING`, `ESTABLISHED`, `REJECTED` and others.
            #[schemars(extend("x-tf" = COMPUTED))]
            pub connection_state: Attr<String>,
            /// Why it is not connected.
            #[schemars(extend("x-tf" = COMPUTED))]
            pub error_message: Attr<String>,
            /// Domain names that go through the endpoint.
            #[schemars(extend("x-tf" = COMPUTED))]
            pub domain_names: Attr<Vec<String>>,
            /// When it was created, in milliseconds since 1970.
            #[schemars(extend("x-tf" = COMPUTED))]
            pub creation_time: Attr<i64>,
            /// When it was changed, in milliseconds since 1970.
            #[schemars(extend("x-tf" = COMPUTED))]
            pub updated_time: Attr<i64>,
            /// Whether it waits for its removal.
            #[schemars(extend("x-tf" = COMPUTED))]
            pub deactivated: Attr<bool>,
            /// Since when it waits for its removal, in milliseconds since 1970.
            #[schemars(extend("x-tf" = COMPUTED))]
            pub deactivated_at: Attr<i64>,
            $(
                $(#[$meta])*
                #[schemars(extend("x-tf" = COMPUTED))]
                pub $field: Attr<$type>,
            )*
        }
    };
}

private_endpoint_rule! {
    /// A private endpoint, on AWS.
    AwsPrivateEndpointRule {
        /// Databricks account.
        account_id: String,
        /// Whether it is in use.
        enabled: bool,
        /// The endpoint service that it connects to.
        endpoint_service: String,
        /// Buckets that go through the endpoint.
        resource_names: Vec<String>,
        /// The VPC endpoint.
        vpc_endpoint_id: String,
    }
}

private_endpoint_rule! {
    /// A private endpoint, on Azure.
    AzurePrivateEndpointRule {
        /// Name of the endpoint.
        endpoint_name: String,
        /// Sub-resource that it connects to.
        group_id: String,
        /// Resource that it connects to.
        resource_id: String,
    }
}
