//! databricks_mws_credentials: the cross-account role with which Databricks works in the AWS account.
//! API: <https://docs.databricks.com/api/account/credentials>

use crate::rest::prelude::*;

/// A credential configuration: the IAM role that Databricks assumes to start and stop clusters in the AWS account.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsCredentials {
    /// `account_id/credentials_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub account_id: Attr<String>,
    /// Name of the configuration, as the account console shows it.
    #[schemars(length(min = 4, max = 256), extend("x-tf" = REQUIRED.replaces()))]
    pub credentials_name: Attr<String>,
    /// ARN of the cross-account role.
    #[schemars(
        regex(pattern = r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$"),
        extend("x-tf" = REQUIRED.replaces().wire("/aws_credentials/sts_role/role_arn"))
    )]
    pub role_arn: Attr<String>,
    /// Id of the configuration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub credentials_id: Attr<String>,
    /// The external id with which Databricks assumes the role: the account's id.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state().wire("/account_id")))]
    pub external_id: Attr<String>,
    /// When it was created, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
}

impl Rest for MwsCredentials {
    const NAME: &'static str = "databricks_mws_credentials";
    const NOUN: &'static str = "credential configuration";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_credentials" "example" {
  credentials_name = "example"
  role_arn         = "arn:aws:iam::123456789012:role/databricks"
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("\"example\"\n  role", "\"another\"\n  role"));
    const API: Api = Api::collection("/credentials", "account_id/credentials_id").gone_at_once();

    type Client = Account;

    /// The service could not assume the role, which is also its answer while IAM is still spreading a new one. The API has
    /// nothing but the text to tell it by: code `MALFORMED_REQUEST`, seen in issue 1424 of the official provider.
    fn is_not_yet(error: &databricks::Error) -> bool {
        error.to_string().contains("Failed credential validation check")
            || error.to_string().contains("Failed credential(s) validation check")
    }

    fn accused(error: &databricks::Error) -> Option<&'static str> {
        Self::is_not_yet(error).then_some("role_arn")
    }
}

impl All for MwsCredentials {
    const LIST_NAME: &'static str = "databricks_mws_credentials";
    const LIST_EXAMPLE: &'static str = r#"data "databricks_mws_credentials" "example" {}
"#;
    const LIST: List = List::ids("credentials_name");
}
