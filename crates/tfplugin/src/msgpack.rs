//! Terraform values in message pack, as go-cty writes them.
//!
//! Format: <https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/object-wire-format.md>. A number is an
//! integer, a float or decimal text; any extension is an unknown value, and extension 12 says what is known of it; a
//! dynamic value is `[type as JSON, value]`.

use std::collections::BTreeMap;

use rmp::Marker;
use rmp::decode as read;
use rmp::encode as write;

use crate::diagnostic::{Error, Path, Result, Step};
use crate::number::Number;
use crate::types::Type;
use crate::value::{Refinement, Value, set_of};

/// The extension of an unknown value that something is known of.
const REFINED: i8 = 12;
/// A value nested deeper than this is an attack or a mistake.
const DEPTH: usize = 100;

/// Reads a value of a type. Empty bytes are null.
pub(crate) fn decode(bytes: &[u8], of: &Type) -> Result<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let mut reader = Reader { rest: bytes, path: Vec::new() };
    let value = reader.value(of).map_err(|problem| reader.error(&problem))?;
    if reader.rest.is_empty() { Ok(value) } else { Err(reader.error("something stands behind the value")) }
}

/// Writes a value of a type.
pub(crate) fn encode(value: &Value, of: &Type) -> Result<Vec<u8>> {
    let mut writer = Writer { bytes: Vec::new(), path: Vec::new() };
    match writer.value(value, of) {
        Ok(()) => Ok(writer.bytes),
        Err(problem) => {
            let path = Path(writer.path);
            Err(Error::new(format!("{path}: {problem}")).detail("This is a bug of the provider.").at(path))
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    path: Vec<Step>,
}

/// A step of reading or writing; the path of a failure is with the reader or the writer.
type Outcome<T> = std::result::Result<T, String>;

impl<'a> Reader<'a> {
    fn error(&self, problem: &str) -> Error {
        let path = Path(self.path.clone());
        Error::new(format!("Terraform sent a value that cannot be read: {problem}")).at(path)
    }

    /// What follows, at one step further; the step stays in the path if it fails.
    fn step(&mut self, step: Step, of: &Type) -> Outcome<Value> {
        if self.path.len() >= DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        self.path.push(step);
        let value = self.value(of)?;
        self.path.pop();
        Ok(value)
    }

    fn marker(&self) -> Outcome<Marker> {
        self.rest.first().map(|byte| Marker::from_u8(*byte)).ok_or_else(|| "it ends too early".to_owned())
    }

    fn value(&mut self, of: &Type) -> Outcome<Value> {
        let marker = self.marker()?;
        match marker {
            Marker::Null => {
                self.take(1)?;
                return Ok(Value::Null);
            }
            Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16
            | Marker::Ext8
            | Marker::Ext16
            | Marker::Ext32 => return self.unknown(),
            _ => {}
        }
        match of {
            Type::String => self.text().map(Value::String),
            Type::Bool => read::read_bool(&mut self.rest).map(Value::Bool).map_err(|_| unexpected("a bool", marker)),
            Type::Number => self.number(marker).map(Value::Number),
            Type::Dynamic => self.dynamic(),
            Type::List(element) => self.list(element).map(Value::List),
            Type::Set(element) => self.list(element).map(set_of),
            Type::Map(element) => self.members(|_| Some(element), Step::Key).map(Value::Map),
            Type::Object(members) => self.object(members),
            Type::Tuple(elements) => self.tuple(elements),
        }
    }

    fn take(&mut self, count: usize) -> Outcome<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| "it ends too early".to_owned())?;
        self.rest = rest;
        Ok(taken)
    }

    fn unknown(&mut self) -> Outcome<Value> {
        let meta = read::read_ext_meta(&mut self.rest).map_err(|error| error.to_string())?;
        let payload = self.take(meta.size as usize)?;
        let payload = if meta.typeid == REFINED { payload.to_vec() } else { Vec::new() };
        Ok(Value::Unknown(Refinement { payload }))
    }

    fn text(&mut self) -> Outcome<String> {
        let marker = self.marker()?;
        let length = read::read_str_len(&mut self.rest).map_err(|_| unexpected("a string", marker))?;
        let bytes = self.take(length as usize)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| "a string is not UTF-8".to_owned())
    }

    fn number(&mut self, marker: Marker) -> Outcome<Number> {
        let infinite = || "a number is infinite".to_owned();
        match marker {
            Marker::F64 => {
                let float = read::read_f64(&mut self.rest).map_err(|error| error.to_string())?;
                Number::exact(float).ok_or_else(infinite)
            }
            Marker::F32 => {
                let float = read::read_f32(&mut self.rest).map_err(|error| error.to_string())?;
                Number::exact(f64::from(float)).ok_or_else(infinite)
            }
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                self.text()?.parse().map_err(|error: Error| error.to_string())
            }
            Marker::U64 => read::read_u64(&mut self.rest).map(Number::from).map_err(|error| error.to_string()),
            _ => {
                let integer: i64 = read::read_int(&mut self.rest).map_err(|_| unexpected("a number", marker))?;
                Ok(Number::from(integer))
            }
        }
    }

    fn list(&mut self, element: &Type) -> Outcome<Vec<Value>> {
        let length = self.length()?;
        let mut elements = Vec::new();
        for index in 0..length {
            elements.push(self.step(Step::Index(i64::from(index)), element)?);
        }
        Ok(elements)
    }

    fn length(&mut self) -> Outcome<u32> {
        let marker = self.marker()?;
        let length = read::read_array_len(&mut self.rest).map_err(|_| unexpected("a list", marker))?;
        // Every element has a byte at least: a length beyond that is a lie.
        if length as usize > self.rest.len() { Err("it ends too early".to_owned()) } else { Ok(length) }
    }

    fn members<'t>(
        &mut self,
        of: impl Fn(&str) -> Option<&'t Type>,
        as_step: fn(String) -> Step,
    ) -> Outcome<BTreeMap<String, Value>> {
        let marker = self.marker()?;
        let length = read::read_map_len(&mut self.rest).map_err(|_| unexpected("an object", marker))?;
        let mut members = BTreeMap::new();
        for _ in 0..length {
            let name = self.text()?;
            let of = of(&name).ok_or_else(|| format!("there is no attribute {name:?}"))?;
            let value = self.step(as_step(name.clone()), of)?;
            members.insert(name, value);
        }
        Ok(members)
    }

    fn object(&mut self, types: &[(String, Type)]) -> Outcome<Value> {
        let find = |name: &str| {
            let at = types.binary_search_by(|(candidate, _)| candidate.as_str().cmp(name)).ok()?;
            types.get(at).map(|(_, of)| of)
        };
        let members = self.members(find, Step::Attribute)?;
        match types.iter().find(|(name, _)| !members.contains_key(name)) {
            Some((missing, _)) => Err(format!("the attribute {missing:?} is missing")),
            None => Ok(Value::Map(members)),
        }
    }

    fn tuple(&mut self, types: &[Type]) -> Outcome<Value> {
        let length = self.length()?;
        if length as usize != types.len() {
            return Err(format!("a tuple has {length} elements instead of {}", types.len()));
        }
        let mut elements = Vec::new();
        for (index, of) in (0..).zip(types) {
            elements.push(self.step(Step::Index(index), of)?);
        }
        Ok(Value::List(elements))
    }

    fn dynamic(&mut self) -> Outcome<Value> {
        if self.length()? != 2 {
            return Err("a dynamic value is no pair of type and value".to_owned());
        }
        let marker = self.marker()?;
        let length = match marker {
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
                read::read_bin_len(&mut self.rest).map_err(|error| error.to_string())?
            }
            _ => read::read_str_len(&mut self.rest).map_err(|_| unexpected("a type", marker))?,
        };
        let of = Type::from_json(self.take(length as usize)?).map_err(|error| error.to_string())?;
        if self.path.len() >= DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        // A step of the tree, though none of the path: a chain of dynamic values must end too.
        self.path.push(Step::Index(1));
        let value = self.value(&of)?;
        self.path.pop();
        Ok(Value::Dynamic(Box::new((of, value))))
    }
}

