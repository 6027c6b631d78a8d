//! What requests and objects are made of: the fields of the API's types, as data in `fields.txt`, and the check of a JSON value
//! against them. <https://docs.databricks.com/api/>
//!
//! A type stands in the section of its service: `Name { field:type, field!:type }`, where `!` is a field that must be there, or
//! `NAME = A|B|C` for an enumeration. The types are `string`, `bool`, `int`, `int64`, `float64`, `any`, `[]T`, `map[string]T`, `*T`
//! and the names of others.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::answer::ApiError;

static TYPES: LazyLock<BTreeMap<String, Type>> = LazyLock::new(|| read(include_str!("fields.txt")));

/// A named type.
#[derive(Debug)]
enum Type {
    Fields(Vec<Field>),
    Words(Vec<&'static str>),
}

/// One field of a type.
#[derive(Debug)]
struct Field {
    name: &'static str,
    required: bool,
    form: Form,
}

/// What a value looks like.
#[derive(Debug)]
enum Form {
    Text,
    Flag,
    Whole,
    Number,
    Any,
    List(Box<Form>),
    Map(Box<Form>),
    /// A named type, with its section.
    Named(String),
}

/// How much a check forgives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// A field that the type does not have is refused: how our own client's mistakes are found.
    Strict,
    /// It is left out, as the real service does.
    Lenient,
}

/// Checks `value` as the type `name` (`section.Type`) and returns what the service takes of it: without nulls, and, for lenient
/// callers, without unknown fields.
///
/// # Errors
/// The API's 400: a field that is unknown, missing, of another form or none of the allowed words.
pub(crate) fn check(name: &str, value: Value, strictness: Strictness) -> Result<Map<String, Value>, ApiError> {
    match checked(&Form::Named(name.to_owned()), value, "", strictness)? {
        Value::Object(fields) => Ok(fields),
        other => Err(wrong("", &other, "an object")),
    }
}

/// What a caller is shown of an object: the fields of the type `name`, and nothing of what is kept beside.
pub(crate) fn shown(name: &str, object: &Map<String, Value>) -> Value {
    shown_as(&Form::Named(name.to_owned()), &Value::Object(object.clone()))
}

/// Whether a type has a field.
pub(crate) fn has(name: &str, field: &str) -> bool {
    matches!(TYPES.get(name), Some(Type::Fields(fields)) if fields.iter().any(|one| one.name == field))
}

/// The names of a type's fields.
pub(crate) fn names(name: &str) -> Vec<&'static str> {
    match TYPES.get(name) {
        Some(Type::Fields(fields)) => fields.iter().map(|field| field.name).collect(),
        _ => Vec::new(),
    }
}

