//! The generic planner: pure, the same for every resource.
//!
//! The steps and their order are those of Terraform's own framework: defaults, write-only values to null, equal meaning,
//! computed values to unknown where something changes, replacement. What core then checks of a plan is in [`valid`]. A
//! value that means the same as the stored one stays as it is stored: `docs/decisions/0006-nothing-is-nothing.md`.

mod matching;
mod pairing;
mod replace;
mod semantic;
mod valid;

use std::collections::BTreeMap;

use crate::diagnostic::Path;
use crate::schema::TIMEOUTS;
use crate::types::{Attribute, Block, Body, Nesting, Schema, Shape};
use crate::value::Value;
use crate::{conform, meaning};

pub(crate) use semantic::{respelled, semantic_keep};
pub(crate) use valid::{assert_object_compatible, assert_plan_valid, needs_leniency};

/// What is planned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    /// The planned object; null for a delete.
    pub(crate) value: Value,
    /// Where a change replaces the object; sorted, each once.
    pub(crate) replaces: Vec<Path>,
}

/// Plans one object. `prior` is null for a create (and for the second half of a replacement), `proposed` is null for a
/// delete. A changed `timeouts` block alone makes nothing unknown: such a plan needs no update call.
pub(crate) fn plan(schema: &Schema, prior: &Value, proposed: &Value, config: &Value) -> Planned {
    if proposed.is_null() {
        return Planned { value: Value::Null, replaces: Vec::new() };
    }
    let fields = Fields::of(&schema.body);
    let value = defaults(proposed.clone(), config, fields);
    let value = without_write_only(schema, &value);
    let mut value = semantic::in_plan(value, prior, fields);
    if is_changed(prior, &value) {
        value = mark_computed(value, config, fields, !prior.is_null());
    }
    let mut replaces = Vec::new();
    if !prior.is_null() {
        replace::collect(prior, &value, config, fields, &Path::default(), &mut replaces);
    }
    replaces.sort();
    replaces.dedup();
    Planned { value, replaces }
}

/// `value`, with defaults where it says nothing.
pub(crate) fn with_defaults(schema: &Schema, value: Value) -> Value {
    let config = value.clone();
    defaults(value, &config, Fields::of(&schema.body))
}

/// Whether two objects differ in anything but how long operations may take.
pub(crate) fn is_changed(prior: &Value, planned: &Value) -> bool {
    match (prior, planned) {
        (Value::Map(prior), Value::Map(planned)) => {
            prior.len() != planned.len()
                || planned.iter().any(|(name, value)| name != TIMEOUTS && prior.get(name) != Some(value))
        }
        _ => prior != planned,
    }
}

/// `value` without its write-only values.
pub(crate) fn without_write_only(schema: &Schema, value: &Value) -> Value {
    hide(value.clone(), Fields::of(&schema.body))
}

/// The members of an object: attributes and, where they may stand, blocks.
#[derive(Clone, Copy)]
struct Fields<'a> {
    attributes: &'a [Attribute],
    blocks: &'a [Block],
}

impl<'a> Fields<'a> {
    fn of(body: &'a Body) -> Self {
        Self { attributes: &body.attributes, blocks: &body.blocks }
    }

    /// Everything that contains objects.
    fn nested(self) -> impl Iterator<Item = (&'a str, Nesting, Fields<'a>)> {
        let attributes = self.attributes.iter().filter_map(|attribute| {
            let Shape::Nested(nesting, attributes) = &attribute.shape else { return None };
            Some((attribute.name.as_str(), *nesting, Fields { attributes, blocks: &[] }))
        });
        let blocks = self.blocks.iter().map(|block| (block.name.as_str(), block.nesting, Fields::of(&block.body)));
        attributes.chain(blocks)
    }
}

/// Applies `change` to the member `name` of an object.
fn replace_member(members: &mut BTreeMap<String, Value>, name: &str, change: impl FnOnce(Value) -> Value) {
    if let Some(slot) = members.get_mut(name) {
        *slot = change(std::mem::take(slot));
    }
}

