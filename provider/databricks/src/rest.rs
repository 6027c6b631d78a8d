//! A REST object, described once: a resource is its struct and a [`Rest`] of it; the operations stand here.
//!
//! `registry.rs` has it as `rest::<_, git_credential::GitCredential>()`. What does not fit the description implements
//! [`Resource`] itself and loses nothing.

mod all;
mod api;
mod calls;
mod one;
mod place;
pub mod prelude;

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};
use tfplugin::{
    Call, Client, Diagnostic, Error, Failed, Marker, Object, Planning, Probe, Removal, Resource, ResourceEntry, Result,
    Timeouts, reconcile,
};

pub use all::{All, List, Listing, data_all};
pub use api::Api;
pub(crate) use api::CLOCK_SECONDS;
use api::Update;
pub(crate) use calls::remove;
use calls::{Calls, Refused};
pub use one::{Lookup, One, data_one};
pub(crate) use place::{Place, account};

use crate::clients::Reach;
use crate::level;

/// An object of a REST API: what its messages call it, and where and how the API serves it.
pub trait Rest: Object {
    /// The full type name, `databricks_git_credential`.
    const NAME: &'static str;
    /// What people call it, in lower case: `git credential`.
    const NOUN: &'static str;
    /// A complete configuration whose object is named `example`; see [`Resource::EXAMPLE`].
    const EXAMPLE: &'static str;
    /// An edit of the example that is an update in place.
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = None;
    /// An edit of the example that replaces the object.
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = None;
    /// Where and how the API serves it.
    const API: Api;
    /// The official provider's schema version, so that its states are read.
    const VERSION: i64 = 0;
    /// Limits of the operations.
    const TIMEOUTS: Timeouts = Timeouts::minutes(20);
    /// What becomes of the object when it is removed outside Terraform.
    const REMOVAL: Removal = Removal::Gone;

    /// Of which client it is: an `Account`'s, a workspace's (`AnyWorkspace`, where it has a `provider_config`) or `Either`'s.
    type Client: Reach;

    /// Checks that the schema cannot express.
    fn validate(config: &Self) -> Vec<Diagnostic> {
        let _ = config;
        Vec::new()
    }

    /// The resource's own say in the plan.
    fn plan(planning: &mut Planning<'_, Of<Self>>) -> Result<()> {
        let _ = planning;
        Ok(())
    }

    /// What is done once, when the object has just been made.
    fn made(cx: &Call<Self::Client>, state: &Self) -> impl Future<Output = Result<()>> + Send {
        let _ = (cx, state);
        async { Ok(()) }
    }

    /// Waits until a new or changed object can be used.
    fn ready(cx: &Call<Self::Client>, state: Self) -> impl Future<Output = Result<Self>> + Send {
        let _ = cx;
        async move { Ok(state) }
    }

    /// Whether the refusal of a create or update is a success a moment later, because something else still spreads.
    fn is_not_yet(error: &databricks::Error) -> bool {
        let _ = error;
        false
    }

    /// The attribute that a refusal is about, if it can be told.
    fn accused(error: &databricks::Error) -> Option<&'static str> {
        let _ = error;
        None
    }

    /// Whether a create that was refused because there is one already takes that one over.
    fn takes_over(plan: &Self, error: &databricks::Error) -> bool {
        let _ = (plan, error);
        false
    }

    /// Whether what a read found is on its way out.
    fn is_gone(found: &Json) -> bool {
        let _ = found;
        false
    }

    /// Makes the object (from no `state`), or changes it, otherwise than by its API; false where that is left to the API. It is asked
    /// before the API is, and once more with the API's `refusal` of what cannot be.
    fn instead(
        cx: &Call<Self::Client>,
        state: Option<&Self>,
        plan: &Self,
        refusal: Option<&Error>,
    ) -> impl Future<Output = Result<bool>> + Send {
        let _ = (cx, state, plan, refusal);
        async { Ok(false) }
    }

    /// An answer as the schema reads it, where flags do not suffice.
    fn told(answer: Json) -> Json {
        answer
    }

    /// A request's body as the API takes it, where flags do not suffice.
    fn asked(body: Map<String, Json>) -> Map<String, Json> {
        body
    }

    /// What an answer says, with what of `known` it leaves out, where flags do not suffice.
    fn completed(known: &Self, seen: Self) -> Self {
        let _ = known;
        seen
    }
}

/// The line of a REST object in the registry.
pub const fn rest<C, T>() -> ResourceEntry<C>
where
    C: Send + Sync + 'static,
    T: Rest,
    T::Client: Client<C>,
{
    tfplugin::resource::<C, Of<T>>()
}

