//! The objects of an account, a metastore or a workspace, by kind and key. A store knows no kind: what an object is made of, and
//! what may be done with it, is said by its row (see [`kind`]).

pub(crate) mod fields;
pub(crate) mod kind;
pub(crate) mod mask;
pub(crate) mod serve;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Objects by kind, then by key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Store(BTreeMap<String, BTreeMap<String, Object>>);

/// The store that objects are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    Account,
    Workspace,
    /// The metastore that the workspace is assigned to, or that the path names.
    Metastore,
}

/// An object: the fields that its API tells, and what is kept beside them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) fields: Map<String, Value>,
    /// What becomes of it by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) due: Vec<Due>,
    /// The service's own: it is not counted, and goes with what it belongs to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) built_in: bool,
}

/// A field that gets another value at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Due {
    pub(crate) at: i64,
    pub(crate) field: String,
    pub(crate) value: Value,
}

impl Store {
    /// The objects of a kind, in the order of their keys.
    pub(crate) fn all(&self, kind: &str) -> impl Iterator<Item = (&String, &Object)> {
        self.0.get(kind).into_iter().flatten()
    }

    pub(crate) fn get(&self, kind: &str, key: &str) -> Option<&Object> {
        self.0.get(kind)?.get(key)
    }

    pub(crate) fn get_mut(&mut self, kind: &str, key: &str) -> Option<&mut Object> {
        self.0.get_mut(kind)?.get_mut(key)
    }

    pub(crate) fn has(&self, kind: &str, key: &str) -> bool {
        self.get(kind, key).is_some()
    }

    pub(crate) fn insert(&mut self, kind: &str, key: String, object: Object) {
        self.0.entry(kind.to_owned()).or_default().insert(key, object);
    }

    pub(crate) fn remove(&mut self, kind: &str, key: &str) -> Option<Object> {
        self.0.get_mut(kind)?.remove(key)
    }

    /// How many objects of a kind somebody made.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.all(kind).filter(|(_, object)| !object.built_in).count()
    }

    /// Whether nobody made anything in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.values().flat_map(BTreeMap::values).all(|object| object.built_in)
    }

    /// Lets everything happen that is due.
    pub(crate) fn tick(&mut self, now: i64) {
        self.0.values_mut().flat_map(BTreeMap::values_mut).for_each(|object| object.settle(now));
    }
}

impl Object {
    /// An object of these fields.
    pub(crate) fn new(fields: Map<String, Value>) -> Self {
        Self { fields, ..Self::default() }
    }

    /// A text of the object; empty where there is none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.fields.insert(field.to_owned(), value.into());
    }

    /// Sets what nobody said.
    pub(crate) fn fill(&mut self, field: &str, value: impl Into<Value>) {
        self.fields.entry(field).or_insert_with(|| value.into());
    }

    /// Gives a field another value at a time, instead of what was to become of it.
    pub(crate) fn later(&mut self, at: i64, field: &str, value: impl Into<Value>) {
        self.due.retain(|due| due.field != field);
        self.due.push(Due { at, field: field.to_owned(), value: value.into() });
    }

    fn settle(&mut self, now: i64) {
        let (ripe, due) = std::mem::take(&mut self.due).into_iter().partition(|due: &Due| due.at <= now);
        self.due = due;
        for Due { field, value, .. } in ripe {
            self.fields.insert(field, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_due_happens_at_its_time() {
        let mut store = Store::default();
        let mut object = Object::default();
        object.set("state", "STARTING");
        object.later(10, "state", "FAILED");
        object.later(20, "state", "RUNNING");
        store.insert("warehouses", "a".to_owned(), object);
        let state = |store: &Store| store.get("warehouses", "a").unwrap().text("state").to_owned();
        store.tick(10);
        assert_eq!(state(&store), "STARTING");
        store.tick(20);
        assert_eq!(state(&store), "RUNNING");
        assert!(store.get("warehouses", "a").unwrap().due.is_empty());
    }

    #[test]
    fn what_nobody_made_is_not_counted() {
        let mut store = Store::default();
        store.insert("schemas", "a.default".to_owned(), Object { built_in: true, ..Object::default() });
        store.insert("schemas", "a.b".to_owned(), Object::default());
        assert_eq!((store.count("schemas"), store.count("catalogs")), (1, 0));
    }

    #[test]
    fn a_store_outlives_its_process() {
        let mut store = Store::default();
        let mut object = Object::default();
        object.set("name", "x");
        object.later(5, "state", "DONE");
        store.insert("kinds", "k".to_owned(), object);
        let saved = serde_json::to_value(&store).unwrap();
        assert_eq!(saved["kinds"]["k"]["fields"], json!({"name": "x"}));
        assert_eq!(serde_json::from_value::<Store>(saved).unwrap(), store);
    }
}
