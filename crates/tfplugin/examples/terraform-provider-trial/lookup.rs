//! Data source trial_lookup: a thing by its name.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, DataSource, Diagnostic, Error, REQUIRED, Result};

use crate::world::{World, wait_for_ever};

/// A thing by its name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Lookup {
    /// The name.
    #[schemars(extend("x-tf" = REQUIRED), length(min = 1))]
    pub(crate) name: Attr<String>,
    /// The id.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub(crate) id: Attr<String>,
}

impl DataSource for Lookup {
    const NAME: &'static str = "trial_lookup";
    const EXAMPLE: &'static str = "data \"trial_lookup\" \"example\" {\n  name = \"x\"\n}\n";
    const LIMIT: Duration = Duration::from_secs(2);
    type Client = World;

    async fn read(cx: &Call<World>, config: Self) -> Result<Self> {
        if config.name.text() == "slow" {
            wait_for_ever(cx).await?;
        }
        let all = cx.client().all::<serde_json::Value>("thing")?;
        let found =
            all.into_iter().find(|(_, stored)| stored.pointer("/thing/name") == Some(&config.name.text().into()));
        match found {
            Some((id, _)) => Ok(Self { id: id.into(), ..config }),
            None => Err(Error::new(format!("There is no thing named {:?}", config.name.text())).at("name")),
        }
    }

    fn warnings(read: &Self) -> Vec<Diagnostic> {
        let is_old = read.name.text().starts_with("old");
        is_old.then(|| Diagnostic::warning("The thing is old", "Make another one.")).into_iter().collect()
    }
}
