//! Terraform values in JSON, as state files have them.
//!
//! Every run sends every state to UpgradeResourceState in this form. Numbers keep all their digits; a dynamic value is
//! `{"type": …, "value": …}`.
//!
//! A state may be of an older version of ours, or of another provider whose resource means the same (`replace-provider`,
//! `moved`). So all of them are read alike, and leniently: see [`decode`].

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::diagnostic::{Error, Path, Result, Step};
use crate::types::{Attribute, Block, Nesting, Schema, Shape, Type};
use crate::value::{Value, set_of};

/// A value nested deeper than this is an attack or a mistake.
const DEPTH: usize = 100;

type Outcome<T = Value> = std::result::Result<T, String>;

/// Reads a state. What the schema lacks is ignored; what the state lacks is null, or no block. A list of one stands for an
/// object and an object for a list of one; `""`, `[]` and `{}` where something else must stand are null. What still cannot
/// be read is null too, for the next refresh to fill in, but for required attributes and the `id`: without these the object
/// could not be found again.
pub(crate) fn decode(json: &[u8], schema: &Schema) -> Result<Value> {
    let fields = Fields { attributes: &schema.body.attributes, blocks: &schema.body.blocks };
    let value = read(json, |reader, json| match json {
        "null" => Ok(Value::Null),
        json => reader.object(json, fields),
    })?;
    Ok(crate::conform::with_blocks(value, &schema.body))
}

/// Reads a value of a type, a default for example, strictly.
pub(crate) fn decode_typed(json: &[u8], of: &Type) -> Result<Value> {
    read(json, |reader, json| reader.value(json, of))
}

fn read(json: &[u8], read: impl FnOnce(&mut Reader, &str) -> Outcome) -> Result<Value> {
    let raw: &RawValue = serde_json::from_slice(json)
        .map_err(|error| Error::new("The stored state is not JSON").detail(error.to_string()))?;
    let mut reader = Reader { path: Vec::new() };
    read(&mut reader, raw.get().trim()).map_err(|problem| {
        let path = Path(reader.path.clone());
        let summary = format!("The stored state cannot be read: {path}: {problem}");
        Error::new(summary).at(path)
    })
}

/// The members of an object: attributes and, where they may stand, blocks.
#[derive(Clone, Copy)]
struct Fields<'a> {
    attributes: &'a [Attribute],
    blocks: &'a [Block],
}

struct Reader {
    path: Vec<Step>,
}

impl Reader {
    fn step(&mut self, step: Step, json: &str, of: &Type) -> Outcome {
        self.within(step, |reader| reader.value(json, of))
    }

    /// On failure the step stays in the path, which then leads to the place.
    fn within(&mut self, step: Step, read: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        if self.path.len() >= DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        self.path.push(step);
        let value = read(self)?;
        self.path.pop();
        Ok(value)
    }

    fn object(&mut self, json: &str, fields: Fields<'_>) -> Outcome {
        let members: BTreeMap<String, &RawValue> =
            serde_json::from_str(json).map_err(|error| format!("no object stands there: {error}"))?;
        let json = |name: &str| members.get(name).map_or("null", |member| member.get().trim());
        let mut values = BTreeMap::new();
        for Attribute { name, shape, flags, .. } in fields.attributes {
            let json = json(name);
            let needed = flags.required || name == "id";
            let value = self.member(name, json, needed, |reader| match shape {
                Shape::Type(of) => reader.value(json, of),
                Shape::Nested(nesting, attributes) => reader.nested(json, *nesting, Fields { attributes, blocks: &[] }),
            })?;
            values.insert(name.clone(), value);
        }
        for Block { name, nesting, flags, body, .. } in fields.blocks {
            let json = json(name);
            let fields = Fields { attributes: &body.attributes, blocks: &body.blocks };
            let value = self.member(name, json, flags.required, |reader| reader.nested(json, *nesting, fields))?;
            let value = match value {
                // An empty block, as some providers write it.
                Value::List(elements) if elements.iter().any(Value::is_null) => {
                    let elements = elements.into_iter().map(|element| match element {
                        Value::Null => self.object("{}", fields),
                        element => Ok(element),
                    });
                    Value::List(elements.collect::<Outcome<_>>()?)
                }
                value => value,
            };
            values.insert(name.clone(), value);
        }
        Ok(Value::Map(values))
    }

