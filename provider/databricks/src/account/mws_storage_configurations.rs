//! databricks_mws_storage_configurations: the root bucket of workspaces.
//! API: <https://docs.databricks.com/api/account/storage>

use crate::rest::prelude::*;

/// A storage configuration: the S3 bucket in which workspaces keep their system data and the DBFS root.
///
/// Databricks looks into the bucket only when a workspace is created with it: its policy must allow access by then.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsStorageConfigurations {
    /// `account_id/storage_configuration_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state().sensitive()))]
    pub account_id: Attr<String>,
    /// Name of the configuration, as the account console shows it.
    #[schemars(length(min = 4, max = 256), extend("x-tf" = REQUIRED.replaces()))]
    pub storage_configuration_name: Attr<String>,
    /// Name of the root bucket.
    #[schemars(length(min = 3, max = 63), extend("x-tf" = REQUIRED.replaces().wire("/root_bucket_info/bucket_name")))]
    pub bucket_name: Attr<String>,
    /// ARN of a role that reaches the bucket, for the workspace's default catalog.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub role_arn: Attr<String>,
    /// Id of the configuration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub storage_configuration_id: Attr<String>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
}

impl Rest for MwsStorageConfigurations {
    const NAME: &'static str = "databricks_mws_storage_configurations";
    const NOUN: &'static str = "storage configuration";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_storage_configurations" "example" {
  storage_configuration_name = "example"
  bucket_name                = "example-root-bucket"
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("example-root-bucket", "another-root-bucket"));
    const API: Api = Api::collection("/storage-configurations", "account_id/storage_configuration_id").gone_at_once();

    type Client = Account;
}
