//! Which object of a configuration a planned object comes from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Fields;
use super::pairing::Filed;
use crate::meaning;
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
            let mut free = Free::of(configured, fields);
            let changed = elements.into_iter().map(|element| match free.take(&element) {
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

/// The configured objects of a set that no planned object has been found for yet.
pub(super) struct Free<'a> {
    fields: Fields<'a>,
    groups: Vec<Group<'a>>,
}

/// Configured objects that say something of the same attributes, by what they say.
struct Group<'a> {
    /// The attributes, by their index. `None` for what is no object: unknown, say.
    said: Option<Vec<usize>>,
    filed: Filed<'a>,
}

impl<'a> Free<'a> {
    /// All configured objects.
    pub(super) fn of(configured: &'a [Value], fields: Fields<'a>) -> Self {
        let mut free = Self { fields, groups: Vec::new() };
        for config in configured {
            let said = matches!(config, Value::Map(_)).then(|| decisive(config, fields));
            let key = key(config, said.as_deref(), fields);
            match free.groups.iter_mut().find(|group| group.said == said) {
                Some(group) => group.filed.file(key, config),
                None => {
                    let mut filed = Filed::default();
                    filed.file(key, config);
                    free.groups.push(Group { said, filed });
                }
            }
        }
        free
    }

    /// Takes the configured object that `value` comes from: of those that fit, the one that says most.
    pub(super) fn take(&mut self, value: &Value) -> Option<&'a Value> {
        let mut best: Option<(usize, (usize, usize, usize))> = None;
        for (group, candidates) in self.groups.iter().enumerate() {
            let Some((slot, left)) = candidates.filed.at(key(value, candidates.said.as_deref(), self.fields)) else {
                continue;
            };
            for (at, config) in left.iter().enumerate() {
                let says = said(config);
                if best.is_none_or(|(most, _)| says > most) && fits(value, config, self.fields) {
                    best = Some((says, (group, slot, at)));
                }
            }
        }
        let (_, (group, slot, at)) = best?;
        self.groups.get_mut(group)?.filed.take(slot, at)
    }
}

/// The plain attributes of which a configured object says something that a planned one must have too.
fn decisive(config: &Value, fields: Fields<'_>) -> Vec<usize> {
    let plain = (0..).zip(fields.attributes).filter(|(_, attribute)| matches!(attribute.shape, Shape::Type(_)));
    let said = plain
        .filter(|(_, attribute)| !attribute.flags.write_only && !meaning::is_left_out(config.member(&attribute.name)));
    said.map(|(at, _)| at).collect()
}

fn key<'a>(value: &'a Value, said: Option<&[usize]>, fields: Fields<'_>) -> Vec<Cow<'a, Value>> {
    match said {
        Some(said) => {
            let attributes = said.iter().filter_map(|at| fields.attributes.get(*at));
            attributes.map(|attribute| meaning::form(attribute, value.member(&attribute.name))).collect()
        }
        None => vec![Cow::Borrowed(value)],
    }
}

/// Whether a planned object may come from a configured one: what the configuration says is the same.
fn fits(value: &Value, config: &Value, fields: Fields<'_>) -> bool {
    #[cfg(test)]
    super::tests::sets::count();
    if !matches!((value, config), (Value::Map(_), Value::Map(_))) {
        return value == config;
    }
    let plain = fields.attributes.iter().filter(|attribute| matches!(attribute.shape, Shape::Type(_)));
    let plain = plain.into_iter().all(|attribute| {
        let (config, value) = (config.member(&attribute.name), value.member(&attribute.name));
        let same = || meaning::form(attribute, config) == meaning::form(attribute, value);
        meaning::is_left_out(config) || attribute.flags.write_only || config == value || same()
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
            let mut free = Free::of(configs, fields);
            values.len() == configs.len() && values.iter().all(|value| free.take(value).is_some())
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
