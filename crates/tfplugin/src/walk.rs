//! Walks over a value along its schema: write-only values, secrets, what is still unknown.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Path, Result, Step};
use crate::msgpack;
use crate::schema::TIMEOUTS;
use crate::types::{Attribute, Body, Nesting, Schema, Shape};
use crate::value::Value;

/// The plan with the write-only values of the configuration: what a create or update is given.
pub(crate) fn with_write_only(schema: &Schema, planned: Value, config: &Value) -> Value {
    merge(planned, config, &schema.body.attributes, &schema.body)
}

/// The plan of a create with what is known of the object that an earlier create made: where the plan is unknown, the
/// object's value.
pub(crate) fn with_found(plan: &Value, found: &Value) -> Value {
    let Value::Map(members) = plan else { return plan.clone() };
    let fill = |(name, value): (&String, &Value)| {
        let value = if value.is_unknown() { found.member(name) } else { value };
        (name.clone(), value.clone())
    };
    Value::Map(members.iter().map(fill).collect())
}

fn merge(planned: Value, config: &Value, attributes: &[Attribute], body: &Body) -> Value {
    let Value::Map(mut members) = planned else { return planned };
    for attribute in attributes {
        let Some(slot) = members.get_mut(&attribute.name) else { continue };
        let given = config.member(&attribute.name);
        if attribute.flags.write_only {
            *slot = given.clone();
        } else if let Shape::Nested(nesting, nested) = &attribute.shape {
            let planned = std::mem::take(slot);
            *slot =
                pairwise(planned, given, *nesting, &|planned, config| merge(planned, config, nested, &Body::default()));
        }
    }
    for block in &body.blocks {
        let Some(slot) = members.get_mut(&block.name) else { continue };
        let planned = std::mem::take(slot);
        *slot = pairwise(planned, config.member(&block.name), block.nesting, &|planned, config| {
            merge(planned, config, &block.body.attributes, &block.body)
        });
    }
    Value::Map(members)
}

/// Sets have no write-only values: the schema's rules see to it.
fn pairwise(planned: Value, config: &Value, nesting: Nesting, merge: &dyn Fn(Value, &Value) -> Value) -> Value {
    match (nesting, planned, config) {
        (Nesting::Single, planned, config) => merge(planned, config),
        (Nesting::List, Value::List(planned), Value::List(config)) if planned.len() == config.len() => {
            Value::List(planned.into_iter().zip(config).map(|(planned, config)| merge(planned, config)).collect())
        }
        (Nesting::Map, Value::Map(planned), config) => Value::Map(
            planned
                .into_iter()
                .map(|(key, planned)| {
                    let merged = merge(planned, config.member(&key));
                    (key, merged)
                })
                .collect(),
        ),
        (_, planned, _) => planned,
    }
}

