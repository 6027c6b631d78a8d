//! A serde serializer whose output is a value tree.

use std::collections::BTreeMap;

use serde::ser::{Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple};
use serde::ser::{SerializeTupleStruct, Serializer};

use super::Problem;
use crate::attr::UNKNOWN;
use crate::diagnostic::Step;
use crate::dynamic::DYNAMIC;
use crate::number::{NUMBER, Number};
use crate::types::Type;
use crate::value::Value;

type Outcome = Result<Value, Problem>;

/// Serializes one value.
pub(super) struct Writer;

fn shape(what: &str) -> Problem {
    Problem::new(format!("{what} has no Terraform type"))
}

impl Serializer for Writer {
    type Ok = Value;
    type Error = Problem;
    type SerializeSeq = Elements;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Elements;
    type SerializeTupleVariant = Impossible<Value, Problem>;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Impossible<Value, Problem>;

    fn serialize_bool(self, value: bool) -> Outcome {
        Ok(Value::Bool(value))
    }

    fn serialize_i8(self, value: i8) -> Outcome {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Outcome {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Outcome {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Outcome {
        Ok(Value::Number(value.into()))
    }

    fn serialize_u8(self, value: u8) -> Outcome {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Outcome {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Outcome {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Outcome {
        Ok(Value::Number(value.into()))
    }

    // Through its own text: widening the bits would turn 0.1 into 0.10000000149011612.
    fn serialize_f32(self, value: f32) -> Outcome {
        value.to_string().parse().map(Value::Number).map_err(|_| Problem::new("a number must be finite"))
    }

    fn serialize_f64(self, value: f64) -> Outcome {
        Number::shortest(value).map(Value::Number).ok_or_else(|| Problem::new("a number must be finite"))
    }

    fn serialize_char(self, value: char) -> Outcome {
        Ok(Value::String(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Outcome {
        Ok(Value::String(value.to_owned()))
    }

    fn serialize_bytes(self, _: &[u8]) -> Outcome {
        Err(shape("a byte string"))
    }

    fn serialize_none(self) -> Outcome {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Outcome {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, name: &'static str) -> Outcome {
        if name == UNKNOWN { Ok(Value::unknown()) } else { Ok(Value::Null) }
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Outcome {
        Ok(Value::String(variant.to_owned()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Outcome {
        let inner = value.serialize(self)?;
        match (name, inner) {
            (NUMBER, Value::String(digits)) => digits.parse().map(Value::Number).map_err(Problem::custom),
            (DYNAMIC, Value::String(hex)) => {
                let bytes = hex::decode(hex).map_err(Problem::custom)?;
                crate::msgpack::decode(&bytes, &Type::Dynamic).map_err(Problem::custom)
            }
            (_, inner) => Ok(inner),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Outcome {
        Err(shape(&format!("the enum {name}")))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements, Problem> {
        Ok(Elements(Vec::new()))
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements, Problem> {
        Ok(Elements(Vec::new()))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements, Problem> {
        Ok(Elements(Vec::new()))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Problem> {
        Err(shape(&format!("the enum {name}")))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members, Problem> {
        Ok(Members::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members, Problem> {
        Ok(Members::default())
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Problem> {
        Err(shape(&format!("the enum {name}")))
    }
}

/// A list in the making.
pub(super) struct Elements(Vec<Value>);

impl Elements {
    fn push<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Problem> {
        let index = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        self.0.push(element.serialize(Writer).map_err(|problem| problem.at(Step::Index(index)))?);
        Ok(())
    }
}

impl SerializeSeq for Elements {
    type Ok = Value;
    type Error = Problem;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Problem> {
        self.push(element)
    }

    fn end(self) -> Outcome {
        Ok(Value::List(self.0))
    }
}

impl SerializeTuple for Elements {
    type Ok = Value;
    type Error = Problem;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Problem> {
        self.push(element)
    }

    fn end(self) -> Outcome {
        Ok(Value::List(self.0))
    }
}

impl SerializeTupleStruct for Elements {
    type Ok = Value;
    type Error = Problem;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Problem> {
        self.push(element)
    }

    fn end(self) -> Outcome {
        Ok(Value::List(self.0))
    }
}

/// A map or an object in the making.
#[derive(Default)]
pub(super) struct Members {
    members: BTreeMap<String, Value>,
    key: String,
}

impl SerializeMap for Members {
    type Ok = Value;
    type Error = Problem;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Problem> {
        self.key = match key.serialize(Writer)? {
            Value::String(key) => key,
            Value::Number(key) => key.to_string(),
            Value::Bool(key) => key.to_string(),
            other => return Err(Problem::new(format!("{} is the key of a map", other.kind()))),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Problem> {
        let key = std::mem::take(&mut self.key);
        let value = value.serialize(Writer).map_err(|problem| problem.at(Step::Key(key.clone())))?;
        self.members.insert(key, value);
        Ok(())
    }

    fn end(self) -> Outcome {
        Ok(Value::Map(self.members))
    }
}

impl SerializeStruct for Members {
    type Ok = Value;
    type Error = Problem;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Problem> {
        let value = value.serialize(Writer).map_err(|problem| problem.at(Step::Attribute(name.to_owned())))?;
        self.members.insert(name.to_owned(), value);
        Ok(())
    }

    fn end(self) -> Outcome {
        Ok(Value::Map(self.members))
    }
}
