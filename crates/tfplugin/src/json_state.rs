//! Terraform values in JSON, as state files have them.
//!
//! Every run sends every state to UpgradeResourceState in this form. Numbers keep all their digits; a dynamic value is
//! `{"type": …, "value": …}`.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::diagnostic::{Error, Path, Result, Step};
use crate::types::{Schema, Type};
use crate::value::{Value, set_of};

/// A value nested deeper than this is an attack or a mistake.
const DEPTH: usize = 100;

/// Reads a state: attributes that the schema lacks are ignored, attributes that the state lacks are null, and blocks that
/// it lacks are empty.
pub(crate) fn decode(json: &[u8], schema: &Schema) -> Result<Value> {
    let value = decode_typed(json, &schema.value_type())?;
    Ok(crate::conform::with_blocks(value, &schema.body))
}

/// Reads a value of a type, a default for example.
pub(crate) fn decode_typed(json: &[u8], of: &Type) -> Result<Value> {
    let raw: &RawValue = serde_json::from_slice(json)
        .map_err(|error| Error::new("The stored state is not JSON").detail(error.to_string()))?;
    let mut reader = Reader { path: Vec::new() };
    reader.value(raw.get(), of).map_err(|problem| {
        let path = Path(reader.path.clone());
        let summary = format!("The stored state cannot be read: {path}: {problem}");
        Error::new(summary).at(path)
    })
}

struct Reader {
    path: Vec<Step>,
}

impl Reader {
    fn step(&mut self, step: Step, json: &str, of: &Type) -> std::result::Result<Value, String> {
        if self.path.len() >= DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        self.path.push(step);
        let value = self.value(json, of)?;
        self.path.pop();
        Ok(value)
    }

    fn value(&mut self, json: &str, of: &Type) -> std::result::Result<Value, String> {
        let json = json.trim();
        if json == "null" {
            return Ok(Value::Null);
        }
        match of {
            Type::String | Type::Number | Type::Bool => primitive(json, of),
            Type::List(element) => self.list(json, element).map(Value::List),
            Type::Set(element) => self.list(json, element).map(set_of),
            Type::Map(element) => {
                let members: BTreeMap<String, &RawValue> = borrowed(json, of)?;
                let mut values = BTreeMap::new();
                for (key, member) in members {
                    values.insert(key.clone(), self.step(Step::Key(key), member.get(), element)?);
                }
                Ok(Value::Map(values))
            }
            Type::Object(types) => {
                let members: BTreeMap<String, &RawValue> = borrowed(json, of)?;
                let mut values = BTreeMap::new();
                for (name, of) in types {
                    let value = match members.get(name) {
                        Some(member) => self.step(Step::Attribute(name.clone()), member.get(), of)?,
                        None => Value::Null,
                    };
                    values.insert(name.clone(), value);
                }
                Ok(Value::Map(values))
            }
            Type::Tuple(types) => {
                let elements: Vec<&RawValue> = borrowed(json, of)?;
                if elements.len() != types.len() {
                    return Err(format!("{} elements stand where the tuple has {}", elements.len(), types.len()));
                }
                let mut values = Vec::new();
                for (index, (element, of)) in (0..).zip(elements.iter().zip(types)) {
                    values.push(self.step(Step::Index(index), element.get(), of)?);
                }
                Ok(Value::List(values))
            }
            Type::Dynamic => {
                let members: BTreeMap<String, &RawValue> = borrowed(json, of)?;
                let (Some(of), Some(value)) = (members.get("type"), members.get("value")) else {
                    return Err("a dynamic value needs its type and its value".to_owned());
                };
                let of = Type::from_json(of.get().as_bytes()).map_err(|error| error.to_string())?;
                let value = self.step(Step::Attribute("value".to_owned()), value.get(), &of)?;
                Ok(Value::Dynamic(Box::new((of, value))))
            }
        }
    }

    fn list(&mut self, json: &str, element: &Type) -> std::result::Result<Vec<Value>, String> {
        let elements: Vec<&RawValue> = borrowed(json, element)?;
        let mut values = Vec::new();
        for (index, json) in (0..).zip(elements) {
            values.push(self.step(Step::Index(index), json.get(), element)?);
        }
        Ok(values)
    }
}

