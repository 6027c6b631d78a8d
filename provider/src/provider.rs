//! The provider block, under the names of the official Databricks provider, with a block `aws` for the AWS side.
//!
//! Source of the names and environment variables: <https://docs.databricks.com/aws/en/dev-tools/auth/> and
//! <https://registry.terraform.io/providers/databricks/databricks/latest/docs>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Diagnostic, OPTIONAL, REQUIRED, Registry, Result, Secret};

use crate::aws::region;
use crate::aws::tags::Tags;
use crate::context::Context;

/// The provider.
#[derive(Debug, Clone, Copy)]
pub struct Databricks;

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

/// The AWS account. Credentials come from the environment or a profile, never from here.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsBlock {
    /// The region. Environment: `AWS_REGION`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub region: Attr<String>,
    /// Profile of the AWS configuration files. Environment: `AWS_PROFILE`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub profile: Attr<String>,
    /// How often a request is repeated while AWS throttles or fails.
    #[schemars(extend("x-tf" = OPTIONAL), range(min = 0, max = 100))]
    pub max_retries: Attr<i64>,
    /// Accept a region that the provider does not know.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub skip_region_validation: Attr<bool>,
    /// Address buckets by path instead of by host name. Automatic on loopback.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub s3_use_path_style: Attr<bool>,
    /// Tags of every object that can have tags. An object's own `tags` go before them.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub default_tags: Attr<Tags>,
    /// A role to work as.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub assume_role: Attr<AssumeRole>,
    /// Addresses to use instead of AWS's own. Environment: `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_EC2` and so on.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub endpoints: Attr<Endpoints>,
}

/// A role to work as.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AssumeRole {
    /// ARN of the role.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub role_arn: Attr<String>,
    /// Name of the session, which AWS's logs show; `terraform` by default.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub session_name: Attr<String>,
    /// External id that the role's trust policy asks for.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub external_id: Attr<String>,
}

/// Addresses of AWS services.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Endpoints {
    /// EC2.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub ec2: Attr<String>,
    /// IAM.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub iam: Attr<String>,
    /// KMS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub kms: Attr<String>,
    /// S3.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub s3: Attr<String>,
    /// STS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub sts: Attr<String>,
}

impl tfplugin::Provider for Databricks {
    const NAME: &'static str = "databricks";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const ADDRESS: &'static str = "registry.terraform.io/databricks-aws/databricks";
    const EXAMPLE: &'static str = r#"provider "databricks" {
  host       = "https://accounts.cloud.databricks.com"
  account_id = var.databricks_account_id

  aws {
    region       = "eu-west-1"
    default_tags = { project = "analytics" }
  }
}
"#;
    type Config = Config;
    type Context = Context;

    fn validate(config: &Config) -> Vec<Diagnostic> {
        let aws = config.aws.known();
        let region = aws.and_then(|aws| aws.region.known());
        let skipped = aws.is_some_and(|aws| !aws.skip_region_validation.is_null());
        match region {
            Some(name) if !skipped => {
                region::check(name).err().map(|error| error.at("aws.region").into()).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    async fn configure(config: Config, terraform_version: &str) -> Result<Context> {
        Ok(Context::new(config, terraform_version))
    }

    fn registry() -> &'static Registry<Context> {
        &crate::registry::REGISTRY
    }
}
