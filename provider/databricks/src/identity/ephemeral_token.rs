//! The ephemeral databricks_token: a personal access token for the time that Terraform runs.
//! API: <https://docs.databricks.com/api/workspace/tokens>

use databricks::api::tokens::{self, CreateToken};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, Ephemeral, Error, OPTIONAL, Opened, Result, Secret};

use crate::clients::Workspace;

/// Lifetime of a token where none is configured: longer than an apply takes, short enough for a machine that loses power
/// before it can revoke it.
const LIFETIME_SECONDS: i64 = 3_600;

/// A personal access token that is issued when Terraform needs it and revoked when Terraform ends. It stands in no plan and
/// no state.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EphemeralToken {
    /// What the token is for.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub comment: Attr<String>,
    /// Seconds until the token expires, should it not be revoked before: 3600 where it is not set.
    #[schemars(range(min = 60), extend("x-tf" = OPTIONAL))]
    pub lifetime_seconds: Attr<i64>,
    /// Id of the token.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub token_id: Attr<String>,
    /// The token.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub token_value: Attr<Secret<String>>,
    /// When it expires, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub expiry_time: Attr<i64>,
}

impl Ephemeral for EphemeralToken {
    const NAME: &'static str = "databricks_token";
    const EXAMPLE: &'static str = r#"ephemeral "databricks_token" "example" {
  comment          = "terraform apply"
  lifetime_seconds = 900
}
"#;

    type Client = Workspace;

    async fn open(cx: &Call<Workspace>, config: Self) -> Result<Opened<Self>> {
        let body = CreateToken {
            comment: config.comment.known().cloned().unwrap_or_else(|| "Terraform, ephemeral".into()),
            lifetime_seconds: Some(config.lifetime_seconds.known().copied().unwrap_or(LIFETIME_SECONDS)),
            ..CreateToken::default()
        };
        let issued = tokens::create(cx.client(), &body).await?;
        let private = issued.token_info.token_id.clone().into_bytes();
        let result = Self {
            token_id: issued.token_info.token_id.into(),
            token_value: issued.token_value.into(),
            expiry_time: issued.token_info.expiry_time.into(),
            ..config
        };
        Ok(Opened { result, private, renew_at: None })
    }

    async fn close(cx: &Call<Workspace>, private: Vec<u8>) -> Result<()> {
        let id = String::from_utf8(private).map_err(|_| Error::new("The id of an ephemeral token was damaged"))?;
        tokens::revoke(cx.client(), &id).await?;
        Ok(())
    }
}
