//! trial_thing: a resource with one of every kind of attribute, which fails on demand.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe,
    REQUIRED, Resource, Result,
};

use crate::world::World;

/// How a thing is to fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// Fails before anything is made.
    Before,
    /// Fails when it is made, and says so.
    After,
    /// Is made, and its maker never learns it.
    Lost,
    /// Panics when it is made.
    Panic,
    /// Answers another note than was planned.
    Lie,
    /// Leaves a computed attribute unknown.
    Forget,
    /// Does not end its create, and heeds nothing.
    Hang,
}

/// A thing.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Thing {
    /// The thing's id.
    #[schemars(extend("x-tf" = ID))]
    pub(crate) id: Attr<String>,
    /// The name.
    #[schemars(extend("x-tf" = REQUIRED), length(min = 1, max = 20))]
    pub(crate) name: Attr<String>,
    /// The size.
    #[schemars(extend("x-tf" = OPTIONAL.default("10")), range(min = 1, max = 100))]
    pub(crate) size: Attr<i64>,
    /// The zone. Another one is another thing.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub(crate) zone: Attr<String>,
    /// A note.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) note: Attr<String>,
    /// A label that the world makes up where there is none.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    pub(crate) label: Attr<String>,
    /// A document. The world stores it in its own spelling.
    #[schemars(extend("x-tf" = OPTIONAL.json()))]
    pub(crate) policy: Attr<String>,
    /// A word without regard to case. The world stores it in capitals.
    #[schemars(extend("x-tf" = OPTIONAL.ignores_case()))]
    pub(crate) word: Attr<String>,
    /// Tags.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) tags: Attr<BTreeMap<String, String>>,
    /// How often it was changed.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub(crate) revision: Attr<i64>,
    /// How to fail.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) fault: Attr<Fault>,
    /// How many milliseconds it takes until the thing is ready.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) ready_after: Attr<u64>,
}

const KIND: &str = "thing";

/// What the world has of a thing.
#[derive(Serialize, Deserialize)]
struct Stored {
    thing: Thing,
    created_by: String,
}

impl Thing {
    /// As the world spells it.
    fn in_spelling_of_world(mut self) -> Self {
        self.word = self.word.map(|word| word.to_uppercase());
        self.policy = self.policy.map(|text| in_spelling_of_world(&text));
        if !self.label.is_known() {
            self.label = Attr::Known(format!("label of {}", self.name.text()));
        }
        self
    }
}

/// A document as the world spells it.
pub(crate) fn in_spelling_of_world(text: &str) -> String {
    let document: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

impl Resource for Thing {
    const NAME: &'static str = "trial_thing";
    const EXAMPLE: &'static str = "resource \"trial_thing\" \"example\" {\n  name = \"example\"\n}\n";
    const IMPORT_ID: Option<&'static str> = Some("123-0");
    type Client = World;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        if config.name.text() == config.note.text() && config.name.is_known() {
            return vec![Error::new("The note repeats the name").detail("Leave it out.").at("note").into()];
        }
        Vec::new()
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        // A shrinking thing is replaced: the schema cannot say that.
        if let Some(prior) = planning.prior
            && let (Some(old), Some(new)) = (prior.size.known(), planning.planned.size.known())
            && new < old
        {
            planning.replaces.push("size".into());
        }
        Ok(())
    }

    async fn create(cx: &Call<World>, plan: Self) -> Result<Self, Failed<Self>> {
        let world = cx.client();
        let fault = plan.fault.known().cloned();
        if fault == Some(Fault::Before) {
            return Err(Error::new("The thing was refused").detail("It was told to be.").into());
        }
        let id = world.id();
        let mut made = Self { id: id.clone().into(), revision: 1.into(), ..plan }.in_spelling_of_world();
        world.put(KIND, &id, &Stored { thing: made.clone(), created_by: cx.marker().text().to_owned() })?;
        match fault {
            Some(Fault::After) => Err(Failed::with(Error::new("The thing is broken"), made)),
            Some(Fault::Lost) => Err(Error::new("The answer was lost").into()),
            Some(Fault::Panic) => panic!("the thing blew up"),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Lie) => Ok(Self { note: "a lie".into(), ..made }),
            Some(Fault::Forget) => {
                made.revision = Attr::Unknown;
                Ok(made)
            }
            Some(Fault::Before) | None => Ok(made),
        }
    }

    async fn ready(cx: &Call<World>, state: Self) -> Result<Self> {
        let wait = Duration::from_millis(state.ready_after.or_default());
        let begun = std::time::Instant::now();
        cx.client().log("waiting")?;
        let step = Duration::from_millis(20);
        cx.poll("the thing", step, step, || async {
            let done = begun.elapsed() >= wait;
            Ok(if done { Probe::Done(()) } else { Probe::Waiting("ASSEMBLING".to_owned()) })
        })
        .await?;
        Ok(state)
    }

    async fn find(cx: &Call<World>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        cx.client().log("find")?;
        let all = cx.client().all::<Stored>(KIND)?;
        let found = all.into_iter().find(|(_, stored)| marker.is_on(&stored.created_by));
        assert!(plan.name.is_known(), "a plan that is applied is known");
        Ok(found.map(|(_, stored)| stored.thing))
    }

    async fn marked(cx: &Call<World>, _plan: &Self) -> Result<Vec<Marked>> {
        let all = cx.client().all::<Stored>(KIND)?.into_iter();
        let marked = all.filter(|(_, stored)| !stored.created_by.is_empty());
        Ok(marked.map(|(id, stored)| Marked { mark: stored.created_by, id }).collect())
    }

    async fn read(cx: &Call<World>, state: Self) -> Result<Option<Self>> {
        Ok(cx.client().get::<Stored>(KIND, state.id.text())?.map(|stored| stored.thing))
    }

    async fn update(cx: &Call<World>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        let id = state.id.text().to_owned();
        let Some(stored) = cx.client().get::<Stored>(KIND, &id)? else {
            return Err(Error::new(format!("There is no thing {id}")).into());
        };
        let revision = stored.thing.revision.or_default() + 1;
        let new = Self { id: state.id.clone(), revision: revision.into(), ..plan }.in_spelling_of_world();
        cx.client().put(KIND, &id, &Stored { thing: new.clone(), ..stored })?;
        match new.fault {
            Attr::Known(Fault::After) => Err(Failed::with(Error::new("The thing is broken"), new)),
            Attr::Known(Fault::Before) => Err(Error::new("The thing was refused").into()),
            _ => Ok(new),
        }
    }

    /// Elsewhere, the id of a thing has its maker in front.
    fn adopt(state: Self) -> Self {
        let id = state.id.map(|id| id.strip_prefix("where/").map_or(id.clone(), str::to_owned));
        Self { id, ..state }
    }

    async fn check_change(_cx: &Call<World>, planned: &Self) -> Result<Vec<Diagnostic>> {
        match planned.note.text() {
            "impossible" => Err(Error::new("The thing cannot be so").detail("Be another.").at("note")),
            "doubtful" => Ok(vec![Diagnostic::warning("The thing may not be so", "Look at it.")]),
            _ => Ok(Vec::new()),
        }
    }

    async fn check_removal(_cx: &Call<World>, state: &Self) -> Result<()> {
        match state.note.text() {
            "full" => Err(Error::new("The thing is full").detail("Empty it.").at("note")),
            _ => Ok(()),
        }
    }

    async fn delete(cx: &Call<World>, state: Self) -> Result<()> {
        if state.note.text() == "eternal" {
            return Err(Error::new("The thing is eternal").detail("It does not go."));
        }
        cx.client().remove(KIND, state.id.text())
    }
}
