//! Where a planned change replaces the object.

use std::collections::{BTreeMap, BTreeSet};

use super::Fields;
use crate::diagnostic::{Path, Step};
use crate::flags::OwnedFlags;
use crate::meaning;
use crate::types::{Attribute, Nesting, Shape};
use crate::value::{Value, set_of};

/// Collects the paths whose change replaces the object. A path leads to something that is there before or after: core
/// refuses others. The elements of a set have no path, so theirs is that of the set.
pub(super) fn collect(
    prior: &Value,
    planned: &Value,
    config: &Value,
    fields: Fields<'_>,
    path: &Path,
    found: &mut Vec<Path>,
) {
    for attribute in fields.attributes {
        let name = &attribute.name;
        let (prior, planned, config) = (prior.member(name), planned.member(name), config.member(name));
        let path = path.then(Step::Attribute(name.clone()));
        match &attribute.shape {
            Shape::Nested(nesting, attributes) => {
                let inner = Fields { attributes, blocks: &[] };
                nested(prior, planned, config, &attribute.flags, (*nesting, inner), &path, found);
            }
            Shape::Type(_) if attribute.flags.replaces && differs(attribute, prior, planned, config) => {
                found.push(path);
            }
            Shape::Type(_) => {}
        }
    }
    for block in fields.blocks {
        let name = &block.name;
        let (prior, planned, config) = (prior.member(name), planned.member(name), config.member(name));
        let path = path.then(Step::Attribute(name.clone()));
        nested(prior, planned, config, &block.flags, (block.nesting, Fields::of(&block.body)), &path, found);
    }
}

fn nested(
    prior: &Value,
    planned: &Value,
    config: &Value,
    flags: &OwnedFlags,
    (nesting, fields): (Nesting, Fields<'_>),
    path: &Path,
    found: &mut Vec<Path>,
) {
    let left_out = config.is_null() || (flags.computed && elements(config).is_empty());
    let by_provider = planned.is_unknown() && left_out;
    if by_provider || (flags.computed && !flags.optional) {
        return;
    }
    if flags.replaces {
        if !same_nested(prior, planned, config, nesting, fields) {
            found.push(path.clone());
        }
        return;
    }
    if !can_replace(fields) {
        return;
    }
    if planned.is_unknown() {
        if !prior.is_null() {
            found.push(path.clone());
        }
        return;
    }
    match nesting {
        Nesting::Single => collect(prior, planned, config, fields, path, found),
        Nesting::List => {
            let (prior, planned, config) = (elements(prior), elements(planned), elements(config));
            for index in 0..prior.len().max(planned.len()) {
                let at = |list: &[Value]| list.get(index).cloned().unwrap_or_default();
                let path = path.then(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)));
                collect(&at(prior), &at(planned), &at(config), fields, &path, found);
            }
        }
        Nesting::Map => {
            let keys: BTreeSet<&String> =
                [prior, planned].into_iter().filter_map(members).flat_map(BTreeMap::keys).collect();
            for key in keys {
                let path = path.then(Step::Key(key.clone()));
                collect(prior.member(key), planned.member(key), config.member(key), fields, &path, found);
            }
        }
        Nesting::Set => {
            // An element that says nothing of what replaces may come and go, as in a list.
            let decisive = |set: &Value| {
                let form =
                    |element: &Value| meaning::of_object(fields.attributes, fields.blocks, element.clone(), false);
                let decisive = elements(set).iter().map(|element| only_replacing(form(element), fields));
                set_of(decisive.filter(says_something).collect())
            };
            if decisive(prior) != decisive(planned) {
                found.push(path.clone());
            }
        }
    }
}

/// Whether a plain value is changed by the configuration. What the provider will decide by itself is no change of it.
fn differs(attribute: &Attribute, prior: &Value, planned: &Value, config: &Value) -> bool {
    let by_provider = attribute.flags.computed && meaning::is_left_out(config) && planned.is_unknown();
    !by_provider && !same_plain(attribute, prior, planned)
}

fn same_plain(attribute: &Attribute, prior: &Value, planned: &Value) -> bool {
    let form = |value: &Value| meaning::form(attribute, value).into_owned();
    prior == planned || form(prior) == form(planned)
}

