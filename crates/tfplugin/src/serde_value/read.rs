//! A serde deserializer whose input is a value tree.

use std::collections::btree_map;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::Problem;
use crate::attr::ATTR;
use crate::diagnostic::Step;
use crate::dynamic::DYNAMIC;
use crate::number::{NUMBER, Number};
use crate::types::Type;
use crate::value::Value;

/// Deserializes one value.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a Value);

impl<'a> Reader<'a> {
    fn wrong(self, expected: &str) -> Problem {
        match self.0 {
            Value::Null => Problem::new(format!("{expected} must be set")),
            Value::Unknown(_) => Problem::new(format!("{expected} is not known yet")),
            value => Problem::new(format!("{} stands where {expected} must", value.kind())),
        }
    }

    fn number(self) -> Result<&'a Number, Problem> {
        match self.0 {
            Value::Number(number) => Ok(number),
            _ => Err(self.wrong("a number")),
        }
    }

    fn integer<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        let number = self.number()?;
        if let Some(integer) = number.integer() {
            visitor.visit_i64(integer)
        } else if let Some(integer) = number.unsigned() {
            visitor.visit_u64(integer)
        } else {
            Err(Problem::new("a whole number of at most 64 bits is needed"))
        }
    }

    fn float<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.number()?.float() {
            Some(float) => visitor.visit_f64(float),
            None => Err(Problem::new("the number is too large")),
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            Value::Unknown(_) => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) if number.integer().is_some() || number.unsigned().is_some() => self.integer(visitor),
            Value::Number(_) => self.float(visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::List(elements) => visitor.visit_seq(Elements { rest: elements.iter(), index: 0 }),
            Value::Map(members) => visitor.visit_map(Members { rest: members.iter(), current: None }),
            Value::Dynamic(pair) => Reader(&pair.1).deserialize_any(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => Err(self.wrong("a bool")),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.integer(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.integer(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.integer(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.integer(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.integer(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.integer(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.integer(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.integer(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.float(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.float(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => Err(self.wrong("a string")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Problem> {
        match (name, self.0) {
            (ATTR, Value::Null) => visitor.visit_none(),
            (ATTR, Value::Unknown(_)) => visitor.visit_unit(),
            (ATTR, _) => visitor.visit_some(self),
            (NUMBER, Value::Number(number)) => visitor.visit_string(number.to_string()),
            (NUMBER, _) => Err(self.wrong("a number")),
            (DYNAMIC, Value::Dynamic(_)) => {
                let bytes = crate::msgpack::encode(self.0, &Type::Dynamic).map_err(Problem::custom)?;
                let hex: StringDeserializer<Problem> = hex::encode(bytes).into_deserializer();
                visitor.visit_newtype_struct(hex)
            }
            (DYNAMIC, _) => Err(self.wrong("a value of any type")),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Value::List(elements) => visitor.visit_seq(Elements { rest: elements.iter(), index: 0 }),
            // A `Vec` outside an `Attr`: not set is empty.
            Value::Null => visitor.visit_seq(Elements { rest: [].iter(), index: 0 }),
            _ => Err(self.wrong("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        static NOTHING: std::collections::BTreeMap<String, Value> = std::collections::BTreeMap::new();
        match self.0 {
            Value::Map(members) => visitor.visit_map(Members { rest: members.iter(), current: None }),
            Value::Null => visitor.visit_map(Members { rest: NOTHING.iter(), current: None }),
            _ => Err(self.wrong("a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.0 {
            Value::Map(members) => visitor.visit_map(Members { rest: members.iter(), current: None }),
            _ => Err(self.wrong("an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            _ => Err(self.wrong("a string")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_unit()
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct identifier
    }
}

struct Elements<'a> {
    rest: std::slice::Iter<'a, Value>,
    index: i64,
}

impl<'a> SeqAccess<'a> for Elements<'a> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some(element) = self.rest.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(Reader(element)).map(Some).map_err(|problem| problem.at(Step::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Members<'a> {
    rest: btree_map::Iter<'a, String, Value>,
    current: Option<(&'a String, &'a Value)>,
}

impl<'a> MapAccess<'a> for Members<'a> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        self.current = self.rest.next();
        match self.current {
            Some((name, _)) => seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let (name, value) = self.current.take().ok_or_else(|| Problem::new("a value was asked for before its name"))?;
        seed.deserialize(Reader(value)).map_err(|problem| problem.at(Step::Attribute(name.clone())))
    }
}
