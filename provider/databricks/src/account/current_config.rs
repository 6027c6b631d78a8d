//! The data source databricks_current_config: what the provider is configured for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, DataSource, OPTIONAL, OPTIONAL_COMPUTED, Result};

use crate::clients::Either;
use crate::level::{self, ProviderConfig};

/// What the provider is configured for, whether its block, the environment or a profile says so.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CurrentConfig {
    /// Always `_`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
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
    /// The cloud, for configurations that name it: this provider is for `aws`.
    #[schemars(extend("enum" = ["aws", "azure", "gcp"], "x-tf" = OPTIONAL))]
    pub cloud: Attr<String>,
    /// The level that is asked for: `account` or `workspace`. The provider's own where it is not set.
    #[schemars(extend("enum" = ["account", "workspace"], "x-tf" = OPTIONAL))]
    pub api: Attr<String>,
    /// The workspace that is asked for, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub provider_config: Attr<ProviderConfig>,
}

impl DataSource for CurrentConfig {
    const NAME: &'static str = "databricks_current_config";
    const EXAMPLE: &'static str = r#"data "databricks_current_config" "example" {
}
"#;

    type Client = Either;

    async fn read(cx: &Call<Either>, config: Self) -> Result<Self> {
        let client = level::client(cx.client(), &config.api, &config.provider_config).await?;
        Ok(Self {
            id: "_".into(),
            host: client.host().as_str().trim_end_matches('/').into(),
            account_id: client.account_id().ok().map(str::to_owned).into(),
            is_account: client.is_account().into(),
            auth_type: client.auth_type().into(),
            cloud_type: "aws".into(),
            provider_config: level::settled(config.provider_config),
            ..config
        })
    }
}
