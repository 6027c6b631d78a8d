//! trial_keeper: keeps a write-only value, of which it shows the length alone. It has no update and cannot be imported.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, Failed, ID, OPTIONAL, REQUIRED, Resource, Result, Secret};

use crate::world::World;

/// A keeper of secrets.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Keeper {
    /// The id.
    #[schemars(extend("x-tf" = ID))]
    pub(crate) id: Attr<String>,
    /// The value to keep.
    #[schemars(extend("x-tf" = REQUIRED.write_only()))]
    pub(crate) value_wo: Attr<Secret<String>>,
    /// Change it to hand over another value.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) value_wo_version: Attr<i64>,
    /// How long the value is.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub(crate) length: Attr<u64>,
    /// A receipt that nobody is to see.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub(crate) receipt: Attr<Secret<String>>,
}

const KIND: &str = "keeper";

impl Resource for Keeper {
    const NAME: &'static str = "trial_keeper";
    const EXAMPLE: &'static str = "resource \"trial_keeper\" \"example\" {\n  value_wo = \"x\"\n}\n";
    const IMPORT_ID: Option<&'static str> = None;
    const IMMUTABLE: bool = true;
    type Client = World;

    async fn create(cx: &Call<World>, plan: Self) -> Result<Self, Failed<Self>> {
        let id = cx.client().id();
        let length = plan.value_wo.known().map_or(0, |value| value.expose().len());
        let made = Self {
            id: id.clone().into(),
            length: u64::try_from(length).unwrap_or_default().into(),
            receipt: Secret::new(format!("receipt-{length}")).into(),
            value_wo: Attr::Null,
            ..plan
        };
        cx.client().put(KIND, &id, &made.length)?;
        Ok(made)
    }

    async fn read(cx: &Call<World>, state: Self) -> Result<Option<Self>> {
        Ok(cx.client().get(KIND, state.id.text())?.map(|length| Self { length, ..state }))
    }

    async fn delete(cx: &Call<World>, state: Self) -> Result<()> {
        cx.client().remove(KIND, state.id.text())
    }
}
