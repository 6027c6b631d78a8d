//! What a value means, whichever way it is written.
//!
//! `""`, `[]` and `{}` of an optional attribute, and an object of nothing but these, mean what null means: not set, or the
//! default. A null element of a list, a set or a map of plain values is none. JSON text means its document, and text
//! without regard to letter case its small letters. The reasoning: `docs/decisions/0006-nothing-is-nothing.md`.

use std::borrow::Cow;

use crate::flags::OwnedFlags;
use crate::types::{Attribute, Block, Body, Nesting, Shape, Type};
use crate::value::{Value, set_of};
use crate::{conform, document};

/// Whether a configuration leaves a computed attribute to the provider. An empty collection does not: it says none.
pub(crate) fn is_left_out(config: &Value) -> bool {
    match config {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Whether what the state has, and the configuration says nothing of, is not managed and stays as it is: what the service
/// decides (`service_default`), and a switch that is off or a number that is 0, since other providers write these for what is not
/// managed. The other way round is a change: false in a configuration is said.
pub(crate) fn is_unmanaged(attribute: &Attribute, prior: &Value, config: &Value) -> bool {
    let flags = &attribute.flags;
    let unmanaged = flags.service_default || *prior == Value::Bool(false) || *prior == Value::Number(0u64.into());
    flags.optional && !flags.computed && !flags.write_only && is_left_out(config) && !prior.is_null() && unmanaged
}

/// Whether a configuration leaves computed blocks to the provider: it has none.
pub(crate) fn leaves_blocks(block: &Block, config: &Value) -> bool {
    let none = match config {
        Value::Null => true,
        Value::List(elements) => elements.is_empty(),
        Value::Map(members) => members.is_empty(),
        _ => false,
    };
    block.flags.computed && none
}

/// `value` as a resource is given it: null, or the default, for what says nothing, and no null elements.
pub(crate) fn plainly(value: Value, body: &Body) -> Value {
    object(value, Fields::of(body), Rules { spelling: false, required: false })
}

/// One form for all values of an attribute that mean the same, in a plan.
pub(crate) fn form<'a>(attribute: &Attribute, value: &'a Value) -> Cow<'a, Value> {
    let flags = &attribute.flags;
    match value {
        Value::Bool(_) | Value::Number(_) | Value::Unknown(_) | Value::Dynamic(_) => Cow::Borrowed(value),
        Value::String(text) if !text.is_empty() && !flags.has_spellings() => Cow::Borrowed(value),
        Value::Null if flags.default.is_none() => Cow::Borrowed(value),
        value => Cow::Owned(of_attribute(attribute, value.clone(), false)),
    }
}

/// One form for all values of an attribute that mean the same. `required`: nothing is null for required attributes too, as
/// services answer it.
pub(crate) fn of_attribute(attribute: &Attribute, value: Value, required: bool) -> Value {
    self::attribute(attribute, value, Rules { spelling: true, required })
}

/// One form for all blocks of a name that mean the same.
pub(crate) fn of_block(block: &Block, value: Value, required: bool) -> Value {
    self::block(block, value, Rules { spelling: true, required })
}

/// One form for all objects that mean the same.
pub(crate) fn of_object(attributes: &[Attribute], blocks: &[Block], value: Value, required: bool) -> Value {
    object(value, Fields { attributes, blocks }, Rules { spelling: true, required })
}

#[derive(Clone, Copy)]
struct Rules {
    /// Whether JSON and letter case come into one form too.
    spelling: bool,
    /// Whether a required attribute can say nothing.
    required: bool,
}

#[derive(Clone, Copy)]
struct Fields<'a> {
    attributes: &'a [Attribute],
    blocks: &'a [Block],
}

impl<'a> Fields<'a> {
    fn of(body: &'a Body) -> Self {
        Self { attributes: &body.attributes, blocks: &body.blocks }
    }
}

