//! databricks_aws_caller_identity: whose AWS credentials are in use. API: STS GetCallerIdentity,
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, DataSource, Result};

use super::client::Aws;

/// The AWS account and identity whose credentials the provider uses.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CallerIdentity {
    /// The account's id.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// The account's id: twelve digits.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub account_id: Attr<String>,
    /// ARN of the user or assumed role.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub arn: Attr<String>,
    /// Unique id of the user or assumed role.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub user_id: Attr<String>,
}

impl DataSource for CallerIdentity {
    const NAME: &'static str = "databricks_aws_caller_identity";
    const EXAMPLE: &'static str = r#"data "databricks_aws_caller_identity" "example" {}

output "account_id" {
  value = data.databricks_aws_caller_identity.example.account_id
}
"#;
    type Client = Aws;

    async fn read(cx: &Call<Aws>, _config: Self) -> Result<Self> {
        let who = cx.client().identity().await?.clone();
        Ok(Self {
            id: who.account_id.clone().into(),
            account_id: who.account_id.into(),
            arn: who.arn.into(),
            user_id: who.user_id.into(),
        })
    }
}
