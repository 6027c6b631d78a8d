//! What is planned, laid over the object that the service has.

use serde_json::{Map, Value as Json};

use super::meaning::same;
use super::{Field, Fields, Holds, member, put};
use crate::types::Nesting;

/// `found` with the planned values put over it. What neither state nor plan say anything of stays as it is.
pub(super) fn over(fields: Fields<'_>, found: &Json, state: &Json, plan: &Json) -> Json {
    let mut whole = found.as_object().cloned().unwrap_or_default();
    let places: Vec<Vec<&str>> = fields.all().filter(|field| field.is_sent()).map(Field::wire).collect();
    for field in fields.all().filter(|field| !field.is_configurable() && !places.contains(&field.wire())) {
        take(&mut whole, &field.wire());
    }
    for field in fields.all().filter(|field| field.is_sent()) {
        let (before, after) = (member(state, field.name), member(plan, field.name));
        match field.encoded(after) {
            Some(value) => {
                let value = match field.found(found) {
                    Some(found) => laid(field, found, before, after, value),
                    None => value,
                };
                put(&mut whole, &field.wire(), value);
            }
            None if field.may_be_decided() || field.is_zero(before) => {}
            None => take(&mut whole, &field.wire()),
        }
    }
    Json::Object(whole)
}

/// A field's value over what was found in its place. `value` is the planned one as it is sent without that.
pub(super) fn laid(field: Field<'_>, found: &Json, before: &Json, after: &Json, value: Json) -> Json {
    let Holds::Objects(nesting, _, inside) = field.holds else { return value };
    match (nesting, found, after) {
        (Nesting::Map, Json::Object(found), Json::Object(after)) => {
            let laid = after.iter().map(|(key, after)| {
                let found = found.get(key).unwrap_or(&Json::Null);
                (key.clone(), over(inside, found, member(before, key), after))
            });
            Json::Object(laid.collect::<Map<_, _>>())
        }
        (_, Json::Array(found), Json::Array(after)) => {
            let mut free: Vec<Option<&Json>> = found.iter().map(Some).collect();
            let same_length = found.len() == after.len();
            let befores = before.as_array().map(Vec::as_slice).unwrap_or_default();
            let after = after.iter().filter(|one| !one.is_null()).enumerate();
            after
                .map(|(index, after)| {
                    let mut found = free.iter_mut().find(|one| one.is_some_and(|one| covers(inside, one, after)));
                    if found.is_none() && same_length && nesting == Nesting::List {
                        found = free.get_mut(index);
                    }
                    let found = found.and_then(Option::take).unwrap_or(&Json::Null);
                    over(inside, found, befores.get(index).unwrap_or(&Json::Null), after)
                })
                .collect()
        }
        (_, Json::Object(_), Json::Object(_)) => over(inside, found, before, after),
        _ => value,
    }
}

/// Whether an object of the service has everything that is planned of one.
pub(super) fn covers(fields: Fields<'_>, found: &Json, plan: &Json) -> bool {
    fields.all().filter(|field| field.is_sent() && !field.flags.untold && !field.flags.write_only).all(|field| {
        let planned = member(plan, field.name);
        field.is_nothing(planned)
            || match (field.holds, field.found(found)) {
                (_, None) => field.is_zero(planned),
                (Holds::Plain(_), found) => found.is_some_and(|found| same(field, found, planned)),
                (Holds::Objects(_, _, inside), Some(found)) if planned.is_object() => covers(inside, found, planned),
                (Holds::Objects(..), found) => found.is_some(),
            }
    })
}

/// Takes the value at a path away.
fn take(body: &mut Map<String, Json>, path: &[&str]) {
    match path {
        [] => {}
        [last] => {
            body.shift_remove(*last);
        }
        [first, rest @ ..] => {
            if let Some(Json::Object(inner)) = body.get_mut(*first) {
                take(inner, rest);
            }
        }
    }
}
