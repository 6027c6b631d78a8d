//! Brings a value tree into the one form that a type allows: every attribute present, sets in order, blocks never null.

use std::collections::BTreeMap;

use crate::diagnostic::{Error, Path, Result, Step};
use crate::types::{Attribute, Body, Nesting, Shape, Type};
use crate::value::{Value, set_of};

/// `value` in the form of a type. Missing attributes become null; what the type has no place for is an error.
pub(crate) fn conform(value: Value, of: &Type) -> Result<Value> {
    let mut path = Vec::new();
    typed(value, of, &mut path).map_err(|problem| {
        let path = Path(path);
        let summary = if path.0.is_empty() { problem } else { format!("{path}: {problem}") };
        Error::new(summary).detail("This is a bug of the provider.").at(path)
    })
}

/// `value` with empty collections where blocks that may be many are null.
pub(crate) fn with_blocks(value: Value, body: &Body) -> Value {
    blocks(value, body, &|block| if block.is_null() { Value::List(Vec::new()) } else { block })
}

/// `value` with null where there are no blocks: what a struct sees.
pub(crate) fn without_empty_blocks(value: Value, body: &Body) -> Value {
    blocks(value, body, &|block| match block {
        Value::List(elements) if elements.is_empty() => Value::Null,
        Value::Map(members) if members.is_empty() => Value::Null,
        block => block,
    })
}

/// `value`, made of a struct, with a list of one where a block may stand once.
pub(crate) fn with_lists(value: Value, body: &Body) -> Value {
    let Value::Map(mut members) = value else { return value };
    for block in &body.blocks {
        let Some(slot) = members.get_mut(&block.name) else { continue };
        let inner = std::mem::take(slot);
        *slot = if block.one {
            match with_lists(inner, &block.body) {
                object @ Value::Map(_) => Value::List(vec![object]),
                other => other,
            }
        } else {
            // Not yet in the form of its type, so its order is left alone.
            match inner {
                Value::List(elements) => {
                    Value::List(elements.into_iter().map(|element| with_lists(element, &block.body)).collect())
                }
                Value::Map(_) if block.nesting == Nesting::Single => with_lists(inner, &block.body),
                Value::Map(members) => Value::Map(
                    members.into_iter().map(|(key, member)| (key, with_lists(member, &block.body))).collect(),
                ),
                other => other,
            }
        };
    }
    Value::Map(members)
}

/// `value`, for a struct, with the object itself where a block may stand once.
pub(crate) fn without_lists(value: Value, body: &Body) -> Value {
    let Value::Map(mut members) = value else { return value };
    for block in &body.blocks {
        let Some(slot) = members.get_mut(&block.name) else { continue };
        let inner = each(std::mem::take(slot), block.nesting, &mut |element| without_lists(element, &block.body));
        *slot = match inner {
            Value::List(mut elements) if block.one && elements.len() < 2 => elements.pop().unwrap_or_default(),
            other => other,
        };
    }
    Value::Map(members)
}

/// `value` where a collection that a struct cannot hold, because an element of it is unknown, is unknown as a whole.
pub(crate) fn collapse(value: Value, body: &Body) -> Value {
    let Value::Map(mut members) = value else { return value };
    collapse_attributes(&mut members, &body.attributes);
    for block in &body.blocks {
        if let Some(slot) = members.get_mut(&block.name) {
            let nested = each(std::mem::take(slot), block.nesting, &mut |element| collapse(element, &block.body));
            *slot = whole(nested, block.nesting);
        }
    }
    Value::Map(members)
}

fn collapse_attributes(members: &mut BTreeMap<String, Value>, attributes: &[Attribute]) {
    for attribute in attributes {
        let Some(slot) = members.get_mut(&attribute.name) else { continue };
        let value = std::mem::take(slot);
        *slot = match &attribute.shape {
            Shape::Type(Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Object(_) | Type::Tuple(_))
                if !value.is_wholly_known() =>
            {
                Value::unknown()
            }
            Shape::Type(_) => value,
            Shape::Nested(nesting, attributes) => {
                let nested = each(value, *nesting, &mut |element| match element {
                    Value::Map(mut members) => {
                        collapse_attributes(&mut members, attributes);
                        Value::Map(members)
                    }
                    other => other,
                });
                whole(nested, *nesting)
            }
        };
    }
}

