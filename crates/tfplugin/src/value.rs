//! The untyped value tree: what travels between Terraform and a resource's struct.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::number::Number;

/// What an unknown value is known to be like, although its value is not (Terraform 1.6 and newer tell it).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refinement {
    /// The encoded refinements, as they arrived: the payload of message pack extension 12. Empty for a plain unknown.
    pub payload: Vec<u8>,
}

/// A Terraform value. Lists, sets and tuples are [`Value::List`]; maps and objects are [`Value::Map`]: the schema's
/// type says which one it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Not set.
    #[default]
    Null,
    /// Known only during the apply.
    Unknown(Refinement),
    /// `true` or `false`.
    Bool(bool),
    /// A number of any size and precision.
    Number(Number),
    /// Text.
    String(String),
    /// A list, a set or a tuple. A set keeps its unknown elements one by one: two unknown values are not the same value.
    List(Vec<Value>),
    /// A map or an object.
    Map(BTreeMap<String, Value>),
    /// A value whose type comes with it, in an attribute of dynamic type.
    Dynamic(Box<(crate::types::Type, Value)>),
}

impl Value {
    /// An unknown value without refinements.
    pub fn unknown() -> Self {
        Self::Unknown(Refinement::default())
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether this value, itself and not some part of it, is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Whether no part of this value is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(members) => members.values().all(Self::is_wholly_known),
            Self::Dynamic(pair) => pair.1.is_wholly_known(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
        }
    }

    /// The member of a map or object; null where there is none.
    pub fn member(&self, name: &str) -> &Self {
        match self {
            Self::Map(members) => members.get(name).unwrap_or(&Self::Null),
            _ => &Self::Null,
        }
    }

    /// An order over all values, by which sets are kept: two equal values are `Equal`.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Unknown(left), Self::Unknown(right)) => left.payload.cmp(&right.payload),
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::String(left), Self::String(right)) => left.cmp(right),
            (Self::List(left), Self::List(right)) => lexical(left.iter(), right.iter(), |a, b| a.order(b)),
            (Self::Map(left), Self::Map(right)) => {
                lexical(left.iter(), right.iter(), |a, b| a.0.cmp(b.0).then_with(|| a.1.order(b.1)))
            }
            (Self::Dynamic(left), Self::Dynamic(right)) => {
                left.0.to_json().cmp(&right.0.to_json()).then_with(|| left.1.order(&right.1))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::String(_) => 3,
            Self::List(_) => 4,
            Self::Map(_) => 5,
            Self::Dynamic(_) => 6,
            Self::Unknown(_) => 7,
        }
    }

    /// What it is, in a word, for messages. Never the value itself, which may be a secret.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown(_) => "unknown",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
            Self::Dynamic(_) => "a value with a type of its own",
        }
    }
}

/// Elements in the order of a set: known duplicates are one, elements with an unknown part stay one by one.
pub(crate) fn set_of(mut elements: Vec<Value>) -> Value {
    elements.sort_by(Value::order);
    elements.dedup_by(|next, kept| next == kept && next.is_wholly_known());
    Value::List(elements)
}

fn lexical<T>(
    mut left: impl Iterator<Item = T>,
    mut right: impl Iterator<Item = T>,
    order: impl Fn(&T, &T) -> Ordering,
) -> Ordering {
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match order(&a, &b) {
                Ordering::Equal => {}
                decided => return decided,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, set_of};

    #[test]
    fn a_set_is_ordered_and_keeps_its_unknown_elements_apart() {
        let text = |text: &str| Value::String(text.to_owned());
        let elements = vec![text("b"), Value::unknown(), text("a"), text("b"), Value::unknown()];
        assert_eq!(set_of(elements), Value::List(vec![text("a"), text("b"), Value::unknown(), Value::unknown()]));
    }
}