/// A digest of what is configured and not secret: the same for two creates of the same values by the same provider.
pub(crate) fn fingerprint(kind: &str, schema: &Schema, planned: &Value, provider: &str) -> Result<String> {
    let mut public = public(planned, &schema.body.attributes, &schema.body.blocks);
    if let Value::Map(members) = &mut public
        && let Some(timeouts) = members.get_mut(TIMEOUTS)
    {
        *timeouts = Value::Null;
    }
    let public = msgpack::encode(&public, &schema.value_type())?;
    let mut digest = Sha256::new();
    for part in [kind.as_bytes(), provider.as_bytes(), &public] {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    Ok(hex::encode(digest.finalize()))
}

fn public(value: &Value, attributes: &[Attribute], blocks: &[crate::types::Block]) -> Value {
    let Value::Map(members) = value else { return value.clone() };
    let mut public_members = BTreeMap::new();
    for attribute in attributes {
        let member = value.member(&attribute.name);
        let member = match &attribute.shape {
            _ if attribute.flags.sensitive || attribute.flags.write_only => Value::Null,
            Shape::Nested(nesting, nested) => each(member, *nesting, &|object| public(object, nested, &[])),
            Shape::Type(_) => member.clone(),
        };
        public_members.insert(attribute.name.clone(), member);
    }
    for block in blocks {
        let member = value.member(&block.name);
        let inside = |object: &Value| public(object, &block.body.attributes, &block.body.blocks);
        public_members.insert(block.name.clone(), each(member, block.nesting, &inside));
    }
    debug_assert!(members.keys().all(|name| public_members.contains_key(name)), "the value conforms to its schema");
    Value::Map(public_members)
}

fn each(value: &Value, nesting: Nesting, change: &dyn Fn(&Value) -> Value) -> Value {
    match (nesting, value) {
        (Nesting::Single, value) => change(value),
        (Nesting::List | Nesting::Set, Value::List(elements)) => Value::List(elements.iter().map(change).collect()),
        (Nesting::Map, Value::Map(members)) => {
            Value::Map(members.iter().map(|(key, member)| (key.clone(), change(member))).collect())
        }
        (_, value) => value.clone(),
    }
}

/// The value with null for all that is unknown, and where the first of it was.
pub(crate) fn settled(value: Value) -> (Value, Option<Path>) {
    let mut first = None;
    let value = settle(value, &mut Vec::new(), &mut first);
    (value, first)
}

fn settle(value: Value, path: &mut Vec<Step>, first: &mut Option<Path>) -> Value {
    let mut inside = |step: Step, value: Value| {
        path.push(step);
        let value = settle(value, path, first);
        path.pop();
        value
    };
    match value {
        Value::Unknown(_) => {
            first.get_or_insert_with(|| Path(path.clone()));
            Value::Null
        }
        Value::List(elements) => {
            Value::List((0..).zip(elements).map(|(at, element)| inside(Step::Index(at), element)).collect())
        }
        Value::Map(members) => Value::Map(
            members
                .into_iter()
                .map(|(name, member)| {
                    let settled = inside(Step::Attribute(name.clone()), member);
                    (name, settled)
                })
                .collect(),
        ),
        Value::Dynamic(pair) => {
            let (of, value) = *pair;
            let value = settle(value, path, first);
            Value::Dynamic(Box::new((of, value)))
        }
        known @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => known,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{fingerprint, settled, with_found, with_write_only};
    use crate::diagnostic::Path;
    use crate::flags::OwnedFlags;
    use crate::types::{Attribute, Body, Nesting, Schema, Shape, Type};
    use crate::value::Value;

    fn attribute(name: &str, shape: Shape, flags: OwnedFlags) -> Attribute {
        let (checks, element_checks) = (Vec::new(), Vec::new());
        Attribute { name: name.to_owned(), shape, description: String::new(), flags, checks, element_checks }
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    fn object(members: &[(&str, Value)]) -> Value {
        Value::Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<BTreeMap<_, _>>())
    }

    fn schema() -> Schema {
        let secret = OwnedFlags { sensitive: true, ..OwnedFlags::default() };
        let written = OwnedFlags { write_only: true, ..OwnedFlags::default() };
        let name = attribute("name", Shape::Type(Type::String), OwnedFlags::default());
        let nested = vec![name.clone(), attribute("key", Shape::Type(Type::String), written)];
        let attributes = vec![
            name,
            attribute("password", Shape::Type(Type::String), secret),
            attribute("parts", Shape::Nested(Nesting::List, nested), OwnedFlags::default()),
        ];
        Schema { version: 0, body: Body { attributes, ..Body::default() } }
    }

    fn part(name: &str, key: Value) -> Value {
        object(&[("name", text(name)), ("key", key)])
    }

    fn whole(password: &str, name: &str, key: Value) -> Value {
        let parts = Value::List(vec![part(name, key)]);
        object(&[("name", text("n")), ("password", text(password)), ("parts", parts)])
    }

    #[test]
    fn write_only_values_come_from_the_configuration_however_deep() {
        let merged = with_write_only(&schema(), whole("p", "a", Value::Null), &whole("p", "a", text("k")));
        assert_eq!(merged, whole("p", "a", text("k")));
    }

    #[test]
    fn what_a_plan_does_not_know_comes_from_the_object_that_was_found() {
        let plan = object(&[("id", Value::unknown()), ("name", text("new")), ("tags", Value::Null)]);
        let found = object(&[("id", text("vpc-1")), ("name", text("old")), ("tags", text("some"))]);
        let expected = object(&[("id", text("vpc-1")), ("name", text("new")), ("tags", Value::Null)]);
        assert_eq!(with_found(&plan, &found), expected);
    }

    #[test]
    fn a_fingerprint_tells_values_apart_but_knows_no_secret() {
        let print = |value: &Value| fingerprint("thing", &schema(), value, "provider").unwrap();
        let one = print(&whole("p", "a", Value::Null));
        assert_eq!(one, print(&whole("q", "a", text("k"))));
        assert_ne!(one, print(&whole("p", "b", Value::Null)));
        assert_ne!(one, fingerprint("other", &schema(), &whole("p", "a", Value::Null), "provider").unwrap());
        assert_ne!(one, fingerprint("thing", &schema(), &whole("p", "a", Value::Null), "elsewhere").unwrap());
    }

    #[test]
    fn what_is_unknown_is_found_and_made_null() {
        let (value, first) = settled(whole("p", "a", Value::unknown()));
        assert_eq!(value, whole("p", "a", Value::Null));
        let path = first.unwrap();
        assert_eq!(path.0.len(), 3);
        assert_ne!(path, Path::default());
        assert_eq!(settled(value.clone()), (value, None));
    }
}
