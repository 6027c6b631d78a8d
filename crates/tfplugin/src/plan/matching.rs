//! Which object of a configuration a planned object comes from.

use std::collections::BTreeMap;

use super::Fields;
use crate::types::{Nesting, Shape};
use crate::value::{Value, set_of};

/// Applies `change` to every planned object of a nested value, with the configured object that it comes from: the same
/// index, the same key, or in a set the one that fits. What has no counterpart, as it is computed, stays as it is.
pub(super) fn each(
    value: Value,
    config: &Value,
    nesting: Nesting,
    fields: Fields<'_>,
    change: &mut dyn FnMut(Value, &Value) -> Value,
) -> Value {
    match (nesting, value, config) {
        (Nesting::Single, value @ Value::Map(_), Value::Map(_)) => change(value, config),
        (Nesting::List, Value::List(elements), Value::List(configured)) => {
            let mut configured = configured.iter();
            let changed = elements.into_iter().map(|element| match configured.next() {
                Some(config) => change(element, config),
                None => element,
            });
            Value::List(changed.collect())
        }
        (Nesting::Set, Value::List(elements), Value::List(configured)) => {
            let mut free: Vec<&Value> = configured.iter().collect();
            let changed = elements.into_iter().map(|element| match take_fitting(&element, &mut free, fields) {
                Some(config) => change(element, config),
                None => element,
            });
            set_of(changed.collect())
        }
        (Nesting::Map, Value::Map(members), Value::Map(configured)) => {
            let changed = members.into_iter().map(|(key, member)| match configured.get(&key) {
                Some(config) => {
                    let member = change(member, config);
                    (key, member)
                }
                None => (key, member),
            });
            Value::Map(changed.collect::<BTreeMap<_, _>>())
        }
        (_, value, _) => value,
    }
}

/// Takes the configured object that `value` comes from: of those that fit, the one that says most.
pub(super) fn take_fitting<'a>(value: &Value, free: &mut Vec<&'a Value>, fields: Fields<'_>) -> Option<&'a Value> {
    let fitting = free.iter().enumerate().filter(|(_, config)| fits(value, config, fields));
    let (at, _) = fitting.max_by_key(|(_, config)| said(config))?;
    Some(free.swap_remove(at))
}

/// Whether a planned object may come from a configured one: what the configuration says is the same.
fn fits(value: &Value, config: &Value, fields: Fields<'_>) -> bool {
    if !matches!((value, config), (Value::Map(_), Value::Map(_))) {
        return value == config;
    }
    let plain = fields.attributes.iter().filter(|attribute| matches!(attribute.shape, Shape::Type(_)));
    let plain = plain.into_iter().all(|attribute| {
        let config = config.member(&attribute.name);
        config.is_null() || attribute.flags.write_only || config == value.member(&attribute.name)
    });
    plain
        && fields
            .nested()
            .all(|(name, nesting, inner)| nested_fits(value.member(name), config.member(name), nesting, inner))
}

fn nested_fits(value: &Value, config: &Value, nesting: Nesting, fields: Fields<'_>) -> bool {
    match (nesting, value, config) {
        (_, _, Value::Null) => true,
        (Nesting::List, Value::List(values), Value::List(configs)) => {
            values.len() == configs.len()
                && values.iter().zip(configs).all(|(value, config)| fits(value, config, fields))
        }
        (Nesting::Set, Value::List(values), Value::List(configs)) => {
            let mut free: Vec<&Value> = configs.iter().collect();
            values.len() == configs.len() && values.iter().all(|value| take_fitting(value, &mut free, fields).is_some())
        }
        (Nesting::Map, Value::Map(values), Value::Map(configs)) => {
            values.len() == configs.len()
                && values.iter().all(|(key, value)| configs.get(key).is_some_and(|config| fits(value, config, fields)))
        }
        (Nesting::Single, value, config) => fits(value, config, fields),
        (_, value, config) => value == config,
    }
}

/// How much a configured object says.
fn said(config: &Value) -> usize {
    match config {
        Value::Null => 0,
        Value::List(elements) => 1 + elements.iter().map(said).sum::<usize>(),
        Value::Map(members) => 1 + members.values().map(said).sum::<usize>(),
        _ => 1,
    }
}