fn object(value: Value, fields: Fields<'_>, rules: Rules) -> Value {
    let Value::Map(mut members) = value else { return value };
    for one in fields.attributes {
        if let Some(slot) = members.get_mut(&one.name) {
            *slot = attribute(one, std::mem::take(slot), rules);
        }
    }
    for one in fields.blocks {
        if let Some(slot) = members.get_mut(&one.name) {
            *slot = block(one, std::mem::take(slot), rules);
        }
    }
    Value::Map(members)
}

fn attribute(attribute: &Attribute, value: Value, rules: Rules) -> Value {
    let flags = &attribute.flags;
    let configurable = flags.required || flags.optional;
    let value = match &attribute.shape {
        Shape::Type(of) if configurable => without_nulls(value, of),
        Shape::Type(_) => value,
        Shape::Nested(nesting, attributes) => {
            let fields = Fields { attributes, blocks: &[] };
            conform::each(value, *nesting, &mut |inner| object(inner, fields, rules))
        }
    };
    let nothing = (flags.optional || (flags.required && rules.required)) && says_nothing(&value, &attribute.shape);
    let value = if nothing { default(attribute) } else { value };
    match &attribute.shape {
        Shape::Type(of) if rules.spelling && flags.has_spellings() => spelled(value, of, flags),
        _ => value,
    }
}

/// Whether a value says nothing, whose members are in their one form already.
fn says_nothing(value: &Value, shape: &Shape) -> bool {
    match (value, shape) {
        (Value::Null, _) => true,
        (Value::String(text), _) => text.is_empty(),
        (Value::List(elements), _) => elements.is_empty(),
        // An object that can have no members says something by being there.
        (Value::Map(members), Shape::Nested(Nesting::Single, _)) => {
            !members.is_empty() && members.values().all(Value::is_null)
        }
        (Value::Map(members), _) => members.is_empty(),
        _ => false,
    }
}

fn block(block: &Block, value: Value, rules: Rules) -> Value {
    let fields = Fields::of(&block.body);
    let value = conform::each(value, block.nesting, &mut |inner| object(inner, fields, rules));
    match value {
        // `timeouts`: the other blocks stand in collections, where their number says something.
        Value::Map(members) if block.nesting == Nesting::Single && members.values().all(Value::is_null) => Value::Null,
        value => value,
    }
}

/// The default of an attribute, null where it has none.
fn default(attribute: &Attribute) -> Value {
    let Some(default) = &attribute.flags.default else { return Value::Null };
    // The schema was refused if its default could not be read.
    crate::json_state::decode_typed(default.as_bytes(), &attribute.shape.value_type()).unwrap_or_default()
}

fn without_nulls(value: Value, of: &Type) -> Value {
    match (value, of) {
        (Value::List(elements), Type::List(of)) => Value::List(kept(elements, of)),
        (Value::List(elements), Type::Set(of)) => set_of(kept(elements, of)),
        (Value::Map(members), Type::Map(of)) => Value::Map(
            members
                .into_iter()
                .filter(|(_, member)| !member.is_null())
                .map(|(key, member)| (key, without_nulls(member, of)))
                .collect(),
        ),
        (value, _) => value,
    }
}

fn kept(elements: Vec<Value>, of: &Type) -> Vec<Value> {
    elements.into_iter().filter(|element| !element.is_null()).map(|element| without_nulls(element, of)).collect()
}

/// Text by its meaning, in collections too.
fn spelled(value: Value, of: &Type, flags: &OwnedFlags) -> Value {
    match (value, of) {
        (Value::String(text), Type::String) => match document::meaning(&text) {
            // In a list, so that no text is taken for a document.
            Some(document) if flags.json => Value::List(vec![document]),
            _ => Value::String(flags.spelled(&text)),
        },
        (Value::List(elements), Type::List(of)) => {
            Value::List(elements.into_iter().map(|element| spelled(element, of, flags)).collect())
        }
        (Value::List(elements), Type::Set(of)) => {
            set_of(elements.into_iter().map(|element| spelled(element, of, flags)).collect())
        }
        (Value::Map(members), Type::Map(of)) => {
            Value::Map(members.into_iter().map(|(key, member)| (key, spelled(member, of, flags))).collect())
        }
        (value, _) => value,
    }
}
