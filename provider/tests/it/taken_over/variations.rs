//! The ways in which one object may stand in a state, all of which mean the same.
//!
//! The corpus has each object as one version of one provider wrote it after one apply. Others are in the wild: refreshed ones (null
//! becomes `[]` and `{}`), ones of versions that lacked an attribute or had one more, of an older schema version, of a
//! Terraform that noted other things beside the attributes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What a variation may know of the object.
pub struct Subject<'a> {
    /// The types of its paths.
    pub types: &'a BTreeMap<String, String>,
    /// The configuration that it is of.
    pub configuration: &'a str,
    /// The workspace that it stands in.
    pub workspace_id: Option<&'a str>,
}

/// A way to write an object.
pub struct Variation {
    pub name: &'static str,
    /// Whether terraform itself notes anew what is sensitive, and shows that as an update without a change.
    pub marks: bool,
    /// Changes an instance of a resource in a state file.
    pub apply: fn(&Subject<'_>, &mut Value),
}

/// All ways.
pub const VARIATIONS: &[Variation] = &[
    of("as written", |_, _| {}),
    of("nothing is empty", |subject, instance| each(subject, instance, &mut |_, of, value| filled(of, value))),
    of("nothing is null", |subject, instance| each(subject, instance, &mut |_, _, value| nulled(value))),
    of("nothing is zero", |subject, instance| each(subject, instance, &mut |_, of, value| zeroed(of, value))),
    of("zero is null", |subject, instance| {
        each(subject, instance, &mut |path, _, value| {
            let is_zero = *value == json!(false) || *value == json!(0);
            if is_zero && !is_configured(subject, path) {
                *value = Value::Null;
            }
        });
    }),
    of("nothing is absent", |subject, instance| {
        let is_nothing =
            |path: &str, value: &Value| subject.types.contains_key(path) && (value.is_null() || is_empty(value));
        without_nothing("", &mut instance["attributes"], &is_nothing);
    }),
    of("sets the other way round", |subject, instance| {
        each(subject, instance, &mut |_, of, value| {
            if let Some(elements) = value.as_array_mut().filter(|_| of.starts_with("set")) {
                elements.reverse();
            }
        });
    }),
    of("no provider_config", |_, instance| without(instance, "provider_config")),
    of("null provider_config", |_, instance| replaced(instance, "provider_config", &Value::Null)),
    of("empty provider_config", |_, instance| replaced(instance, "provider_config", &json!([]))),
    of("provider_config by itself", |subject, instance| {
        if let Some(id) = subject.workspace_id {
            replaced(instance, "provider_config", &json!([{ "workspace_id": id }]));
        }
    }),
    of("null timeouts", |_, instance| unlimited(instance, |_| Value::Null)),
    of("timeouts of nulls", |subject, instance| {
        let limits = subject.types.keys().filter_map(|path| path.strip_prefix("timeouts."));
        let nulls: Value = limits.map(|name| (name.to_owned(), Value::Null)).collect();
        unlimited(instance, |_| nulls.clone());
    }),
    of("the first schema version", |_, instance| instance["schema_version"] = json!(0)),
    of("the schema version before", |_, instance| {
        instance["schema_version"] = json!(instance["schema_version"].as_u64().unwrap_or_default().saturating_sub(1));
    }),
    of("attributes of tomorrow", |subject, instance| {
        let tomorrow = |object: &mut Value| object["of_tomorrow"] = json!([{ "size": 1, "names": ["a"], "more": {} }]);
        tomorrow(&mut instance["attributes"]);
        each(subject, instance, &mut |_, of, value| {
            let is_blocks = of == "list" || of == "set";
            for element in value.as_array_mut().filter(|_| is_blocks).into_iter().flatten() {
                if element.is_object() {
                    tomorrow(element);
                }
            }
        });
    }),
    of("nothing private", |_, instance| drop(instance.as_object_mut().unwrap().remove("private"))),
    // {"schema_version":"1"}, and bytes that are no JSON.
    of("private of a version", |_, instance| instance["private"] = json!("eyJzY2hlbWFfdmVyc2lvbiI6IjEifQ==")),
    of("private bytes", |_, instance| instance["private"] = json!("gaFhAA==")),
    // As a Terraform before 1.8 leaves it.
    Variation {
        name: "nothing sensitive",
        marks: true,
        apply: |_, instance| drop(instance.as_object_mut().unwrap().remove("sensitive_attributes")),
    },
];

const fn of(name: &'static str, apply: fn(&Subject<'_>, &mut Value)) -> Variation {
    Variation { name, marks: false, apply }
}