/// Whether a nested value is the same but for what the provider computes in it.
fn same_nested(prior: &Value, planned: &Value, config: &Value, nesting: Nesting, fields: Fields<'_>) -> bool {
    match (nesting, prior, planned) {
        (Nesting::Single, Value::Map(_), Value::Map(_)) => same_object(prior, planned, config, fields),
        (Nesting::List, Value::List(prior), Value::List(planned)) => {
            let config = elements(config);
            prior.len() == planned.len()
                && prior.iter().zip(planned).enumerate().all(|(index, (prior, planned))| {
                    same_object(prior, planned, config.get(index).unwrap_or(&Value::Null), fields)
                })
        }
        (Nesting::Map, Value::Map(prior), Value::Map(planned)) => {
            prior.len() == planned.len()
                && planned.iter().all(|(key, planned)| {
                    prior.get(key).is_some_and(|prior| same_object(prior, planned, config.member(key), fields))
                })
        }
        (Nesting::Set, Value::List(prior), Value::List(planned)) => {
            let free: BTreeSet<&str> = fields
                .attributes
                .iter()
                .filter(|attribute| attribute.flags.computed)
                .filter(|attribute| {
                    !attribute.flags.optional
                        || planned.iter().any(|element| element.member(&attribute.name).is_unknown())
                })
                .map(|attribute| attribute.name.as_str())
                .collect();
            let form = |element: &Value| meaning::of_object(fields.attributes, fields.blocks, element.clone(), false);
            let decisive =
                |elements: &[Value]| set_of(elements.iter().map(|element| without(&form(element), &free)).collect());
            decisive(prior) == decisive(planned)
        }
        _ => prior == planned,
    }
}

fn same_object(prior: &Value, planned: &Value, config: &Value, fields: Fields<'_>) -> bool {
    let attributes = fields.attributes.iter().all(|attribute| {
        let name = &attribute.name;
        let (prior, planned, config) = (prior.member(name), planned.member(name), config.member(name));
        let flags = &attribute.flags;
        if meaning::is_left_out(config) && flags.computed && (!flags.optional || planned.is_unknown()) {
            return true;
        }
        match &attribute.shape {
            Shape::Type(_) => same_plain(attribute, prior, planned),
            Shape::Nested(nesting, attributes) => {
                same_nested(prior, planned, config, *nesting, Fields { attributes, blocks: &[] })
            }
        }
    });
    attributes
        && fields.blocks.iter().all(|block| {
            let name = &block.name;
            let inner = Fields::of(&block.body);
            same_nested(prior.member(name), planned.member(name), config.member(name), block.nesting, inner)
        })
}

fn can_replace(fields: Fields<'_>) -> bool {
    fields.attributes.iter().any(|attribute| attribute.flags.replaces)
        || fields.blocks.iter().any(|block| block.flags.replaces)
        || fields.nested().any(|(_, _, inner)| can_replace(inner))
}

/// An element of a set with nothing but what can replace.
fn only_replacing(element: Value, fields: Fields<'_>) -> Value {
    let Value::Map(members) = element else { return element };
    let keeps = |name: &str| {
        fields.attributes.iter().any(|attribute| attribute.name == name && attribute.flags.replaces)
            || fields.blocks.iter().any(|block| block.name == name && block.flags.replaces)
            || fields.nested().any(|(nested, _, inner)| nested == name && can_replace(inner))
    };
    Value::Map(members.into_iter().filter(|(name, _)| keeps(name)).collect())
}

fn says_something(element: &Value) -> bool {
    match element {
        Value::Null => false,
        Value::List(elements) => elements.iter().any(says_something),
        Value::Map(members) => members.values().any(says_something),
        _ => true,
    }
}

fn without(element: &Value, names: &BTreeSet<&str>) -> Value {
    let Value::Map(members) = element else { return element.clone() };
    let kept = members.iter().filter(|(name, _)| !names.contains(name.as_str()));
    Value::Map(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn elements(value: &Value) -> &[Value] {
    match value {
        Value::List(elements) => elements,
        _ => &[],
    }
}

fn members(value: &Value) -> Option<&BTreeMap<String, Value>> {
    match value {
        Value::Map(members) => Some(members),
        _ => None,
    }
}
