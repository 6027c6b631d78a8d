//! What an answer says, in the spelling of what is known.

use serde_json::{Map, Value as Json};

use super::meaning::{same, without_nulls};
use super::{Field, Fields, Holds, member};
use crate::diagnostic::{Error, Result};
use crate::types::{Nesting, Type};

/// The object that `found` describes: every attribute of the schema, null where there is nothing.
pub(super) fn whole_object(fields: Fields<'_>, known: &Json, found: &Json) -> Result<Json> {
    // An import knows the id and defaults alone: what replaces the object is then taken as it is found, false and 0 too.
    let configurable = fields.all().filter(|field| field.is_configurable() && field.flags.default.is_none());
    let imported = configurable.into_iter().all(|field| member(known, field.name).is_null());
    object(fields, known, found, imported)
}

fn object(fields: Fields<'_>, known: &Json, found: &Json, imported: bool) -> Result<Json> {
    let mut members = Map::new();
    for field in fields.all() {
        let known = member(known, field.name);
        let found = field.found(found).map(without_nulls);
        let value = match found {
            _ if field.flags.unsent || field.flags.untold => known.clone(),
            _ if field.flags.write_only => Json::Null,
            None => absent(field, known),
            Some(found) => present(field, known, &found, imported)?,
        };
        members.insert(field.name.to_owned(), value);
    }
    Ok(Json::Object(members))
}

/// `tree` with null for every attribute that it lacks.
pub(super) fn whole(fields: Fields<'_>, tree: Json) -> Json {
    let Json::Object(mut members) = tree else { return tree };
    for field in fields.all() {
        let value = members.shift_remove(field.name).unwrap_or_default();
        let value = match (field.holds, value) {
            (Holds::Plain(_), value) => value,
            (Holds::Objects(Nesting::Map, _, inside), Json::Object(objects)) => {
                Json::Object(objects.into_iter().map(|(key, object)| (key, whole(inside, object))).collect())
            }
            (Holds::Objects(_, _, inside), Json::Array(elements)) => {
                elements.into_iter().map(|element| whole(inside, element)).collect()
            }
            (Holds::Objects(_, _, inside), value) => whole(inside, value),
        };
        members.insert(field.name.to_owned(), value);
    }
    Json::Object(members)
}

/// Services leave out what is empty, false, 0 or their own default.
fn absent(field: Field<'_>, known: &Json) -> Json {
    let flags = field.flags;
    let default = || flags.default.as_deref().and_then(|text| serde_json::from_str::<Json>(text).ok());
    let stays = flags.keeps_state
        || (field.is_configurable()
            && (field.is_zero(known) || default().is_some_and(|default| same(field, known, &default))));
    if stays { known.clone() } else { Json::Null }
}

fn present(field: Field<'_>, known: &Json, found: &Json, imported: bool) -> Result<Json> {
    let flags = field.flags;
    let unasked = known.is_null() && field.is_configurable() && !(imported && flags.replaces);
    if unasked && (flags.service_default || (!flags.required && !flags.computed && field.is_zero(found))) {
        return Ok(Json::Null);
    }
    let value = match (field.holds, found) {
        (Holds::Plain(of), found) => typed(of, found).ok_or_else(|| {
            Error::new(format!("{}: the service answered {} where {of} is expected", field.name, kind(found)))
        })?,
        (Holds::Objects(Nesting::Map, _, inside), Json::Object(members)) => {
            let mut objects = Map::new();
            for (key, found) in members {
                objects.insert(key.clone(), object(inside, member(known, key), found, imported)?);
            }
            Json::Object(objects)
        }
        (Holds::Objects(_, true, _), Json::Array(elements)) => {
            return match elements.as_slice() {
                [] => Ok(absent(field, known)),
                [only] => present(field, known, only, imported),
                _ => Err(Error::new(format!("{}: the service answered several where one is expected", field.name))),
            };
        }
        (Holds::Objects(_, true, inside), found @ Json::Object(_)) => object(inside, known, found, imported)?,
        (Holds::Objects(nesting, false, inside), Json::Array(elements)) => {
            elements_of(nesting, inside, known, elements, imported)?
        }
        // A list that stands on the wire as the one object that it can hold.
        (Holds::Objects(nesting, false, inside), found @ Json::Object(_)) => {
            elements_of(nesting, inside, known, std::slice::from_ref(found), imported)?
        }
        (Holds::Objects(..), found) => {
            let kind = kind(found);
            return Err(Error::new(format!("{}: the service answered {kind} where an object is expected", field.name)));
        }
    };
    let is_plain = matches!(field.holds, Holds::Plain(_));
    Ok(if is_plain && field.is_configurable() && !known.is_null() && same(field, known, &value) {
        known.clone()
    } else {
        value
    })
}

/// The elements of a list or set, each beside the known one that it is.
fn elements_of(nesting: Nesting, inside: Fields<'_>, known: &Json, found: &[Json], imported: bool) -> Result<Json> {
    let knowns = known.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut free: Vec<Option<&Json>> = knowns.iter().map(Some).collect();
    let same_length = knowns.len() == found.len();
    let mut elements = Vec::new();
    for (index, found) in found.iter().enumerate() {
        let mut beside = free.iter_mut().find(|one| one.is_some_and(|one| super::laid::covers(inside, found, one)));
        if beside.is_none() && nesting == Nesting::List && same_length {
            beside = free.get_mut(index);
        }
        let known = beside.and_then(Option::take).unwrap_or(&Json::Null);
        elements.push(object(inside, known, found, imported)?);
    }
    Ok(Json::Array(elements))
}

/// `found` in the form of a type: proto's JSON writes 64-bit integers as text, and ids are texts here and numbers there.
pub(super) fn typed(of: &Type, found: &Json) -> Option<Json> {
    Some(match (of, found) {
        (Type::Dynamic, found) => found.clone(),
        (Type::String, Json::String(_)) | (Type::Bool, Json::Bool(_)) | (Type::Number, Json::Number(_)) => {
            found.clone()
        }
        (Type::String, Json::Number(_) | Json::Bool(_)) => Json::String(found.to_string()),
        (Type::Number, Json::String(text)) => match text.parse::<i64>() {
            Ok(integer) => integer.into(),
            Err(_) => text.parse::<f64>().ok()?.into(),
        },
        (Type::Bool, Json::String(text)) => Json::Bool(text.parse().ok()?),
        (Type::List(of) | Type::Set(of), Json::Array(elements)) => {
            Json::Array(elements.iter().map(|element| typed(of, element)).collect::<Option<_>>()?)
        }
        (Type::Map(of), Json::Object(members)) => {
            let members = members.iter().map(|(key, member)| Some((key.clone(), typed(of, member)?)));
            Json::Object(members.collect::<Option<_>>()?)
        }
        (Type::Object(_) | Type::Tuple(_), found) => found.clone(),
        _ => return None,
    })
}

/// What a value is, in a word. Never the value itself, which may be a secret.
fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