    fn member(&mut self, name: &str, json: &str, needed: bool, read: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let depth = self.path.len();
        let value = self.within(Step::Attribute(name.to_owned()), read);
        match value {
            Err(_) if is_nothing(json) => {}
            Err(problem) if !needed => {
                let path = Path(self.path.clone()).to_string();
                tracing::warn!(path, problem, "left out of a stored state, which has it in another shape");
            }
            other => return other,
        }
        self.path.truncate(depth);
        Ok(Value::Null)
    }

    fn nested(&mut self, json: &str, nesting: Nesting, fields: Fields<'_>) -> Outcome {
        if json == "null" {
            return Ok(Value::Null);
        }
        let is_object = json.starts_with('{') && !is_nothing(json);
        match nesting {
            Nesting::Single if json.starts_with('[') => match elements(json)?.as_slice() {
                [] => Ok(Value::Null),
                [only] => self.within(Step::Index(0), |reader| reader.nested(only.get().trim(), nesting, fields)),
                more => Err(format!("{} stand where one object must", more.len())),
            },
            Nesting::Single => self.object(json, fields),
            Nesting::List | Nesting::Set if is_object => self.object(json, fields).map(|only| Value::List(vec![only])),
            Nesting::List | Nesting::Set => {
                let mut values = Vec::new();
                for (index, json) in (0..).zip(elements(json)?) {
                    let nested = |reader: &mut Self| reader.nested(json.get().trim(), Nesting::Single, fields);
                    values.push(self.within(Step::Index(index), nested)?);
                }
                Ok(if nesting == Nesting::Set { set_of(values) } else { Value::List(values) })
            }
            Nesting::Map => {
                let members: BTreeMap<String, &RawValue> =
                    serde_json::from_str(json).map_err(|error| format!("no map stands there: {error}"))?;
                let mut values = BTreeMap::new();
                for (key, json) in members {
                    let nested = |reader: &mut Self| reader.nested(json.get().trim(), Nesting::Single, fields);
                    values.insert(key.clone(), self.within(Step::Key(key), nested)?);
                }
                Ok(Value::Map(values))
            }
        }
    }

