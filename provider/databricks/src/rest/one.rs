//! The data source "one, by its name or id" of a REST object.

use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};
use tfplugin::{COMPUTED, Call, Client, DataSource, DataSourceEntry, Error, OPTIONAL_COMPUTED, Result, reconcile};

use super::Rest;
use super::calls::Calls;
use super::place::Place;

/// A REST object that can be looked up.
pub trait One: Rest {
    /// The attributes by which it is found, besides its own id: one of them has to be set.
    const BY: &'static [&'static str];
    /// A complete configuration whose data source is named `example`.
    const LOOKUP: &'static str;
}

/// The line of the data source in the registry.
pub const fn data_one<C, T>() -> DataSourceEntry<C>
where
    C: Send + Sync + 'static,
    T: One,
    T::Client: Client<C>,
{
    tfplugin::data_source::<C, Lookup<T>>()
}

/// The data source of `T`: its attributes as the service tells them.
#[derive(Debug, Clone)]
pub struct Lookup<T>(Json, PhantomData<fn() -> T>);

impl<T> Default for Lookup<T> {
    fn default() -> Self {
        Self(json!({}), PhantomData)
    }
}

impl<T> Serialize for Lookup<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Lookup<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Json::deserialize(deserializer).map(|tree| Self(tree, PhantomData))
    }
}

impl<T: One> JsonSchema for Lookup<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}Lookup", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        if let Some(Json::Object(properties)) = schema.get_mut("properties") {
            properties.retain(|_, property| is_told(property));
            for (name, property) in properties.iter_mut() {
                told(property);
                if name == T::API.own() || T::BY.contains(&name.as_str()) {
                    set(property, "optional", json!(OPTIONAL_COMPUTED.optional));
                }
            }
        }
        schema
    }
}

/// Whether the service tells an attribute at all.
fn is_told(property: &Json) -> bool {
    let flag = |name: &str| property.pointer(&format!("/x-tf/{name}")) == Some(&json!(true));
    !flag("untold") && !flag("unsent") && !flag("write_only")
}

fn set(property: &mut Json, flag: &str, value: Json) {
    if let Some(Json::Object(flags)) = property.get_mut("x-tf") {
        flags.insert(flag.to_owned(), value);
    }
}

/// Makes an attribute, or a block, one that the service alone sets: a block becomes a list, which `x[0].y` reads as before.
fn told(property: &mut Json) {
    let kept = ["sensitive", "wire", "json"].map(|name| (name, property.pointer(&format!("/x-tf/{name}")).cloned()));
    let is_block = property.pointer("/x-tf/block") == Some(&json!(true));
    if let Json::Object(members) = property {
        members.insert("x-tf".to_owned(), json!(COMPUTED));
        // What a configuration must keep to says nothing of an answer.
        for check in ["pattern", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "enum"] {
            members.shift_remove(check);
        }
    }
    for (name, value) in kept {
        if let Some(value) = value {
            set(property, name, value);
        }
    }
    if is_block && property.get("properties").is_some() {
        let (flags, description) = (property.get("x-tf").cloned(), property.get("description").cloned());
        let items = property.take();
        *property = json!({ "type": "array", "items": items, "x-tf": flags, "description": description });
    }
    for inner in ["/properties", "/items/properties", "/additionalProperties/properties"] {
        if let Some(Json::Object(properties)) = property.pointer_mut(inner) {
            properties.retain(|_, property| is_told(property));
            properties.values_mut().for_each(told);
        }
    }
}

impl<T: One> DataSource for Lookup<T> {
    const NAME: &'static str = T::NAME;
    const EXAMPLE: &'static str = T::LOOKUP;

    type Client = T::Client;

    async fn read(cx: &Call<T::Client>, config: Self) -> Result<Self> {
        let asked = |name: &str| config.0.get(name).filter(|value| !value.is_null() && **value != "");
        let keys: Vec<&str> =
            [T::API.own()].iter().chain(T::BY).copied().filter(|name| asked(name).is_some()).collect();
        if keys.is_empty() {
            let names =
                [T::API.own()].iter().chain(T::BY).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
            return Err(Error::new(format!("It is not said which {}", T::NOUN)).detail(format!("Set {names}.")));
        }
        let object = reconcile::object::<T>(config.0.clone())?;
        let calls = Calls::new(cx, &object).await?;
        let place = Place::of_plan(&object, calls.client())?;
        let all = match place.own() {
            "" => calls.list(&place).await?,
            _ => calls.get(&place).await?.into_iter().collect(),
        };
        let mut found = all.iter().filter(|one| keys.iter().all(|key| is_same(one.get(key), asked(key))));
        let (first, second) = (found.next(), found.next());
        let words = || {
            keys.iter().map(|key| format!("{key} {}", asked(key).unwrap_or(&Json::Null))).collect::<Vec<_>>().join(", ")
        };
        match (first, second) {
            (Some(one), None) => {
                let place = place.with_own(one)?;
                place.named(reconcile::seen(&config, &T::told(one.clone()))?)
            }
            (None, _) => Err(Error::new(format!("There is no {} with {}", T::NOUN, words()))),
            (Some(_), Some(_)) => Err(Error::new(format!("There are several of {}: {}", T::NOUN, words()))
                .detail(format!("Set `{}` to say which one.", T::API.own()))),
        }
    }
}

/// Whether an answer's member is what was asked for; ids are numbers here and texts there.
fn is_same(found: Option<&Json>, asked: Option<&Json>) -> bool {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    found.map(text) == asked.map(text)
}