fn defaults(value: Value, config: &Value, fields: Fields<'_>) -> Value {
    let Value::Map(mut members) = value else { return value };
    for attribute in fields.attributes {
        let Some(default) = &attribute.flags.default else { continue };
        if config.member(&attribute.name).is_null() {
            // The schema was refused if its default could not be read.
            let default = crate::json_state::decode_typed(default.as_bytes(), &attribute.shape.value_type());
            members.insert(attribute.name.clone(), default.unwrap_or_default());
        }
    }
    for (name, nesting, inner) in fields.nested() {
        let config = config.member(name);
        replace_member(&mut members, name, |nested| {
            matching::each(nested, config, nesting, inner, &mut |object, config| defaults(object, config, inner))
        });
    }
    Value::Map(members)
}

fn hide(value: Value, fields: Fields<'_>) -> Value {
    let Value::Map(mut members) = value else { return value };
    for attribute in fields.attributes.iter().filter(|attribute| attribute.flags.write_only) {
        replace_member(&mut members, &attribute.name, |_| Value::Null);
    }
    for (name, nesting, inner) in fields.nested() {
        replace_member(&mut members, name, |nested| conform::each(nested, nesting, &mut |object| hide(object, inner)));
    }
    Value::Map(members)
}

/// Something changes: what the provider computes is unknown, unless it stays for the object's life. `exists`: the object is one
/// that was there before, so that even none of a block may be what stays.
fn mark_computed(value: Value, config: &Value, fields: Fields<'_>, exists: bool) -> Value {
    let Value::Map(mut members) = value else { return value };
    for attribute in fields.attributes {
        let flags = &attribute.flags;
        if !flags.computed || flags.default.is_some() || !meaning::is_left_out(config.member(&attribute.name)) {
            continue;
        }
        // What replaces the object when it is configured cannot change in place when it is not.
        let stays = flags.keeps_state || flags.replaces;
        replace_member(&mut members, &attribute.name, |value| {
            let left_out = value.is_null() || (flags.optional && meaning::is_left_out(&value));
            if stays && !left_out { value } else { Value::unknown() }
        });
    }
    let stays = |block: &Block| exists && block.flags.keeps_state;
    let left = |block: &&Block| meaning::leaves_blocks(block, config.member(&block.name)) && !stays(block);
    for block in fields.blocks.iter().filter(left) {
        // What is there stays: an update that does not say what becomes of it leaves it alone.
        replace_member(&mut members, &block.name, |value| {
            if meaning::leaves_blocks(block, &value) { Value::unknown() } else { value }
        });
    }
    for (name, nesting, inner) in fields.nested() {
        let config = config.member(name);
        replace_member(&mut members, name, |nested| {
            // Which of them were there before is not told here.
            let mark = &mut |object, config: &Value| mark_computed(object, config, inner, false);
            matching::each(nested, config, nesting, inner, mark)
        });
    }
    Value::Map(members)
}

/// A plan as an update is given it. Blocks that the configuration leaves out are shown in the plan as they were read, and are
/// nobody's: they arrive as unknown, so that no update puts back what has changed since.
pub(crate) fn leaving(schema: &Schema, plan: Value, config: &Value) -> Value {
    let Value::Map(mut members) = plan else { return plan };
    for block in schema.body.blocks.iter().filter(|block| !block.flags.keeps_state) {
        if meaning::leaves_blocks(block, config.member(&block.name)) {
            replace_member(&mut members, &block.name, |_| Value::unknown());
        }
    }
    Value::Map(members)
}

/// What an update answers. What it was not to change stays as planned, although somebody else may have changed it since: the
/// answer of an apply is the plan, and the next refresh tells.
pub(crate) fn unchanged(prior: &Value, planned: &Value, state: Value) -> Value {
    let Value::Map(mut members) = state else { return state };
    for (name, value) in &mut members {
        let before = prior.member(name);
        if before == planned.member(name) && before.is_wholly_known() {
            *value = before.clone();
        }
    }
    Value::Map(members)
}

#[cfg(test)]
mod tests;