fn checked(form: &Form, value: Value, path: &str, strictness: Strictness) -> Result<Value, ApiError> {
    match (form, value) {
        (Form::Any, value) => Ok(value),
        (Form::Text, value @ Value::String(_)) | (Form::Flag, value @ Value::Bool(_)) => Ok(value),
        (Form::Whole, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(Value::Number(number)),
        (Form::Number, value @ Value::Number(_)) => Ok(value),
        // Numbers of 64 bits may be texts in JSON (the JSON mapping of protocol buffers).
        (Form::Whole, Value::String(text)) if strictness == Strictness::Lenient => {
            text.parse::<i64>().map(Value::from).map_err(|_| wrong(path, &Value::String(text), form.noun()))
        }
        (Form::List(of), Value::Array(values)) => {
            let each = values.into_iter().filter(|one| !one.is_null()).enumerate();
            each.map(|(at, one)| checked(of, one, &format!("{path}[{at}]"), strictness)).collect()
        }
        (Form::Map(of), Value::Object(values)) => {
            let each = values.into_iter().filter(|(_, one)| !one.is_null());
            let each = each.map(|(key, one)| Ok((key.clone(), checked(of, one, &join(path, &key), strictness)?)));
            each.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        (Form::Named(name), value) => named(name, value, path, strictness),
        (form, value) => Err(wrong(path, &value, form.noun())),
    }
}

fn named(name: &str, value: Value, path: &str, strictness: Strictness) -> Result<Value, ApiError> {
    match (TYPES.get(name), value) {
        (Some(Type::Fields(fields)), Value::Object(given)) => {
            let mut taken = Map::new();
            for (key, value) in given {
                match fields.iter().find(|field| field.name == key) {
                    Some(_) if value.is_null() => {}
                    Some(field) => {
                        let value = checked(&field.form, value, &join(path, &key), strictness)?;
                        taken.insert(key, value);
                    }
                    None if strictness == Strictness::Lenient => {}
                    None => {
                        let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
                        return Err(ApiError::malformed(format!(
                            "Could not parse request object: unknown field `{}`, expected one of {}",
                            join(path, &key),
                            known.join(", ")
                        )));
                    }
                }
            }
            match fields.iter().find(|field| field.required && !taken.contains_key(field.name)) {
                Some(field) => Err(missing(&join(path, field.name))),
                None => Ok(Value::Object(taken)),
            }
        }
        (Some(Type::Words(words)), Value::String(word)) if words.contains(&word.as_str()) => Ok(Value::String(word)),
        (Some(Type::Words(words)), Value::String(word)) => {
            Err(ApiError::invalid(format!("{path} {word} is none of {}.", words.join(", "))))
        }
        (Some(Type::Fields(_)), other) => Err(wrong(path, &other, "an object")),
        (Some(Type::Words(_)), other) => Err(wrong(path, &other, "a text")),
        (None, _) => Err(ApiError::internal(format!("The local cloud has no type {name}."))),
    }
}

fn shown_as(form: &Form, value: &Value) -> Value {
    match (form, value) {
        (Form::Named(name), Value::Object(object)) => match TYPES.get(name) {
            Some(Type::Fields(fields)) => {
                let each = fields.iter().filter_map(|field| {
                    let value = object.get(field.name)?;
                    Some((field.name.to_owned(), shown_as(&field.form, value)))
                });
                Value::Object(each.collect())
            }
            _ => value.clone(),
        },
        (Form::List(of), Value::Array(values)) => values.iter().map(|one| shown_as(of, one)).collect(),
        _ => value.clone(),
    }
}

/// 400: a field that must be there.
pub(crate) fn missing(field: &str) -> ApiError {
    ApiError::invalid(format!("Missing required field: {field}"))
}

fn wrong(path: &str, value: &Value, expected: &str) -> ApiError {
    let of = if path.is_empty() { "the body".to_owned() } else { path.to_owned() };
    ApiError::malformed(format!("Could not parse request object: invalid type: {of} is {value}, expected {expected}"))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Form {
    fn noun(&self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::List(_) => "a list",
            Self::Any | Self::Map(_) | Self::Named(_) => "an object",
        }
    }

    fn read(text: &str, section: &str) -> Self {
        if let Some(of) = text.strip_prefix("[]") {
            return Self::List(Box::new(Self::read(of, section)));
        }
        if let Some(of) = text.strip_prefix("map[string]") {
            return Self::Map(Box::new(Self::read(of, section)));
        }
        match text.trim_start_matches('*') {
            "string" => Self::Text,
            "bool" => Self::Flag,
            "int" | "int64" => Self::Whole,
            "float64" => Self::Number,
            "any" => Self::Any,
            named if named.contains('.') => Self::Named(named.to_owned()),
            named => Self::Named(format!("{section}.{named}")),
        }
    }
}

fn read(text: &'static str) -> BTreeMap<String, Type> {
    let mut types = BTreeMap::new();
    let mut section = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("//")) {
        if let Some(name) = line.strip_prefix("### ") {
            section = name;
        } else if let Some((name, words)) = line.split_once(" = ") {
            types.insert(format!("{section}.{name}"), Type::Words(words.split('|').collect()));
        } else if let Some((name, fields)) = line.split_once(" {") {
            let fields = fields.trim_end_matches('}').split(',').map(str::trim).filter(|field| !field.is_empty());
            let fields = fields.filter_map(|field| {
                let (name, form) = field.split_once(':')?;
                Some(Field {
                    name: name.trim_end_matches('!'),
                    required: name.ends_with('!'),
                    form: Form::read(form, section),
                })
            });
            types.insert(format!("{section}.{name}"), Type::Fields(fields.collect()));
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NETWORK: &str = "provisioning.CreateNetworkRequest";

    fn outcome(name: &str, value: Value, strictness: Strictness) -> Result<Value, String> {
        check(name, value, strictness).map(Value::Object).map_err(|error| format!("{}: {}", error.code, error.message))
    }

    #[test]
    fn every_field_has_a_type_that_is_there() {
        let names_of = |form: &Form| {
            let mut form = form;
            loop {
                match form {
                    Form::List(of) | Form::Map(of) => form = of,
                    Form::Named(name) => return Some(name.clone()),
                    _ => return None,
                }
            }
        };
        for (name, one) in TYPES.iter() {
            let Type::Fields(fields) = one else { continue };
            for field in fields {
                if let Some(wanted) = names_of(&field.form) {
                    assert!(TYPES.contains_key(&wanted), "{name}.{} is a {wanted}, which is not there", field.name);
                }
            }
        }
        assert!(TYPES.len() > 100);
    }

    #[test]
    fn what_a_request_says_is_checked() {
        let check = |value: Value, strict: Result<Value, &str>, lenient: Result<Value, &str>| {
            for (strictness, expected) in [(Strictness::Strict, strict), (Strictness::Lenient, lenient)] {
                let have = outcome(NETWORK, value.clone(), strictness);
                match expected {
                    Ok(expected) => assert_eq!(have, Ok(expected), "{value}"),
                    Err(part) => assert!(have.as_ref().is_err_and(|text| text.contains(part)), "{value}: {have:?}"),
                }
            }
        };
        let good = json!({"vpc_id": "vpc-1", "subnet_ids": ["a"]});
        check(good.clone(), Ok(good.clone()), Ok(good.clone()));
        check(
            json!({"vpc_id": "vpc-1", "subnet_ids": ["a"], "account_id": "1"}),
            Err("MALFORMED_REQUEST: Could not parse request object: unknown field `account_id`"),
            Ok(good),
        );
        check(json!({"vpc_endpoints": {"rest": []}}), Err("`vpc_endpoints.rest`"), Ok(json!({"vpc_endpoints": {}})));
        check(json!({"vpc_id": null}), Ok(json!({})), Ok(json!({})));
        check(json!({"vpc_id": 1}), Err("vpc_id is 1, expected a text"), Err("expected a text"));
        check(json!({"subnet_ids": [1]}), Err("subnet_ids[0] is 1"), Err("subnet_ids[0] is 1"));
        check(json!([]), Err("expected an object"), Err("expected an object"));
    }

    #[test]
    fn required_fields_and_words_are_checked() {
        let keys = "provisioning.CreateCustomerManagedKeyRequest";
        let check = |value: Value, part: &str| {
            let have = outcome(keys, value.clone(), Strictness::Lenient);
            assert!(have.as_ref().is_err_and(|text| text.contains(part)), "{value}: {have:?}");
        };
        check(json!({}), "INVALID_PARAMETER_VALUE: Missing required field: use_cases");
        check(json!({"use_cases": [], "aws_key_info": {}}), "aws_key_info.key_arn");
        check(json!({"use_cases": ["BACKUP"]}), "use_cases[0] BACKUP is none of MANAGED_SERVICES, STORAGE.");
    }

    #[test]
    fn whole_numbers_may_be_texts_for_those_who_are_no_clients_of_ours() {
        let (name, value) = ("workspace.CreateCredentialsRequest", json!({"git_provider": "x", "principal_id": "7"}));
        let taken = json!({"git_provider": "x", "principal_id": 7});
        assert_eq!(outcome(name, value.clone(), Strictness::Lenient), Ok(taken));
        assert!(outcome(name, value, Strictness::Strict).is_err());
    }

    #[test]
    fn an_object_shows_the_fields_of_its_type() {
        let object = json!({"credential_id": 1, "git_provider": "x", "personal_access_token": "secret"});
        let Value::Object(object) = object else { unreachable!() };
        assert_eq!(
            shown("workspace.GetCredentialsResponse", &object),
            json!({"credential_id": 1, "git_provider": "x"})
        );
    }
}