/// A collection with an unknown element is unknown.
fn whole(value: Value, nesting: Nesting) -> Value {
    let unknown = match (&value, nesting) {
        (_, Nesting::Single) => false,
        (Value::List(elements), _) => elements.iter().any(Value::is_unknown),
        (Value::Map(members), _) => members.values().any(Value::is_unknown),
        _ => false,
    };
    if unknown { Value::unknown() } else { value }
}

/// `change` applied to every object in a nested value.
pub(crate) fn each(value: Value, nesting: Nesting, change: &mut dyn FnMut(Value) -> Value) -> Value {
    match (value, nesting) {
        (value, Nesting::Single) => change(value),
        (Value::List(elements), Nesting::List) => Value::List(elements.into_iter().map(change).collect()),
        (Value::List(elements), _) => set_of(elements.into_iter().map(change).collect()),
        (Value::Map(members), _) => {
            Value::Map(members.into_iter().map(|(key, member)| (key, change(member))).collect())
        }
        (value, _) => value,
    }
}

fn blocks(value: Value, body: &Body, change: &dyn Fn(Value) -> Value) -> Value {
    let Value::Map(mut members) = value else { return value };
    for block in &body.blocks {
        let Some(slot) = members.get_mut(&block.name) else { continue };
        let nested = each(std::mem::take(slot), block.nesting, &mut |element| blocks(element, &block.body, change));
        *slot = match (block.nesting, nested) {
            (Nesting::Single, nested) => nested,
            (Nesting::Map, Value::Null) => match change(Value::Null) {
                Value::List(_) => Value::Map(BTreeMap::new()),
                other => other,
            },
            (_, nested) => change(nested),
        };
    }
    Value::Map(members)
}

fn typed(value: Value, of: &Type, path: &mut Vec<Step>) -> std::result::Result<Value, String> {
    Ok(match (value, of) {
        (Value::Null, _) => Value::Null,
        (Value::Unknown(refinement), _) => Value::Unknown(refinement),
        (Value::Dynamic(pair), Type::Dynamic) => {
            let (of, value) = *pair;
            let value = typed(value, &of, path)?;
            Value::Dynamic(Box::new((of, value)))
        }
        (value @ Value::String(_), Type::String) => value,
        (value @ Value::Number(_), Type::Number) => value,
        (value @ Value::Bool(_), Type::Bool) => value,
        (Value::List(elements), Type::List(of)) => Value::List(list(elements, of, path)?),
        (Value::List(elements), Type::Set(of)) => set_of(list(elements, of, path)?),
        (Value::List(elements), Type::Tuple(types)) if elements.len() == types.len() => {
            let mut values = Vec::new();
            for (index, (element, of)) in (0..).zip(elements.into_iter().zip(types)) {
                values.push(step(element, of, Step::Index(index), path)?);
            }
            Value::List(values)
        }
        (Value::Map(members), Type::Map(of)) => {
            let mut values = BTreeMap::new();
            for (key, member) in members {
                values.insert(key.clone(), step(member, of, Step::Key(key), path)?);
            }
            Value::Map(values)
        }
        (Value::Map(mut members), Type::Object(types)) => {
            let mut values = BTreeMap::new();
            for (name, of) in types {
                let member = members.remove(name).unwrap_or_default();
                values.insert(name.clone(), step(member, of, Step::Attribute(name.clone()), path)?);
            }
            if let Some(stranger) = members.keys().next() {
                return Err(format!("the schema has no attribute {stranger:?}"));
            }
            Value::Map(values)
        }
        (value, of) => return Err(format!("{} stands where the schema has {of}", value.kind())),
    })
}

fn list(elements: Vec<Value>, of: &Type, path: &mut Vec<Step>) -> std::result::Result<Vec<Value>, String> {
    let mut values = Vec::new();
    for (index, element) in (0..).zip(elements) {
        values.push(step(element, of, Step::Index(index), path)?);
    }
    Ok(values)
}

/// On failure the step stays in the path, which then leads to the place.
fn step(value: Value, of: &Type, step: Step, path: &mut Vec<Step>) -> std::result::Result<Value, String> {
    path.push(step);
    let value = typed(value, of, path)?;
    path.pop();
    Ok(value)
}
