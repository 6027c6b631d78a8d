//! The attribute `endpoint`, by its type [`SshEndpoint`]: what one resource exports, another is given.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use ssh_endpoint::SshEndpoint;
use tfplugin::{COMPUTED, Flags, OPTIONAL, REQUIRED};

/// The schema where the provider makes the endpoint: every field computed.
pub(super) fn exported(generator: &mut SchemaGenerator) -> Schema {
    with_flags(generator, |_| COMPUTED)
}

/// The schema where the configuration names an endpoint: what every endpoint has is required.
pub(super) fn given(generator: &mut SchemaGenerator) -> Schema {
    with_flags(generator, |is_required| if is_required { REQUIRED } else { OPTIONAL })
}

fn with_flags(generator: &mut SchemaGenerator, flags: fn(bool) -> Flags) -> Schema {
    let mut schema = SshEndpoint::json_schema(generator).to_value();
    flag(&mut schema, flags);
    Schema::try_from(schema).unwrap_or_default()
}

/// Flags every field of an object, and those of the objects in it.
fn flag(object: &mut Value, flags: fn(bool) -> Flags) {
    let required: Vec<String> = object
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    let fields = object.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.into_iter().flatten() {
        match field.get_mut("anyOf").and_then(Value::as_array_mut) {
            Some(options) => options.iter_mut().for_each(|option| flag(option, flags)),
            None => flag(field, flags),
        }
        if let Some(field) = field.as_object_mut() {
            let flags = serde_json::to_value(flags(required.contains(name))).unwrap_or_default();
            field.insert("x-tf".to_owned(), flags);
        }
    }
}