    fn value(&mut self, json: &str, of: &Type) -> Outcome {
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

    fn list(&mut self, json: &str, element: &Type) -> Outcome<Vec<Value>> {
        let elements: Vec<&RawValue> = borrowed(json, element)?;
        let mut values = Vec::new();
        for (index, json) in (0..).zip(elements) {
            values.push(self.step(Step::Index(index), json.get(), element)?);
        }
        Ok(values)
    }
}

/// What providers write for what is not set.
fn is_nothing(json: &str) -> bool {
    let mut rest = json.chars().filter(|letter| !letter.is_ascii_whitespace());
    match (rest.next(), rest.next(), rest.next()) {
        (Some('['), Some(']'), None) | (Some('{'), Some('}'), None) => true,
        _ => json == "\"\"",
    }
}

fn elements(json: &str) -> Outcome<Vec<&RawValue>> {
    serde_json::from_str(json).map_err(|error| format!("no list stands there: {error}"))
}

fn borrowed<'a, T: serde::Deserialize<'a>>(json: &'a str, of: &Type) -> Outcome<T> {
    serde_json::from_str(json).map_err(|error| format!("no {of} stands there: {error}"))
}

/// Text, number and bool convert into each other as they do in Terraform, so a changed type needs no upgrade by hand.
fn primitive(json: &str, of: &Type) -> Outcome {
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

fn owned<T: DeserializeOwned>(json: &str) -> Outcome<T> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;

    use super::*;
    use crate::flags::{ID, OPTIONAL, REQUIRED};
    use crate::{Attr, Set};

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

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Part {
        #[schemars(extend("x-tf" = REQUIRED))]
        name: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        size: Attr<i64>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Foreign {
        #[schemars(extend("x-tf" = ID))]
        id: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        size: Attr<i64>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        tags: Attr<BTreeMap<String, String>>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        zones: Attr<Vec<String>>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        main: Attr<Part>,
        #[schemars(extend("x-tf" = OPTIONAL.block()))]
        only: Attr<Part>,
        #[schemars(extend("x-tf" = OPTIONAL.block()))]
        many: Attr<Set<Part>>,
    }

    #[test]
    fn a_state_of_another_shape_is_read_as_far_as_it_can_be() {
        let schema = crate::schema::schema_of::<Foreign>(0);
        let read = |json: &str, name: &str| decode(json.as_bytes(), &schema).unwrap().member(name).clone();
        let part = |size: Value| Value::Map([("name".to_owned(), text("p")), ("size".to_owned(), size)].into());
        let (none, one) = (Value::List(Vec::new()), Value::List(vec![part(number("1"))]));
        let nameless = ["name", "size"].map(|name| (name.to_owned(), Value::Null));
        for (json, name, expected) in [
            // A block that may stand once: as it is now, as ours was before, and absent in every way.
            (r#"{"only":[{"name":"p","size":1}]}"#, "only", one.clone()),
            (r#"{"only":{"name":"p","size":1}}"#, "only", one.clone()),
            (r#"{"only":[]}"#, "only", none.clone()),
            (r#"{"only":null}"#, "only", none.clone()),
            (r#"{"only":{ }}"#, "only", none.clone()),
            (r#"{}"#, "only", none.clone()),
            (r#"{"many":{"name":"p","size":1}}"#, "many", one),
            // An object that others have as a list of one.
            (r#"{"main":[{"name":"p","size":1}]}"#, "main", part(number("1"))),
            (r#"{"main":[ ]}"#, "main", Value::Null),
            // Nothing, where something else must stand.
            (r#"{"size":""}"#, "size", Value::Null),
            (r#"{"size":[]}"#, "size", Value::Null),
            (r#"{"tags":[]}"#, "tags", Value::Null),
            (r#"{"zones":{}}"#, "zones", Value::Null),
            (r#"{"zones":""}"#, "zones", Value::Null),
            (r#"{"main":{"name":[]}}"#, "main", Value::Map(nameless.into())),
            // Something else: the innermost that can be left out is.
            (r#"{"tags":"of another type"}"#, "tags", Value::Null),
            (r#"{"only":[{"name":"p","size":"large"}]}"#, "only", Value::List(vec![part(Value::Null)])),
            (r#"{"only":[{"name":{"first":"p"}}]}"#, "only", none),
        ] {
            assert_eq!(read(json, name), expected, "{json}");
        }
        let error = decode(br#"{"id":{"x":1}}"#, &schema).unwrap_err();
        assert_eq!(error.diagnostic().path.as_ref().unwrap().to_string(), "id");
    }

    #[test]
    fn an_empty_block_that_was_written_as_null_is_a_block() {
        #[derive(JsonSchema)]
        #[allow(dead_code)]
        struct Empty {
            #[schemars(extend("x-tf" = OPTIONAL.block()))]
            only: Attr<Inner>,
        }
        #[derive(JsonSchema)]
        #[allow(dead_code)]
        struct Inner {
            #[schemars(extend("x-tf" = OPTIONAL))]
            size: Attr<i64>,
        }
        let state = decode(b"{\"only\":[\n  null\n]}", &crate::schema::schema_of::<Empty>(0)).unwrap();
        let inner = Value::Map([("size".to_owned(), Value::Null)].into());
        assert_eq!(*state.member("only"), Value::List(vec![inner]));
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
