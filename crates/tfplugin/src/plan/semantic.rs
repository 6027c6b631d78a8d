//! Values that are written differently and mean the same.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::pairing::Filed;
use super::{Fields, replace_member};
use crate::flags::OwnedFlags;
use crate::types::{Nesting, Schema, Shape, Type};
use crate::value::{Value, set_of};

/// JSON nested deeper than this is compared as text.
const DEPTH: usize = 100;

/// `new`, with the values of `prior` where both mean the same: JSON text, letter case, and a configurable collection that
/// one side has as null and the other as empty. For results of read and apply, so that the user's own form stays in the
/// state. What users cannot configure has no such form: an import is to find the same as a create.
pub(crate) fn semantic_keep(schema: &Schema, prior: &Value, new: &Value) -> Value {
    object(new.clone(), prior, Fields::of(&schema.body), true)
}

/// The same for a plan, where Terraform allows less: nothing in sets, and null is not empty.
pub(super) fn in_plan(value: Value, prior: &Value, fields: Fields<'_>) -> Value {
    object(value, prior, fields, false)
}

fn object(value: Value, prior: &Value, fields: Fields<'_>, result: bool) -> Value {
    if !matches!(prior, Value::Map(_)) {
        return value;
    }
    let Value::Map(mut members) = value else { return value };
    for attribute in fields.attributes {
        let flags = &attribute.flags;
        let prior = prior.member(&attribute.name);
        let users_form = result && (flags.required || flags.optional);
        replace_member(&mut members, &attribute.name, |value| match &attribute.shape {
            _ if users_form && prior.is_null() && is_empty(&value) => Value::Null,
            _ if users_form && value.is_null() && is_empty(prior) => prior.clone(),
            Shape::Type(of) if (flags.json || flags.ignores_case) && means(&value, prior, of, flags) => prior.clone(),
            _ => value,
        });
    }
    for (name, nesting, inner) in fields.nested() {
        let prior = prior.member(name);
        replace_member(&mut members, name, |value| nested(value, prior, nesting, inner, result));
    }
    Value::Map(members)
}

fn nested(value: Value, prior: &Value, nesting: Nesting, fields: Fields<'_>, result: bool) -> Value {
    match (nesting, value, prior) {
        (Nesting::Single, value, prior) => object(value, prior, fields, result),
        (Nesting::List, Value::List(elements), Value::List(priors)) => {
            let mut priors = priors.iter();
            let kept = elements.into_iter().map(|element| match priors.next() {
                Some(prior) => object(element, prior, fields, result),
                None => element,
            });
            Value::List(kept.collect())
        }
        (Nesting::Map, Value::Map(members), Value::Map(priors)) => {
            let kept = members.into_iter().map(|(key, member)| match priors.get(&key) {
                Some(prior) => {
                    let member = object(member, prior, fields, result);
                    (key, member)
                }
                None => (key, member),
            });
            Value::Map(kept.collect())
        }
        (Nesting::Set, Value::List(elements), Value::List(priors)) if result => {
            let mut free = Filed::default();
            for prior in priors {
                free.file(vec![Cow::Owned(meaning_of(prior, fields))], prior);
            }
            let kept = elements.into_iter().map(|element| {
                let same = free.at(vec![Cow::Owned(meaning_of(&element, fields))]).and_then(|(slot, left)| {
                    Some((slot, left.iter().position(|prior| is_same(&element, prior, fields))?))
                });
                same.and_then(|(slot, at)| free.take(slot, at)).cloned().unwrap_or(element)
            });
            set_of(kept.collect())
        }
        (_, value, _) => value,
    }
}

fn is_same(element: &Value, prior: &Value, fields: Fields<'_>) -> bool {
    #[cfg(test)]
    super::tests::sets::count();
    object(element.clone(), prior, fields, true) == *prior
}

