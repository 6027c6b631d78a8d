//! Action trial_shout: says something, once or for as long as it may.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Error, OPTIONAL, Progress, REQUIRED, Result};

use crate::world::World;

/// Shouts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Shout {
    /// What is shouted.
    #[schemars(extend("x-tf" = REQUIRED), length(min = 1))]
    pub(crate) text: Attr<String>,
    /// Whether it goes on until it is stopped.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) forever: Attr<bool>,
}

impl Action for Shout {
    const NAME: &'static str = "trial_shout";
    const EXAMPLE: &'static str = "action \"trial_shout\" \"example\" {\n  config {\n    text = \"x\"\n  }\n}\n";
    type Client = World;

    async fn invoke(cx: &Call<World>, progress: &Progress, config: Self) -> Result<()> {
        cx.client().log(&format!("shout {}", config.text.text()))?;
        progress.say(format!("{}!", config.text.text())).await;
        if config.forever.is_true() {
            cx.cancelled().await;
            cx.client().log(&format!("hush {}", config.text.text()))?;
            return Err(Error::new("It was hushed").at("text"));
        }
        Ok(())
    }
}