fn unexpected(expected: &str, found: Marker) -> String {
    format!("{expected} was expected, the marker is {found:?}")
}

struct Writer {
    bytes: Vec<u8>,
    path: Vec<Step>,
}

impl Writer {
    fn step(&mut self, step: Step, value: &Value, of: &Type) -> Outcome<()> {
        if self.path.len() >= DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        self.path.push(step);
        self.value(value, of)?;
        self.path.pop();
        Ok(())
    }

    fn value(&mut self, value: &Value, of: &Type) -> Outcome<()> {
        match (value, of) {
            (Value::Null, _) => write::write_nil(&mut self.bytes).map_err(text)?,
            (Value::Unknown(refinement), _) => self.unknown(refinement)?,
            (Value::Dynamic(pair), Type::Dynamic) => {
                write::write_array_len(&mut self.bytes, 2).map_err(text)?;
                write::write_bin(&mut self.bytes, &pair.0.to_json()).map_err(text)?;
                self.step(Step::Index(1), &pair.1, &pair.0)?;
            }
            (Value::String(value), Type::String) => write::write_str(&mut self.bytes, value).map_err(text)?,
            (Value::Bool(value), Type::Bool) => write::write_bool(&mut self.bytes, *value).map_err(text)?,
            (Value::Number(number), Type::Number) => self.number(number)?,
            (Value::List(elements), Type::List(of)) => self.list(elements, of)?,
            (Value::List(elements), Type::Set(of)) => match set_of(elements.clone()) {
                Value::List(elements) => self.list(&elements, of)?,
                _ => return Err("a set is no list".to_owned()),
            },
            (Value::List(elements), Type::Tuple(types)) if elements.len() == types.len() => {
                write::write_array_len(&mut self.bytes, length(elements.len())?).map_err(text)?;
                for (index, (element, of)) in (0..).zip(elements.iter().zip(types)) {
                    self.step(Step::Index(index), element, of)?;
                }
            }
            (Value::Map(members), Type::Map(of)) => {
                write::write_map_len(&mut self.bytes, length(members.len())?).map_err(text)?;
                for (key, member) in members {
                    write::write_str(&mut self.bytes, key).map_err(text)?;
                    self.step(Step::Key(key.clone()), member, of)?;
                }
            }
            (Value::Map(members), Type::Object(types)) => {
                if let Some(name) = members.keys().find(|name| !types.iter().any(|(known, _)| known == *name)) {
                    return Err(format!("there is no attribute {name:?}"));
                }
                write::write_map_len(&mut self.bytes, length(types.len())?).map_err(text)?;
                for (name, of) in types {
                    write::write_str(&mut self.bytes, name).map_err(text)?;
                    self.step(Step::Attribute(name.clone()), members.get(name).unwrap_or(&Value::Null), of)?;
                }
            }
            _ => return Err(format!("{} stands where the schema has {of}", value.kind())),
        }
        Ok(())
    }

