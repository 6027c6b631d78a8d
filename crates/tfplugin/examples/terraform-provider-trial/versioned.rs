//! trial_versioned: its state had another shape once: version 0 called `title` `caption`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, Failed, ID, OPTIONAL, REQUIRED, Resource, Result};

use crate::world::World;

/// A resource whose state was changed once.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Versioned {
    /// The id.
    #[schemars(extend("x-tf" = ID))]
    pub(crate) id: Attr<String>,
    /// The title.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub(crate) title: Attr<String>,
    /// A number.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) number: Attr<f64>,
}

impl Resource for Versioned {
    const NAME: &'static str = "trial_versioned";
    const EXAMPLE: &'static str = "resource \"trial_versioned\" \"example\" {\n  title = \"x\"\n}\n";
    const IMPORT_ID: Option<&'static str> = Some("a title");
    const VERSION: i64 = 1;
    type Client = World;

    async fn create(_: &Call<World>, plan: Self) -> Result<Self, Failed<Self>> {
        Ok(Self { id: plan.title.clone(), ..plan })
    }

    async fn read(_: &Call<World>, state: Self) -> Result<Option<Self>> {
        Ok(Some(state))
    }

    async fn update(_: &Call<World>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        Ok(Self { id: state.id, ..plan })
    }

    async fn delete(_: &Call<World>, _: Self) -> Result<()> {
        Ok(())
    }

    fn upgrade(version: i64, mut state: serde_json::Value) -> Result<serde_json::Value> {
        if version == 0
            && let Some(members) = state.as_object_mut()
            && let Some(caption) = members.remove("caption")
        {
            members.insert("title".to_owned(), caption);
        }
        Ok(state)
    }
}
