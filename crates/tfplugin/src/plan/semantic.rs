//! Values that are written differently and mean the same: which spelling stays.

use std::borrow::Cow;

use super::pairing::Filed;
use super::{Fields, replace_member, valid};
use crate::types::{Attribute, Nesting, Schema, Shape, Type};
use crate::value::{Value, set_of};
use crate::{document, meaning};

/// `new`, with the spelling of `prior` where both mean the same. For results of read and apply, so that the user's own form
/// stays in the state. JSON that nobody has spelled before is written as `jsonencode` writes it.
pub(crate) fn semantic_keep(schema: &Schema, prior: &Value, new: &Value) -> Value {
    object(new.clone(), prior, Fields::of(&schema.body), Mode::Result)
}

/// The same for a plan: what means the same as the stored value is no change. Core takes such a plan from us only as one of
/// the legacy type system ([`super::needs_leniency`]).
pub(super) fn in_plan(value: Value, prior: &Value, fields: Fields<'_>) -> Value {
    object(value, prior, fields, Mode::Plan)
}

/// `planned` by the resource's own say, with the spelling of `prior` where both mean the same: a resource is given plain values, and
/// puts back null where the state has `""`.
pub(crate) fn respelled(schema: &Schema, prior: &Value, planned: Value) -> Value {
    object(planned, prior, Fields::of(&schema.body), Mode::Spelling)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Plan,
    Spelling,
    Result,
}

fn object(value: Value, prior: &Value, fields: Fields<'_>, mode: Mode) -> Value {
    if mode != Mode::Result && prior.is_null() {
        return value;
    }
    let Value::Map(mut members) = value else { return value };
    // Services answer null for required attributes too that are empty.
    let required = mode == Mode::Result;
    let exists = !prior.is_null();
    for attribute in fields.attributes {
        let prior = prior.member(&attribute.name);
        replace_member(&mut members, &attribute.name, |value| {
            let form = |value: &Value| meaning::of_attribute(attribute, value.clone(), required);
            let left = || leaves(attribute, &value) || meaning::is_unmanaged(attribute, prior, &value);
            // Where there was no object, nobody left its default out.
            let spelled = exists || attribute.flags.default.is_none();
            if (spelled && is_same(&value, prior, &form)) || (mode == Mode::Plan && left()) {
                return prior.clone();
            }
            match &attribute.shape {
                Shape::Nested(nesting, attributes) => {
                    nested(value, prior, *nesting, Fields { attributes, blocks: &[] }, mode)
                }
                Shape::Type(of) if mode == Mode::Result && attribute.flags.json => encoded(value, of),
                Shape::Type(_) => value,
            }
        });
    }
    for block in fields.blocks {
        let prior = prior.member(&block.name);
        replace_member(&mut members, &block.name, |value| {
            let form = |value: &Value| meaning::of_block(block, value.clone(), required);
            // Core proposes no blocks where none are configured, even if the provider may decide.
            if is_same(&value, prior, &form) || (mode == Mode::Plan && meaning::leaves_blocks(block, &value)) {
                return prior.clone();
            }
            nested(value, prior, block.nesting, Fields::of(&block.body), mode)
        });
    }
    Value::Map(members)
}

fn is_same(value: &Value, prior: &Value, form: &dyn Fn(&Value) -> Value) -> bool {
    value == prior || (!value.is_unknown() && !prior.is_unknown() && form(value) == form(prior))
}

/// Whether the configuration has an attribute without a value, which the provider decides then.
fn leaves(attribute: &Attribute, value: &Value) -> bool {
    let flags = &attribute.flags;
    flags.optional && flags.computed && flags.default.is_none() && !value.is_null() && meaning::is_left_out(value)
}

fn nested(value: Value, prior: &Value, nesting: Nesting, fields: Fields<'_>, mode: Mode) -> Value {
    match (nesting, value) {
        (Nesting::Single, value) => object(value, prior, fields, mode),
        (Nesting::List, Value::List(elements)) => {
            let mut priors = elements_of(prior).iter();
            let kept = elements.into_iter().map(|element| {
                let prior = priors.next().unwrap_or(&Value::Null);
                object(element, prior, fields, mode)
            });
            Value::List(kept.collect())
        }
        (Nesting::Map, Value::Map(members)) => {
            let kept = members.into_iter().map(|(key, member)| {
                let member = object(member, prior.member(&key), fields, mode);
                (key, member)
            });
            Value::Map(kept.collect())
        }
        (Nesting::Set, Value::List(elements)) => set(elements, elements_of(prior), fields, mode),
        (_, value) => value,
    }
}