    fn unknown(&mut self, refinement: &Refinement) -> Outcome<()> {
        if refinement.payload.is_empty() {
            // What go-cty writes, and the only form that it takes for unrefined.
            self.bytes.extend_from_slice(&[0xd4, 0, 0]);
            return Ok(());
        }
        write::write_ext_meta(&mut self.bytes, length(refinement.payload.len())?, REFINED).map_err(text)?;
        self.bytes.extend_from_slice(&refinement.payload);
        Ok(())
    }

    fn number(&mut self, number: &Number) -> Outcome<()> {
        if let Some(integer) = number.integer() {
            write::write_sint(&mut self.bytes, integer).map_err(text)?;
        } else if let Some(float) = number.exact_float() {
            write::write_f64(&mut self.bytes, float).map_err(text)?;
        } else {
            write::write_str(&mut self.bytes, &number.to_string()).map_err(text)?;
        }
        Ok(())
    }

    fn list(&mut self, elements: &[Value], of: &Type) -> Outcome<()> {
        write::write_array_len(&mut self.bytes, length(elements.len())?).map_err(text)?;
        for (index, element) in (0..).zip(elements) {
            self.step(Step::Index(index), element, of)?;
        }
        Ok(())
    }
}

fn length(length: usize) -> Outcome<u32> {
    u32::try_from(length).map_err(|_| "it is too long".to_owned())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
