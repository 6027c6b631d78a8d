//! When two values mean the same, whatever their spelling.

use serde_json::{Map, Value as Json};

use super::{Field, Fields, Holds, member};
use crate::flags::OwnedFlags;
use crate::types::{Nesting, Type};

/// Whether a value says nothing: null, `""`, `[]`, `{}`, and what holds nothing else.
pub(super) fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.iter().all(Json::is_null),
        Json::Object(members) => members.values().all(is_nothing),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// Whether a value is one that services leave out of an answer: false, 0, or [nothing](is_nothing).
pub(super) fn is_zero(value: &Json) -> bool {
    match value {
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::Object(members) => members.values().all(is_zero),
        other => is_nothing(other),
    }
}

/// Whether two values of a field mean the same.
pub(super) fn same(field: Field<'_>, left: &Json, right: &Json) -> bool {
    left == right || of(field, left) == of(field, right)
}

/// What a value means: one spelling for all that mean the same.
fn of(field: Field<'_>, value: &Json) -> Json {
    if !field.flags.required && field.is_nothing(value) && !is_a_block(field, value) {
        return Json::Null;
    }
    match (field.holds, value) {
        (Holds::Plain(of), value) => plain(of, field.flags, value),
        (Holds::Objects(Nesting::Map, _, inside), Json::Object(members)) => {
            Json::Object(members.iter().map(|(key, one)| (key.clone(), object(inside, one))).collect())
        }
        (Holds::Objects(nesting, _, inside), Json::Array(elements)) => {
            let elements = elements.iter().map(|element| object(inside, element)).collect();
            Json::Array(if nesting == Nesting::Set { sorted(elements) } else { elements })
        }
        (Holds::Objects(_, _, inside), value) => object(inside, value),
    }
}

/// An empty block is there all the same.
fn is_a_block(field: Field<'_>, value: &Json) -> bool {
    value.is_object() && matches!(field.holds, Holds::Objects(_, true, _))
}

fn object(fields: Fields<'_>, value: &Json) -> Json {
    if value.is_null() {
        return Json::Null;
    }
    // What is computed alone is in no plan.
    let fields = fields.all().filter(|field| field.is_configurable());
    let members = fields.map(|field| (field.name.to_owned(), of(field, member(value, field.name))));
    Json::Object(members.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
}

fn plain(of: &Type, flags: &OwnedFlags, value: &Json) -> Json {
    match (of, value) {
        (Type::Set(of), Json::Array(elements)) => {
            Json::Array(sorted(elements.iter().filter(|one| !one.is_null()).map(|one| plain(of, flags, one)).collect()))
        }
        (Type::List(of), Json::Array(elements)) => {
            elements.iter().filter(|one| !one.is_null()).map(|one| plain(of, flags, one)).collect()
        }
        (Type::Map(of), Json::Object(members)) => {
            let members = members.iter().filter(|(_, member)| !member.is_null());
            Json::Object(members.map(|(key, member)| (key.clone(), plain(of, flags, member))).collect())
        }
        (Type::String, Json::String(text)) => self::text(flags, text),
        (Type::Number, Json::Number(number)) => number.as_f64().map_or_else(|| value.clone(), Json::from),
        _ => value.clone(),
    }
}

fn text(flags: &OwnedFlags, text: &str) -> Json {
    if flags.json
        && let Ok(document) = serde_json::from_str::<Json>(text)
    {
        return ordered(document);
    }
    Json::from(flags.spelled(text))
}

/// A document with the members of its objects in the order of their names.
fn ordered(document: Json) -> Json {
    match document {
        Json::Object(members) => {
            let mut members: Vec<(String, Json)> =
                members.into_iter().map(|(name, member)| (name, ordered(member))).collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            Json::Object(members.into_iter().collect())
        }
        Json::Array(elements) => elements.into_iter().map(ordered).collect(),
        other => other,
    }
}

fn sorted(mut elements: Vec<Json>) -> Vec<Json> {
    elements.sort_by_cached_key(Json::to_string);
    elements
}

/// A value without the null members and elements of its collections.
pub(super) fn without_nulls(value: &Json) -> Json {
    match value {
        Json::Array(elements) => elements.iter().filter(|one| !one.is_null()).map(without_nulls).collect(),
        Json::Object(members) => {
            let members = members.iter().filter(|(_, member)| !member.is_null());
            Json::Object(members.map(|(name, member)| (name.clone(), without_nulls(member))).collect())
        }
        other => other.clone(),
    }
}