/// One form for all objects that may mean the same: by it they are filed, before they are compared. Nothing at all is left
/// out however it is spelled, and text has the spelling that its flags allow to choose.
fn meaning_of(object: &Value, fields: Fields<'_>) -> Value {
    let Value::Map(members) = object else { return object.clone() };
    let mut form = BTreeMap::new();
    let attributes = fields.attributes.iter().filter_map(|attribute| match attribute.shape {
        Shape::Type(_) => Some((attribute.name.as_str(), spelled(members.get(&attribute.name)?, &attribute.flags))),
        Shape::Nested(..) => None,
    });
    let nested = fields.nested().filter_map(|(name, _, inner)| {
        let value = match members.get(name)? {
            Value::List(elements) => {
                let elements = elements.iter().map(|element| meaning_of(element, inner));
                set_of(elements.filter(|element| !is_nothing(element)).collect())
            }
            // A map of objects, or one object: the members of either.
            Value::Map(_) => Value::Bool(true),
            other => other.clone(),
        };
        Some((name, value))
    });
    form.extend(attributes.chain(nested).filter(|(_, value)| !is_nothing(value)).map(|(k, v)| (k.to_owned(), v)));
    Value::Map(form)
}

/// A value in the one spelling of those that its flags make equal.
fn spelled(value: &Value, flags: &OwnedFlags) -> Value {
    match value {
        Value::String(text) if flags.json => json(text).map_or_else(|| value.clone(), |json| Value::List(vec![json])),
        Value::String(text) if flags.ignores_case => Value::String(text.to_lowercase()),
        Value::List(elements) => {
            let elements = elements.iter().filter(|element| !is_nothing(element));
            Value::List(elements.map(|element| spelled(element, flags)).collect())
        }
        Value::Map(members) => {
            let members = members.iter().filter(|(_, member)| !is_nothing(member));
            Value::Map(members.map(|(key, member)| (key.clone(), spelled(member, flags))).collect())
        }
        other => other.clone(),
    }
}

/// What may stand for "not said".
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::List(elements) => elements.is_empty(),
        Value::Map(members) => members.is_empty(),
        _ => false,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::List(elements) => elements.is_empty(),
        Value::Map(members) => members.is_empty(),
        _ => false,
    }
}

fn means(value: &Value, prior: &Value, of: &Type, flags: &OwnedFlags) -> bool {
    match (value, prior, of) {
        (Value::String(value), Value::String(prior), Type::String) => {
            value == prior
                || (flags.ignores_case && value.to_lowercase() == prior.to_lowercase())
                || (flags.json && json(value).is_some_and(|value| Some(value) == json(prior)))
        }
        (Value::List(values), Value::List(priors), Type::List(of)) => {
            values.len() == priors.len()
                && values.iter().zip(priors).all(|(value, prior)| means(value, prior, of, flags))
        }
        (Value::List(values), Value::List(priors), Type::Set(of)) => {
            let mut free = Filed::default();
            for prior in priors {
                free.file(vec![Cow::Owned(spelled(prior, flags))], prior);
            }
            values.len() == priors.len()
                && values.iter().all(|value| {
                    let same = free.at(vec![Cow::Owned(spelled(value, flags))]).and_then(|(slot, left)| {
                        Some((slot, left.iter().position(|prior| means(value, prior, of, flags))?))
                    });
                    same.and_then(|(slot, at)| free.take(slot, at)).is_some()
                })
        }
        (Value::Map(values), Value::Map(priors), Type::Map(of)) => {
            values.len() == priors.len()
                && values.iter().all(|(key, value)| priors.get(key).is_some_and(|prior| means(value, prior, of, flags)))
        }
        _ => value == prior && !value.is_unknown(),
    }
}

/// What a JSON text means: without spaces, the order of members, or the spelling of numbers.
fn json(text: &str) -> Option<Value> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    meaning(raw.get(), DEPTH)
}

fn meaning(json: &str, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let json = json.trim();
    match json.chars().next()? {
        '{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
            let members = members.into_iter().map(|(name, member)| Some((name, meaning(member.get(), depth)?)));
            members.collect::<Option<_>>().map(Value::Map)
        }
        '[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            elements.into_iter().map(|element| meaning(element.get(), depth)).collect::<Option<_>>().map(Value::List)
        }
        '"' => serde_json::from_str(json).ok().map(Value::String),
        't' | 'f' => Some(Value::Bool(json == "true")),
        'n' => Some(Value::Null),
        _ => json.parse().ok().map(Value::Number),
    }
}
