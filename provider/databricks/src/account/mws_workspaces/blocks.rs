//! The blocks of a workspace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, OPTIONAL, OPTIONAL_COMPUTED, REQUIRED, Secret};

/// A personal access token of the provider's own principal in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WorkspaceToken {
    /// What the token is for.
    #[schemars(extend("x-tf" = OPTIONAL.default("\"Terraform PAT\"")))]
    pub comment: Attr<String>,
    /// Seconds until the token expires. A change issues a new token.
    #[schemars(range(min = 1), extend("x-tf" = OPTIONAL.default("2592000")))]
    pub lifetime_seconds: Attr<i64>,
    /// Id of the token. It cannot be set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub token_id: Attr<String>,
    /// The token. It cannot be set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub token_value: Attr<Secret<String>>,
}

/// The customer of a partner's account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExternalCustomerInfo {
    /// Name of the customer.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub customer_name: Attr<String>,
    /// Full name of the user who may act for the customer.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub authoritative_user_full_name: Attr<String>,
    /// E-mail address of that user.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub authoritative_user_email: Attr<String>,
}

/// Where a workspace on Google Cloud has its objects.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CloudResourceContainer {
    /// The project.
    #[schemars(extend("x-tf" = REQUIRED.block()))]
    pub gcp: Attr<GcpProject>,
}

/// A project of Google Cloud.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GcpProject {
    /// Id of the project.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub project_id: Attr<String>,
}

/// Network that Databricks manages on Google Cloud.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GcpManagedNetworkConfig {
    /// Address range of the subnet.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub subnet_cidr: Attr<String>,
    /// Former address range of pods.
    #[schemars(extend("x-tf" = OPTIONAL.deprecated("Databricks uses no GKE any more: remove it.")))]
    pub gke_cluster_pod_ip_range: Attr<String>,
    /// Former address range of services.
    #[schemars(extend("x-tf" = OPTIONAL.deprecated("Databricks uses no GKE any more: remove it.")))]
    pub gke_cluster_service_ip_range: Attr<String>,
}

/// Former settings of Google Cloud.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GkeConfig {
    /// Kind of connectivity.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub connectivity_type: Attr<String>,
    /// Address range of the masters.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub master_ip_range: Attr<String>,
}
