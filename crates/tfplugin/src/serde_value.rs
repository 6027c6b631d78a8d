//! Between a resource's struct and the untyped value tree, by serde.
//!
//! [`Attr`](crate::Attr), [`Number`](crate::Number) and [`Dynamic`](crate::Dynamic) tell themselves to our serializer and
//! deserializer by the names of their newtypes; everything else is plain serde.

mod read;
mod write;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::diagnostic::{Error, Path, Result, Step};
use crate::types::{Body, Schema, Type};
use crate::value::Value;
use crate::{conform, meaning};

/// The tree of a struct: every attribute of the schema is present, absent blocks are empty, sets are in order.
/// What the schema has and the struct has not (`timeouts`) is null.
pub(crate) fn to_value<T: Serialize + ?Sized>(object: &T, schema: &Schema) -> Result<Value> {
    let value = serialized(object)?;
    let value = conform::conform(conform::with_lists(value, &schema.body), &schema.value_type())?;
    Ok(conform::with_blocks(value, &schema.body))
}

/// The tree of anything else, a function's result for example.
pub(crate) fn to_typed_value<T: Serialize + ?Sized>(object: &T, of: &Type) -> Result<Value> {
    conform::conform(serialized(object)?, of)
}

fn serialized<T: Serialize + ?Sized>(object: &T) -> Result<Value> {
    object.serialize(write::Writer).map_err(|problem| problem.into_error("cannot be written", &Body::default()))
}

/// The struct of a tree, by what its values mean: what says nothing is null, or the default. Attributes that the struct has not (`timeouts`) are ignored; a collection of plain values with
/// an unknown element is unknown; absent blocks are null; a block that may stand once is the object itself.
pub(crate) fn from_value<T: DeserializeOwned>(value: &Value, schema: &Schema) -> Result<T> {
    let value = match value {
        Value::Null => Value::Map(std::collections::BTreeMap::new()),
        value => value.clone(),
    };
    let value = conform::collapse(conform::conform(value, &schema.value_type())?, &schema.body);
    let value = conform::without_empty_blocks(meaning::plainly(value, &schema.body), &schema.body);
    deserialized(&conform::without_lists(value, &schema.body), &schema.body)
}

/// The struct of a function's arguments, to the letter: a caller who passes `""` means it.
pub(crate) fn from_arguments<T: DeserializeOwned>(value: Value, schema: &Schema) -> Result<T> {
    deserialized(&conform::conform(value, &schema.value_type())?, &schema.body)
}

fn deserialized<T: DeserializeOwned>(value: &Value, body: &Body) -> Result<T> {
    T::deserialize(read::Reader(value)).map_err(|problem| problem.into_error("cannot be read", body))
}

/// What a typed operation made of `before`, which it was given by [`from_value`]: the tree of `after`, where what equals
/// the round trip of `before` is `before` itself. So whatever the operation did not touch stays as it was, with what the
/// struct cannot hold: unknown elements of a plain list, refinements, digits beyond an `f64`, attributes that the struct
/// lacks.
pub(crate) fn restore<T>(before: &Value, after: &T, schema: &Schema) -> Result<Value>
where
    T: Serialize + DeserializeOwned,
{
    let after = to_value(after, schema)?;
    if before.is_null() {
        return Ok(after);
    }
    let round_trip: T = from_value(before, schema)?;
    let round_trip = to_value(&round_trip, schema)?;
    Ok(keep(before, &round_trip, after, &schema.value_type()))
}

fn keep(before: &Value, round_trip: &Value, after: Value, of: &Type) -> Value {
    if *round_trip == after {
        return before.clone();
    }
    match (before, round_trip, after, of) {
        (Value::Map(before), Value::Map(round_trip), Value::Map(after), Type::Object(_) | Type::Map(_)) => {
            let kept = after.into_iter().map(|(name, after)| {
                let member = match of {
                    Type::Map(member) => Some(member.as_ref()),
                    Type::Object(types) => types.iter().find(|(known, _)| *known == name).map(|(_, member)| member),
                    _ => None,
                };
                match (before.get(&name), round_trip.get(&name), member) {
                    (Some(before), Some(round_trip), Some(of)) => {
                        let after = keep(before, round_trip, after, of);
                        (name, after)
                    }
                    _ => (name, after),
                }
            });
            Value::Map(kept.collect())
        }
        (Value::List(before), Value::List(round_trip), Value::List(after), Type::List(of))
            if before.len() == round_trip.len() =>
        {
            let pairs: Vec<_> = before.iter().zip(round_trip).collect();
            let kept = after.into_iter().enumerate().map(|(index, after)| match pairs.get(index) {
                Some((before, round_trip)) => keep(before, round_trip, after, of),
                None => after,
            });
            Value::List(kept.collect())
        }
        (_, _, after, _) => after,
    }
}

/// Why serde failed, and where.
#[derive(Debug)]
pub(crate) struct Problem {
    text: String,
    /// From the inside out.
    path: Vec<Step>,
}

impl Problem {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), path: Vec::new() }
    }

    fn at(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }

    fn into_error(self, what: &str, body: &Body) -> Error {
        let path = body.path(&Path(self.path.into_iter().rev().collect()));
        let place = if path.0.is_empty() { "The object".to_owned() } else { path.to_string() };
        Error::new(format!("{place} {what}: {}", self.text)).at(path)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Problem {}

impl serde::ser::Error for Problem {
    fn custom<T: std::fmt::Display>(text: T) -> Self {
        Self::new(text.to_string())
    }
}

impl serde::de::Error for Problem {
    fn custom<T: std::fmt::Display>(text: T) -> Self {
        Self::new(text.to_string())
    }
}

#[cfg(test)]
mod tests;
