//! databricks_mws_customer_managed_keys: KMS keys that encrypt what Databricks stores.
//! API: <https://docs.databricks.com/api/account/encryptionkeys>

use crate::rest::prelude::*;

/// A key of AWS KMS.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsKeyInfo {
    /// ARN of the key. Its policy must allow Databricks to use it.
    #[schemars(regex(pattern = r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$"), extend("x-tf" = REQUIRED.replaces()))]
    pub key_arn: Attr<String>,
    /// Alias of the key.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub key_alias: Attr<String>,
    /// Region of the key: that of its ARN where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub key_region: Attr<String>,
    /// Whether a `STORAGE` key encrypts the clusters' EBS volumes too. Databricks' own default is true.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub reuse_key_for_cluster_volumes: Attr<bool>,
}

/// A key of Google Cloud KMS.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GcpKeyInfo {
    /// Resource name of the key.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub kms_key_id: Attr<String>,
}

/// A customer-managed key: of the control plane (`MANAGED_SERVICES`), of S3 and EBS (`STORAGE`), or of both.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsCustomerManagedKeys {
    /// `account_id/customer_managed_key_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub account_id: Attr<String>,
    /// What the key encrypts: `MANAGED_SERVICES`, `STORAGE` or both.
    #[schemars(
        length(min = 1),
        inner(regex(pattern = "^(MANAGED_SERVICES|STORAGE)$")),
        extend("x-tf" = REQUIRED.replaces())
    )]
    pub use_cases: Attr<Vec<String>>,
    /// The key, on AWS.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().block()))]
    pub aws_key_info: Attr<AwsKeyInfo>,
    /// The key, on Google Cloud.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().block()))]
    pub gcp_key_info: Attr<GcpKeyInfo>,
    /// Id of the configuration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub customer_managed_key_id: Attr<String>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
}

impl Rest for MwsCustomerManagedKeys {
    const NAME: &'static str = "databricks_mws_customer_managed_keys";
    const NOUN: &'static str = "customer-managed key";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_customer_managed_keys" "example" {
  use_cases = ["MANAGED_SERVICES", "STORAGE"]

  aws_key_info {
    key_arn                       = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001"
    key_alias                     = "alias/example"
    reuse_key_for_cluster_volumes = true
  }
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("000000000001", "000000000002"));
    const API: Api = Api::collection("/customer-managed-keys", "account_id/customer_managed_key_id").gone_at_once();
    const VERSION: i64 = 1;
    type Client = Account;
}