/// The resource that a description makes: the object itself, and whether the service has told all of it.
#[derive(Debug, Clone, Default)]
pub struct Of<T> {
    object: T,
    /// The answer of a create or update had nothing but the id: [`Resource::ready`] reads the rest.
    is_partial: bool,
}

impl<T> Of<T> {
    /// The object.
    pub fn into_inner(self) -> T {
        self.object
    }
}

impl<T> From<T> for Of<T> {
    fn from(object: T) -> Self {
        Self { object, is_partial: false }
    }
}

impl<T> Deref for Of<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T> DerefMut for Of<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.object
    }
}

impl<T: Serialize> Serialize for Of<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.object.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Of<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

impl<T: JsonSchema> JsonSchema for Of<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// `object` with nothing in these attributes.
fn without<T: Rest>(object: &T, names: &[&str]) -> Result<T> {
    let mut tree = reconcile::tree(object)?;
    if let Some(members) = tree.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
    reconcile::object(tree)
}

/// An object's id.
fn id_of<T: Rest>(object: &T) -> Result<Option<String>> {
    Ok(reconcile::tree(object)?.get("id").and_then(Json::as_str).map(str::to_owned))
}

/// The refusal of a create, with what the object is imported by that stands in its way, if there is no doubt which it is: it has
/// all its values, or, where the refusal is about the name, that.
async fn taken<T: Rest>(calls: &Calls<'_, T>, place: &Place, plan: &T, error: Error, is_of_name: bool) -> Error {
    let (Ok(planned), Ok(all)) = (reconcile::tree(plan), calls.list(place).await) else { return error };
    let is_name = |name: &str| name == "name" || name.ends_with("_name");
    let mut equal = Vec::new();
    let mut named = Vec::new();
    for found in &all {
        let state = place.clone().with_own(found).and_then(|place| calls.state(&place, plan, found));
        let Ok(state) = state else { continue };
        let Ok(tree) = reconcile::tree(&state.object) else { continue };
        let Ok(Some(id)) = id_of(&state.object) else { continue };
        let has_name = is_of_name
            && planned.as_object().is_some_and(|planned| {
                planned.iter().any(|(name, value)| is_name(name) && value.is_string() && tree.get(name) == Some(value))
            });
        if reconcile::changed(&state.object, plan, None).is_ok_and(|change| change.is_empty()) {
            equal.push(id);
        } else if has_name {
            named.push(id);
        }
    }
    match (equal.as_slice(), named.as_slice()) {
        ([id], _) => error.also(format!("The {} {id} is as it is planned here.", T::NOUN)).exists(id),
        ([], [id]) => error.also(format!("The {} {id} has this name, and other values.", T::NOUN)).exists(id),
        _ => error,
    }
}

/// How long a read right after a write may find nothing: the service's parts learn of an object one after the other.
const SPREADING: Duration = Duration::from_secs(60);

impl<T: Rest> Resource for Of<T> {
    const NAME: &'static str = T::NAME;
    const EXAMPLE: &'static str = T::EXAMPLE;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = T::EXAMPLE_UPDATE;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = T::EXAMPLE_REPLACE;
    const IMPORT_ID: Option<&'static str> = Some(T::API.id);
    const VERSION: i64 = T::VERSION;
    const IMMUTABLE: bool = matches!(T::API.update, Update::None);
    const REMOVAL: Removal = T::REMOVAL;
    // What a PUT makes is its own key.
    const UNMARKED: bool = !T::API.create_puts;
    const TIMEOUTS: Timeouts = T::TIMEOUTS;