/// The elements of a set have no names: those that mean the same are the same. What is left is the same if it is so in all
/// that is known, and that the provider does not compute.
fn set(elements: Vec<Value>, priors: &[Value], fields: Fields<'_>, mode: Mode) -> Value {
    let required = mode == Mode::Result;
    let form = |value: &Value| meaning::of_object(fields.attributes, fields.blocks, value.clone(), required);
    let fitted = |element: &Value, prior: &Value| {
        #[cfg(test)]
        super::tests::sets::count();
        match mode {
            Mode::Plan => (form(&with_computed(element.clone(), prior, fields)) == form(prior)).then(|| prior.clone()),
            Mode::Spelling => (form(element) == form(prior)).then(|| prior.clone()),
            Mode::Result => Some(object(element.clone(), prior, fields, mode)).filter(|new| valid::becomes(prior, new)),
        }
    };
    let configured = |value: &Value| vec![Cow::Owned(form(&without_computed(value.clone(), fields)))];
    let mut parts = Filed::default();
    let mut vague = Vec::new();
    for prior in priors {
        match mode {
            Mode::Result if !without_computed(prior.clone(), fields).is_wholly_known() => vague.push(prior),
            _ => parts.file(configured(prior), prior),
        }
    }
    let mut kept = Vec::new();
    for element in elements {
        let same = parts.at(configured(&element)).and_then(|(slot, left)| {
            let (at, new) = (0..).zip(left).find_map(|(at, prior)| Some((at, fitted(&element, prior)?)))?;
            Some((slot, at, new))
        });
        let vaguely = || (0..).zip(&vague).find_map(|(at, prior)| Some((at, fitted(&element, prior)?)));
        kept.push(match same {
            Some((slot, at, new)) => {
                parts.take(slot, at);
                new
            }
            None => match vaguely() {
                Some((at, new)) => {
                    vague.swap_remove(at);
                    new
                }
                None if mode == Mode::Result => object(element, &Value::Null, fields, mode),
                None => element,
            },
        });
    }
    set_of(kept)
}

/// An element without what the provider computes in it, and without what may not be managed.
fn without_computed(element: Value, fields: Fields<'_>) -> Value {
    let Value::Map(mut members) = element else { return element };
    for attribute in fields.attributes {
        replace_member(&mut members, &attribute.name, |value| {
            let unmanaged = meaning::is_unmanaged(attribute, &value, &Value::Null);
            if attribute.flags.computed || unmanaged { Value::Null } else { value }
        });
    }
    Value::Map(members)
}

/// An element with what the provider computed in another one, and with what is not managed in it.
fn with_computed(element: Value, prior: &Value, fields: Fields<'_>) -> Value {
    let Value::Map(mut members) = element else { return element };
    for attribute in fields.attributes {
        let prior = prior.member(&attribute.name);
        replace_member(&mut members, &attribute.name, |value| {
            let left = attribute.flags.computed && meaning::is_left_out(&value);
            if left || meaning::is_unmanaged(attribute, prior, &value) { prior.clone() } else { value }
        });
    }
    Value::Map(members)
}

/// JSON text as `jsonencode` writes it, in collections too.
fn encoded(value: Value, of: &Type) -> Value {
    match (value, of) {
        (Value::String(text), Type::String) => Value::String(document::as_jsonencode(&text).unwrap_or(text)),
        (Value::List(elements), Type::List(of)) => {
            Value::List(elements.into_iter().map(|element| encoded(element, of)).collect())
        }
        (Value::List(elements), Type::Set(of)) => {
            set_of(elements.into_iter().map(|element| encoded(element, of)).collect())
        }
        (Value::Map(members), Type::Map(of)) => {
            Value::Map(members.into_iter().map(|(key, member)| (key, encoded(member, of))).collect())
        }
        (value, _) => value,
    }
}

fn elements_of(value: &Value) -> &[Value] {
    match value {
        Value::List(elements) => elements,
        _ => &[],
    }
}
