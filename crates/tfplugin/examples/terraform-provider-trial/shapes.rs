//! trial_shapes: attributes and blocks of every nesting, and numbers of every kind.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Dynamic, Error, Failed, ID, Number, OPTIONAL, OPTIONAL_COMPUTED, Planning,
    REQUIRED, Resource, Result, Set,
};

use crate::world::World;

/// A part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Part {
    /// Its name.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub(crate) name: Attr<String>,
    /// Its weight.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) weight: Attr<f64>,
    /// What there is to say of it.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) note: Attr<String>,
    /// Its serial number.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub(crate) serial: Attr<String>,
}

/// A part with words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Plain {
    /// Its name.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub(crate) name: Attr<String>,
    /// Its words.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) words: Attr<Vec<String>>,
    /// A document. The world stores that of a bag in its own spelling.
    #[schemars(extend("x-tf" = OPTIONAL.json()))]
    pub(crate) policy: Attr<String>,
}

/// A shelf of parts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Shelf {
    /// Its width.
    #[schemars(extend("x-tf" = OPTIONAL.default("80")))]
    pub(crate) width: Attr<i64>,
    /// Its boxes.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub(crate) inner: Attr<Vec<Plain>>,
}

/// Shapes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Shapes {
    /// The id.
    #[schemars(extend("x-tf" = ID))]
    pub(crate) id: Attr<String>,
    /// One part.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) one: Attr<Part>,
    /// Parts in order.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) many: Attr<Vec<Part>>,
    /// Parts without order.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) some: Attr<Set<Plain>>,
    /// Parts by key.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) named: Attr<BTreeMap<String, Part>>,
    /// At most one shelf.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub(crate) shelf: Attr<Shelf>,
    /// A lid, which the world puts on what has none.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub(crate) lid: Attr<Shelf>,
    /// Rows.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub(crate) row: Attr<Vec<Shelf>>,
    /// Bags, without order.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub(crate) bag: Attr<Set<Plain>>,
    /// Drawers, each with a label.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub(crate) drawer: Attr<BTreeMap<String, Shelf>>,
    /// Words without order.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) words: Attr<Set<String>>,
    /// Words in order.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) lines: Attr<Vec<String>>,
    /// Anything.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) anything: Attr<Dynamic>,
    /// A number as an `f64`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) float: Attr<f64>,
    /// A number as a `u64`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) whole: Attr<u64>,
    /// A number of any size.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) number: Attr<Number>,
}

const KIND: &str = "shapes";

impl Shapes {
    fn numbered(mut self) -> Self {
        let number = |part: &mut Part| part.serial = Attr::Known(format!("serial of {}", part.name.text()));
        if let Attr::Known(part) = &mut self.one {
            number(part);
        }
        if let Attr::Known(parts) = &mut self.many {
            parts.iter_mut().for_each(number);
        }
        if let Attr::Known(parts) = &mut self.named {
            parts.values_mut().for_each(number);
        }
        if !self.lid.is_known() {
            self.lid = Shelf { width: 33.into(), inner: Attr::Null }.into();
        }
        if let Attr::Known(bags) = &mut self.bag {
            for bag in &mut bags.0 {
                bag.policy = std::mem::take(&mut bag.policy).map(|text| crate::thing::in_spelling_of_world(&text));
            }
        }
        self
    }
}

impl Resource for Shapes {
    const NAME: &'static str = "trial_shapes";
    const EXAMPLE: &'static str = "resource \"trial_shapes\" \"example\" {\n}\n";
    const IMPORT_ID: Option<&'static str> = Some("123-0");
    type Client = World;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let width = config.shelf.known().and_then(|shelf| shelf.width.known().copied());
        match width {
            Some(width) if width > 1000 => vec![Error::new("The shelf is too wide").at("shelf.width").into()],
            _ => Vec::new(),
        }
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        // A shelf grows and does not shrink: the schema cannot say that.
        let width = |shapes: &Self| shapes.shelf.known().and_then(|shelf| shelf.width.known().copied());
        if let (Some(old), Some(new)) = (planning.prior.and_then(width), width(planning.planned))
            && new < old
        {
            planning.replaces.push("shelf.width".into());
        }
        Ok(())
    }

    async fn create(cx: &Call<World>, plan: Self) -> Result<Self, Failed<Self>> {
        let id = cx.client().id();
        let made = Self { id: id.clone().into(), ..plan }.numbered();
        cx.client().put(KIND, &id, &made)?;
        Ok(made)
    }

    async fn read(cx: &Call<World>, state: Self) -> Result<Option<Self>> {
        cx.client().get(KIND, state.id.text())
    }

    async fn update(cx: &Call<World>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        let new = Self { id: state.id.clone(), ..plan }.numbered();
        cx.client().put(KIND, state.id.text(), &new)?;
        Ok(new)
    }

    async fn delete(cx: &Call<World>, state: Self) -> Result<()> {
        cx.client().remove(KIND, state.id.text())
    }
}