fn borrowed<'a, T: serde::Deserialize<'a>>(json: &'a str, of: &Type) -> std::result::Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("no {of} stands there: {error}"))
}

/// Text, number and bool convert into each other as they do in Terraform, so a changed type needs no upgrade by hand.
fn primitive(json: &str, of: &Type) -> std::result::Result<Value, String> {
    let wrong = || format!("no {of} stands there");
    if json.starts_with('"') {
        let text: String = owned(json)?;
        return match of {
            Type::String => Ok(Value::String(text)),
            Type::Number => text.parse().map(Value::Number).map_err(|_| wrong()),
            _ => match text.as_str() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err(wrong()),
            },
        };
    }
    match (json, of) {
        ("true" | "false", Type::Bool) => Ok(Value::Bool(json == "true")),
        ("true" | "false", Type::String) => Ok(Value::String(json.to_owned())),
        (_, Type::Number) => json.parse().map(Value::Number).map_err(|_| wrong()),
        (_, Type::String) => {
            let number: crate::number::Number = json.parse().map_err(|_| wrong())?;
            Ok(Value::String(number.to_string()))
        }
        _ => Err(wrong()),
    }
}

fn owned<T: DeserializeOwned>(json: &str) -> std::result::Result<T, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, of: &str, expected: Value) {
        let of = Type::from_json(of.as_bytes()).unwrap();
        assert_eq!(decode_typed(json.as_bytes(), &of).unwrap(), expected, "{json}");
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    fn number(digits: &str) -> Value {
        Value::Number(digits.parse().unwrap())
    }

    #[test]
    fn every_shape_is_read() {
        check("null", r#""string""#, Value::Null);
        check(r#" "a\n" "#, r#""string""#, text("a\n"));
        check("12345678901234567890123.5", r#""number""#, number("12345678901234567890123.5"));
        check("1e3", r#""number""#, number("1000"));
        check("0.1", r#""number""#, number("0.1"));
        check("[3, 1 ,3]", r#"["set","number"]"#, Value::List(vec![number("1"), number("3")]));
        check("[3,1,3]", r#"["list","number"]"#, Value::List(vec![number("3"), number("1"), number("3")]));
        check(r#"["a",true]"#, r#"["tuple",["string","bool"]]"#, Value::List(vec![text("a"), Value::Bool(true)]));
        check(r#"{"k":"v"}"#, r#"["map","string"]"#, Value::Map([("k".to_owned(), text("v"))].into()));
    }

    #[test]
    fn unknown_attributes_are_ignored_and_missing_ones_are_null() {
        let members = [("a".to_owned(), text("x")), ("b".to_owned(), Value::Null)];
        check(
            r#"{"gone":{"deep":[1]},"a":"x"}"#,
            r#"["object",{"a":"string","b":"bool"}]"#,
            Value::Map(members.into()),
        );
    }

    #[test]
    fn a_dynamic_value_is_read_with_its_type() {
        let of = Type::List(Box::new(Type::Number));
        let value = Value::List(vec![number("9223372036854775808")]);
        check(
            r#"{"value":[9223372036854775808],"type":["list","number"]}"#,
            r#""dynamic""#,
            Value::Dynamic(Box::new((of, value))),
        );
    }

    #[test]
    fn a_changed_primitive_type_converts() {
        check("5", r#""string""#, text("5"));
        check("true", r#""string""#, text("true"));
        check(r#""5.50""#, r#""number""#, number("5.5"));
        check(r#""false""#, r#""bool""#, Value::Bool(false));
    }

    #[test]
    fn a_wrong_value_is_an_error_with_its_place() {
        let of = Type::from_json(br#"["object",{"a":["list","bool"]}]"#).unwrap();
        let error = decode_typed(br#"{"a":[true,{}]}"#, &of).unwrap_err();
        assert_eq!(error.diagnostic().path.as_ref().unwrap().to_string(), "a[1]");
        for json in ["", "{", "[]", "7", r#"{"a":{}}"#, r#"{"a":[1]}"#] {
            assert!(decode_typed(json.as_bytes(), &of).is_err(), "{json}");
        }
        let deep = format!("{}null{}", r#"{"type":"dynamic","value":"#.repeat(120), "}".repeat(120));
        assert!(decode_typed(deep.as_bytes(), &Type::Dynamic).is_err());
    }
}
