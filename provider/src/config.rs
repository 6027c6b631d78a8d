//! The provider block, under the names of the official Databricks provider, with a block `aws` for the AWS side.
//!
//! Source of the names and environment variables: <https://docs.databricks.com/aws/en/dev-tools/auth/> and
//! <https://registry.terraform.io/providers/databricks/databricks/latest/docs>.

use provider_aws::config::AwsBlock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, OPTIONAL, Secret};

/// Deploys and runs Databricks on AWS: the network, keys, buckets and roles in AWS, the account's objects, the workspace, and
/// what is in it. What the block does not say is taken from the environment, then from a profile of `~/.databrickscfg`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// Address of the workspace or of the account console (`https://accounts.cloud.databricks.com`). Environment:
    /// `DATABRICKS_HOST`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub host: Attr<String>,
    /// Id of the Databricks account, for account-level resources. Environment: `DATABRICKS_ACCOUNT_ID`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub account_id: Attr<String>,
    /// Id of the workspace. Environment: `DATABRICKS_WORKSPACE_ID`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub workspace_id: Attr<String>,
    /// Personal access token. Environment: `DATABRICKS_TOKEN`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub token: Attr<Secret<String>>,
    /// Client id of a service principal. Environment: `DATABRICKS_CLIENT_ID`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub client_id: Attr<String>,
    /// OAuth secret of the service principal. Environment: `DATABRICKS_CLIENT_SECRET`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub client_secret: Attr<Secret<String>>,
    /// Profile of the configuration file. Environment: `DATABRICKS_CONFIG_PROFILE`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub profile: Attr<String>,
    /// The configuration file; `~/.databrickscfg` by default. Environment: `DATABRICKS_CONFIG_FILE`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub config_file: Attr<String>,
    /// The one authentication method to use: `pat` or `oauth-m2m`. Environment: `DATABRICKS_AUTH_TYPE`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub auth_type: Attr<String>,
    /// How long one request may take, in seconds.
    #[schemars(extend("x-tf" = OPTIONAL), range(min = 1))]
    pub http_timeout_seconds: Attr<i64>,
    /// How long a request is repeated while the API throttles or cannot be reached, in seconds.
    #[schemars(extend("x-tf" = OPTIONAL), range(min = 0))]
    pub retry_timeout_seconds: Attr<i64>,
    /// Requests per second at most. Environment: `DATABRICKS_RATE_LIMIT`.
    #[schemars(extend("x-tf" = OPTIONAL), range(min = 1))]
    pub rate_limit: Attr<i64>,
    /// The AWS side.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub aws: Attr<AwsBlock>,
}
