//! The data source databricks_current_config: what the provider is configured for. It asks nobody.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, DataSource, Result};

use crate::clients::Either;

/// What the provider is configured for, whether its block, the environment or a profile says so.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CurrentConfig {
    /// Address of the account console or the workspace.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub host: Attr<String>,
    /// Databricks account.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub account_id: Attr<String>,
    /// Whether the host is an account console.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub is_account: Attr<bool>,
    /// How the provider logs in: `pat` or `oauth-m2m`, for example.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub auth_type: Attr<String>,
    /// The cloud: `aws`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub cloud_type: Attr<String>,
}

impl DataSource for CurrentConfig {
    const NAME: &'static str = "databricks_current_config";
    const SUBCATEGORY: &'static str = "Account";
    const EXAMPLE: &'static str = r#"data "databricks_current_config" "example" {
}
"#;

    type Client = Either;

    async fn read(cx: &Call<Either>, _: Self) -> Result<Self> {
        let client = cx.client();
        Ok(Self {
            host: client.host().as_str().trim_end_matches('/').into(),
            account_id: client.account_id().ok().map(str::to_owned).into(),
            is_account: client.is_account().into(),
            auth_type: client.auth_type().into(),
            cloud_type: "aws".into(),
        })
    }
}
