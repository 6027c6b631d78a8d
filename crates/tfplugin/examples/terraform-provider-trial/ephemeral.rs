//! Ephemeral resource trial_session: open while Terraform runs.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, Ephemeral, OPTIONAL, Opened, REQUIRED, Result, Secret};

use crate::world::{World, wait_for_ever};

/// A session.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Session {
    /// Whose session.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub(crate) user: Attr<String>,
    /// Whether it is to be renewed at once.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) short: Attr<bool>,
    /// The session's token.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub(crate) token: Attr<Secret<String>>,
}

impl Ephemeral for Session {
    const NAME: &'static str = "trial_session";
    const EXAMPLE: &'static str = "ephemeral \"trial_session\" \"example\" {\n  user = \"x\"\n}\n";
    const LIMIT: Duration = Duration::from_secs(3);
    type Client = World;

    async fn open(cx: &Call<World>, config: Self) -> Result<Opened<Self>> {
        if config.user.text() == "slow" {
            wait_for_ever(cx).await?;
        }
        cx.client().log(&format!("open {}", config.user.text()))?;
        let renew_at = config.short.is_true().then(|| Timestamp::now() + SignedDuration::from_millis(100));
        let token = Secret::new("token-of-the-session".to_owned());
        let private = config.user.text().as_bytes().to_vec();
        Ok(Opened { result: Self { token: token.into(), ..config }, private, renew_at })
    }

    async fn renew(cx: &Call<World>, private: Vec<u8>) -> Result<(Vec<u8>, Option<Timestamp>)> {
        cx.client().log(&format!("renew {}", String::from_utf8_lossy(&private)))?;
        Ok((private, None))
    }

    async fn close(cx: &Call<World>, private: Vec<u8>) -> Result<()> {
        cx.client().log(&format!("close {}", String::from_utf8_lossy(&private)))
    }
}