/// Calls `change` with the path, the type and the value of every attribute and block, inner ones first.
fn each(subject: &Subject<'_>, instance: &mut Value, change: &mut dyn FnMut(&str, &str, &mut Value)) {
    within(subject.types, "", &mut instance["attributes"], change);
}

fn within(
    types: &BTreeMap<String, String>,
    above: &str,
    object: &mut Value,
    change: &mut dyn FnMut(&str, &str, &mut Value),
) {
    let Some(members) = object.as_object_mut() else { return };
    for (name, value) in members {
        let path = format!("{above}{name}");
        let Some(of) = types.get(&path) else { continue };
        let inner = format!("{path}.");
        match (of.as_str(), &mut *value) {
            ("list" | "set", Value::Array(elements)) => {
                elements.iter_mut().for_each(|element| within(types, &inner, element, change));
            }
            ("object", value) => within(types, &inner, value, change),
            _ => {}
        }
        change(&path, of, value);
    }
}

/// Null as what providers write instead of it. An object that may stand once is null or has members.
fn filled(of: &str, value: &mut Value) {
    if value.is_null() {
        *value = match of.split('(').next().unwrap_or_default() {
            "string" => json!(""),
            "list" | "set" => json!([]),
            "map" => json!({}),
            _ => Value::Null,
        };
    }
}

fn nulled(value: &mut Value) {
    if is_empty(value) {
        *value = Value::Null;
    }
}

fn zeroed(of: &str, value: &mut Value) {
    if value.is_null() {
        *value = match of {
            "bool" => json!(false),
            "int" | "float" | "number" => json!(0),
            _ => Value::Null,
        };
    }
}

fn is_empty(value: &Value) -> bool {
    *value == json!("") || *value == json!([]) || *value == json!({})
}

/// Whether the configuration sets an attribute of that name anywhere.
fn is_configured(subject: &Subject<'_>, path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or_default();
    let mut lines = subject.configuration.lines().filter_map(|line| line.trim_start().strip_prefix(name));
    lines.any(|rest| rest.trim_start().starts_with('='))
}

fn without_nothing(above: &str, value: &mut Value, is_nothing: &dyn Fn(&str, &Value) -> bool) {
    match value {
        Value::Object(members) => {
            members
                .iter_mut()
                .for_each(|(name, member)| without_nothing(&format!("{above}{name}."), member, is_nothing));
            members.retain(|name, member| !is_nothing(&format!("{above}{name}"), member));
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| without_nothing(above, element, is_nothing)),
        _ => {}
    }
}

fn without(instance: &mut Value, name: &str) {
    instance["attributes"].as_object_mut().unwrap().remove(name);
}

/// Writes an attribute that is there otherwise.
fn replaced(instance: &mut Value, name: &str, value: &Value) {
    if let Some(slot) = instance["attributes"].as_object_mut().unwrap().get_mut(name) {
        *slot = value.clone();
    }
}

/// Writes `timeouts` otherwise where they are not configured.
fn unlimited(instance: &mut Value, timeouts: impl Fn(&Value) -> Value) {
    if let Some(slot) = instance["attributes"].as_object_mut().unwrap().get_mut("timeouts") {
        let is_set = slot.as_object().is_some_and(|limits| limits.values().any(|limit| !limit.is_null()));
        if !is_set {
            *slot = timeouts(slot);
        }
    }
}