    type Client = T::Client;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        T::validate(config)
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        if let Some(prior) = planning.prior
            && level::moves(&level::of(prior)?.1, &level::of(planning.planned)?.1)
        {
            planning.replaces.push("provider_config".into());
        }
        T::plan(planning)
    }

    async fn create(cx: &Call<T::Client>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let calls = Calls::<T>::new(cx, &plan.object).await?;
        let place = Place::of_plan::<T>(&plan.object, calls.client())?;
        let mut body = place.body(reconcile::sent(&plan.object)?);
        let is_whole = T::API.later.iter().filter(|name| body.shift_remove(**name).is_some()).count() == 0;
        let created = match T::instead(cx, None, &plan.object, None).await? {
            true => Ok(calls.get_new(&place, SPREADING).await?),
            false => calls.create(&place, body, &plan.object).await,
        };
        let answer = match created {
            Ok(answer) => answer,
            Err(Refused::Existing) => {
                let state = calls.only_one(&place).await?;
                return Self::update(cx, state, plan).await;
            }
            Err(Refused::Failed(error)) => return Err(error.into()),
            Err(Refused::Taken(error)) => return Err(taken(&calls, &place, &plan.object, error, true).await.into()),
            Err(Refused::Invalid(error)) if T::instead(cx, None, &plan.object, Some(&error)).await? => {
                calls.get_new(&place, SPREADING).await?
            }
            Err(Refused::Invalid(error)) => return Err(taken(&calls, &place, &plan.object, error, false).await.into()),
        };
        let place = place.with_own(&answer)?;
        let known = if is_whole { plan.object.clone() } else { without::<T>(&plan.object, T::API.later)? };
        let made = calls.state(&place, &known, &answer)?;
        if let Err(error) = T::made(cx, &made.object).await {
            return Err(Failed::with(error, made));
        }
        if is_whole {
            return Ok(made);
        }
        Self::update(cx, made.clone(), plan).await.map_err(|failed| Failed::with(failed.error, made))
    }

    /// Reads what the answer of the create or update left out, then waits as the description says.
    async fn ready(cx: &Call<T::Client>, state: Self) -> Result<Self> {
        let object = if state.is_partial {
            let calls = Calls::<T>::new(cx, &state.object).await?;
            let place = Place::of_state::<T>(&state.object, calls.client())?;
            let found = calls.get_new(&place, SPREADING).await?;
            calls.state(&place, &state.object, &found)?.object
        } else {
            state.object
        };
        T::ready(cx, object).await.map(Self::from)
    }

    async fn find(cx: &Call<T::Client>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        if T::API.create_puts {
            // The object is its own key: a second create is the same object.
            return Ok(None);
        }
        let calls = Calls::<T>::new(cx, &plan.object).await?;
        let place = Place::of_plan::<T>(&plan.object, calls.client())?;
        for found in calls.list(&place).await? {
            if !T::API.may_be_of(calls.client(), marker, &found) {
                continue;
            }
            let place = place.clone().with_own(&found)?;
            let state = calls.state(&place, &plan.object, &found)?;
            let is_anothers = id_of(&state.object)?.is_some_and(|id| marker.is_anothers(&id));
            if !is_anothers && reconcile::changed(&state.object, &plan.object, None)?.is_empty() {
                // A secret that no answer tells may have been corrected since: the update that follows sends it.
                let known = if Self::IMMUTABLE { &plan.object } else { &T::default() };
                let made = calls.state(&place, known, &found)?;
                // A look that nothing follows (its marker is nobody's) changes nothing.
                if !marker.id.is_empty() {
                    T::made(cx, &made.object).await?;
                }
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    async fn read(cx: &Call<T::Client>, state: Self) -> Result<Option<Self>> {
        let calls = Calls::<T>::new(cx, &state.object).await?;
        let place = Place::of_state::<T>(&state.object, calls.client())?;
        let found = calls.get_shared(&place).await?;
        found.map(|found| calls.state(&place, &state.object, &found)).transpose()
    }

    async fn update(cx: &Call<T::Client>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let calls = Calls::<T>::new(cx, &state.object).await?;
        let place = Place::of_state::<T>(&state.object, calls.client())?;
        let change = reconcile::changed(&state.object, &plan.object, None)?;
        if change.is_empty() {
            return Ok(Of { object: place.named(plan.object)?, is_partial: !T::API.is_as_planned });
        }
        let answer = match T::instead(cx, Some(&state.object), &plan.object, None).await? {
            true => calls.get_new(&Place::of_plan::<T>(&plan.object, calls.client())?, SPREADING).await?,
            false => calls.update(&place, change, &state.object, &plan.object).await?,
        };
        let place = if T::API.renamed_as.is_some() { place.with_own(&answer)? } else { place };
        Ok(calls.state(&place, &plan.object, &answer)?)
    }

    async fn delete(cx: &Call<T::Client>, state: Self) -> Result<()> {
        let calls = Calls::<T>::new(cx, &state.object).await?;
        let place = Place::of_state::<T>(&state.object, calls.client())?;
        calls.delete(&place).await?;
        if T::API.is_gone_at_once {
            return Ok(());
        }
        let (start, most) = (Duration::from_millis(200), Duration::from_secs(5));
        cx.poll(&format!("the {} {} to be gone", T::NOUN, place.own()), start, most, async || {
            Ok(match calls.get(&place).await? {
                None => Probe::Done(()),
                Some(_) => Probe::Waiting("still there".into()),
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests;
