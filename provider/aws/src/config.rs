//! The provider block's `aws` block: the AWS side of a provider.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, OPTIONAL, REQUIRED};

use crate::tags::Tags;

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
