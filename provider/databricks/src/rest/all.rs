//! The data source "all of them" of a REST object.

use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use tfplugin::{COMPUTED, Call, Client, DataSource, DataSourceEntry, ID, OPTIONAL, Result};

use super::Rest;
use super::calls::Calls;
use super::place::Place;

/// A REST object whose whole list can be asked for.
pub trait All: Rest {
    /// The full type name of the data source: `databricks_mws_credentials`.
    const LIST_NAME: &'static str;
    /// A complete configuration whose data source is named `example`.
    const LIST_EXAMPLE: &'static str;
    /// What the list is made of.
    const LIST: List;
}

/// What a list of objects is made of.
#[derive(Debug, Clone, Copy)]
pub struct List {
    form: Form,
    /// The member of an answer with the object's name.
    name: &'static str,
    /// Members by which the list can be narrowed.
    by: &'static [&'static str],
}

#[derive(Debug, Clone, Copy)]
enum Form {
    /// `ids`: a map from names to ids.
    Ids,
    /// `names`: a list of names.
    Names,
}

impl List {
    /// `ids`, a map from the names, which stand in this member of an answer, to the ids.
    pub const fn ids(name: &'static str) -> Self {
        Self { form: Form::Ids, name, by: &[] }
    }

    /// `names`, a list of what stands in this member of an answer.
    pub const fn names(name: &'static str) -> Self {
        Self { form: Form::Names, name, by: &[] }
    }

    /// The list can be narrowed by these members.
    pub const fn by(self, members: &'static [&'static str]) -> Self {
        Self { by: members, ..self }
    }
}

/// The line of the data source in the registry.
pub const fn data_all<C, T>() -> DataSourceEntry<C>
where
    C: Send + Sync + 'static,
    T: All,
    T::Client: Client<C>,
{
    tfplugin::data_source::<C, Listing<T>>()
}

/// The data source of all `T`.
#[derive(Debug, Clone)]
pub struct Listing<T>(Json, PhantomData<fn() -> T>);

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self(json!({}), PhantomData)
    }
}

impl<T> Serialize for Listing<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Listing<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Json::deserialize(deserializer).map(|tree| Self(tree, PhantomData))
    }
}

impl<T: All> JsonSchema for Listing<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}Listing", T::schema_name()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let noun = T::NOUN;
        let mut properties = Map::new();
        let mut add = |name: &str, property: Json| properties.insert(name.to_owned(), property);
        add("id", json!({ "type": "string", "x-tf": ID, "description": "The account, or the workspace's address." }));
        for name in T::LIST.by {
            let description = format!("Only those whose `{name}` is this.");
            add(name, json!({ "type": "string", "x-tf": OPTIONAL, "description": description }));
        }
        let text = json!({ "type": "string" });
        match T::LIST.form {
            Form::Ids => add(
                "ids",
                json!({
                    "type": "object", "additionalProperties": text, "x-tf": COMPUTED,
                    "description": format!("The id of each {noun}, by its name."),
                }),
            ),
            Form::Names => add(
                "names",
                json!({
                    "type": "array", "items": text, "x-tf": COMPUTED, "description": format!("The name of each {noun}."),
                }),
            ),
        };
        json_schema!({ "type": "object", "description": format!("All objects of the kind {noun}."), "properties": properties })
    }
}

impl<T: All> DataSource for Listing<T> {
    const NAME: &'static str = T::LIST_NAME;
    const EXAMPLE: &'static str = T::LIST_EXAMPLE;

    type Client = T::Client;

    async fn read(cx: &Call<T::Client>, config: Self) -> Result<Self> {
        let calls = Calls::<T>::new(cx, &T::default()).await?;
        let mut found = calls.list(&Place::of_plan(&T::default(), calls.client())?).await?;
        found.retain(|one| {
            T::LIST.by.iter().all(|name| match config.0.get(name).and_then(Json::as_str) {
                None | Some("") => true,
                asked => one.get(name).and_then(Json::as_str) == asked,
            })
        });
        let text = |one: &Json, member: &str| match one.get(member) {
            Some(Json::String(text)) => text.clone(),
            Some(value) if !value.is_null() => value.to_string(),
            _ => String::new(),
        };
        let mut tree = config.0.as_object().cloned().unwrap_or_default();
        match T::LIST.form {
            Form::Ids => {
                let ids = found.iter().map(|one| (text(one, T::LIST.name), Json::from(text(one, T::API.own()))));
                tree.insert("ids".to_owned(), Json::Object(ids.collect()));
            }
            Form::Names => {
                let mut names: Vec<String> = found.iter().map(|one| text(one, T::LIST.name)).collect();
                names.sort();
                tree.insert("names".to_owned(), json!(names));
            }
        }
        let id = cx.client().account_id().map_or_else(|_| cx.client().host().to_string(), str::to_owned);
        tree.insert("id".to_owned(), Json::from(id));
        Ok(Self(Json::Object(tree), PhantomData))
    }
}
