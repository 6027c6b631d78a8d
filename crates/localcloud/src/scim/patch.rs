//! SCIM patches (RFC 7644 section 3.5.2) on an object's JSON.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A patch's body.
#[derive(Debug, Deserialize)]
pub(super) struct Patch {
    schemas: Vec<String>,
    #[serde(rename = "Operations", alias = "operations")]
    operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
struct Operation {
    op: String,
    path: Option<String>,
    value: Option<Value>,
}

/// Applies a patch to an object.
///
/// # Errors
/// What is wrong with the patch.
pub(super) fn apply(patch: Patch, object: &mut Map<String, Value>) -> Result<(), String> {
    if patch.schemas != ["urn:ietf:params:scim:api:messages:2.0:PatchOp"] {
        return Err("schemas must be urn:ietf:params:scim:api:messages:2.0:PatchOp".to_owned());
    }
    for operation in patch.operations {
        let op = operation.op.to_ascii_lowercase();
        match (op.as_str(), operation.path, operation.value) {
            ("add" | "replace", None, Some(Value::Object(values))) => {
                for (name, value) in values {
                    set(object, &name, value, op == "add");
                }
            }
            ("add" | "replace", Some(path), Some(value)) => set(object, &path, value, op == "add"),
            ("remove", Some(path), Some(Value::Array(values))) if !path.contains('[') => {
                if let Some(Value::Array(list)) = object.get_mut(&path) {
                    list.retain(|one| !values.iter().any(|other| other.get("value") == one.get("value")));
                }
            }
            ("remove", Some(path), _) => remove(object, &path)?,
            (op, ..) => return Err(format!("the operation {op} is not complete")),
        }
    }
    Ok(())
}

/// Sets an attribute; what is added to a list joins it, unless it is there.
fn set(object: &mut Map<String, Value>, name: &str, value: Value, add: bool) {
    match (object.get_mut(name), plain(name, value)) {
        (None, Value::Array(values)) if add => drop(object.insert(name.to_owned(), values.into())),
        (Some(Value::Array(have)), Value::Array(more)) if add => {
            for one in more {
                if !have.iter().any(|other| other.get("value") == one.get("value")) {
                    have.push(one);
                }
            }
        }
        (_, value) => {
            object.insert(name.to_owned(), value);
        }
    }
}

/// The value of an attribute that is no list may come as a list of one (the official provider sends `active` so), and a flag as
/// a text.
fn plain(name: &str, value: Value) -> Value {
    let value = match value {
        Value::Array(mut all) if matches!(name, "active" | "displayName" | "externalId") && all.len() == 1 => {
            let only = all.pop().unwrap_or_default();
            only.get("value").cloned().unwrap_or(only)
        }
        value => value,
    };
    match value.as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("true") if name == "active" => Value::Bool(true),
        Some("false") if name == "active" => Value::Bool(false),
        _ => value,
    }
}

/// Removes `attribute`, or the entries of `attribute[value eq "x"]`.
fn remove(object: &mut Map<String, Value>, path: &str) -> Result<(), String> {
    let Some((attribute, condition)) = path.split_once('[') else {
        object.remove(path);
        return Ok(());
    };
    let wanted = condition
        .strip_suffix(']')
        .and_then(|condition| condition.trim().strip_prefix("value eq "))
        .map(|value| value.trim().trim_matches('"').to_owned())
        .ok_or_else(|| format!("the path {path} is not of the form attribute[value eq \"x\"]"))?;
    if let Some(Value::Array(list)) = object.get_mut(attribute) {
        list.retain(|one| one.get("value").and_then(Value::as_str) != Some(&wanted));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(operations: Value, expected: Value) {
        let mut object = json!({"active": true, "roles": [{"value": "a"}]});
        let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
        let patch: Patch = serde_json::from_value(patch).unwrap();
        let outcome = apply(patch, object.as_object_mut().unwrap());
        assert_eq!(outcome.map_or(Value::Null, |()| object), expected);
    }

    #[test]
    fn operations_change_what_they_name() {
        check(
            json!([{"op": "replace", "path": "active", "value": false}]),
            json!({"active": false, "roles": [{"value": "a"}]}),
        );
        check(
            json!([{"op": "add", "value": {"roles": [{"value": "a"}, {"value": "b"}]}}]),
            json!({"active": true, "roles": [{"value": "a"}, {"value": "b"}]}),
        );
        check(
            json!([{"op": "add", "path": "roles", "value": [{"value": "b"}]}]),
            json!({"active": true, "roles": [{"value": "a"}, {"value": "b"}]}),
        );
        check(json!([{"op": "remove", "path": "roles[value eq \"a\"]"}]), json!({"active": true, "roles": []}));
        check(json!([{"op": "remove", "path": "roles"}]), json!({"active": true}));
        check(
            json!([{"op": "replace", "path": "active", "value": [{"value": "false"}]}]),
            json!({"active": false, "roles": [{"value": "a"}]}),
        );
        check(
            json!([{"op": "remove", "path": "roles", "value": [{"value": "a"}]}]),
            json!({"active": true, "roles": []}),
        );
        check(
            json!([{"op": "add", "path": "groups", "value": [{"value": "g"}]}]),
            json!({"active": true, "roles": [{"value": "a"}], "groups": [{"value": "g"}]}),
        );
        check(json!([{"op": "remove", "path": "roles[x]"}]), Value::Null);
        check(json!([{"op": "move", "path": "roles"}]), Value::Null);
    }
}
