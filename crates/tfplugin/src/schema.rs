//! From a Rust struct to a Terraform schema, by way of the JSON schema that schemars derives.
//!
//! Terraform checks a schema when the provider starts and refuses the provider as a whole for one bad attribute
//! (`InternalValidate` of its configschema package). The same rules are checked here, so that a unit test finds the fault.

mod check;
mod convert;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use crate::action::Action;
use crate::flags::{OPTIONAL, OwnedFlags};
use crate::resource::{Function, Resource};
use crate::types::{Attribute, Block, Body, Check, Nesting, Pattern, Schema, Shape, Signature, Type};

/// The schema of a struct. Panics, with the struct's and the field's name, where a shape has no Terraform type.
#[allow(clippy::panic, reason = "a wrong schema is a bug that must stop the provider's start, and so its tests")]
pub(crate) fn schema_of<T: JsonSchema>(version: i64) -> Schema {
    let body = convert::body(&json_schema::<T>()).and_then(|body| check::body(&body).map(|()| body));
    match body {
        Ok(body) if version >= 0 => Schema { version, body },
        Ok(_) => panic!("{}: the version {version} is below 0", T::schema_name()),
        Err(problem) => panic!("{}", check::within(&T::schema_name(), &problem)),
    }
}

/// The schema of a resource: of its struct, with its `timeouts` block (SINGLE, optional texts `create`, `read`, `update`, `delete`;
/// `update` only if there is one), and with `replaces` on everything that can be configured if it is immutable.
#[allow(clippy::panic, reason = "as in schema_of")]
pub(crate) fn resource_schema<R: Resource>() -> Schema {
    let mut schema = schema_of::<R>(R::VERSION);
    if R::IMMUTABLE {
        for attribute in &mut schema.body.attributes {
            let flags = &mut attribute.flags;
            flags.replaces |= (flags.required || flags.optional) && !flags.write_only;
        }
        for block in &mut schema.body.blocks {
            block.flags.replaces = true;
        }
    }
    refuse_timeouts(&schema.body, &R::schema_name());
    let names = ["create", "read", "update", "delete"].into_iter().filter(|name| !(R::IMMUTABLE && *name == "update"));
    schema.body.blocks.push(timeouts(names));
    schema
}

/// The schema of an action: of its struct, with its `timeouts` block (`invoke`). It has no results, and so nothing computed.
#[allow(clippy::panic, reason = "as in schema_of")]
pub(crate) fn action_schema<A: Action>() -> Schema {
    let mut schema = schema_of::<A>(0);
    if let Err(problem) = check::without_results(&mut schema.body) {
        panic!("{}", check::within(&A::schema_name(), &problem));
    }
    refuse_timeouts(&schema.body, &A::schema_name());
    schema.body.blocks.push(timeouts(std::iter::once("invoke")));
    schema
}

#[allow(clippy::panic, reason = "as in schema_of")]
fn refuse_timeouts(body: &Body, of: &str) {
    let names = body.attributes.iter().map(|attribute| &attribute.name);
    if names.chain(body.blocks.iter().map(|block| &block.name)).any(|name| name == TIMEOUTS) {
        panic!("{of}.{TIMEOUTS}: the framework adds this block");
    }
}

/// The parameters and the result of a function. Panics as [`schema_of`].
#[allow(clippy::panic, reason = "as in schema_of")]
pub(crate) fn signature_of<F: Function>() -> Signature {
    let result = convert::plain_type(&json_schema::<F::Output>());
    match result.and_then(|result| convert::signature(&json_schema::<F>(), result)) {
        Ok(signature) => signature,
        Err(problem) => panic!("{}", check::within(&F::schema_name(), &problem)),
    }
}

/// A function's parameters as if they were an object's attributes, to check and decode its arguments by. The rules of
/// [`schema_of`] for attributes do not bind them: a variadic parameter may take values of any type. Panics as [`schema_of`].
#[allow(clippy::panic, reason = "as in schema_of")]
pub(crate) fn parameters_of<F: Function>() -> Schema {
    match convert::body(&json_schema::<F>()) {
        Ok(body) => Schema { version: 0, body },
        Err(problem) => panic!("{}", check::within(&F::schema_name(), &problem)),
    }
}

/// The name of the block that every resource and every action has.
pub(crate) const TIMEOUTS: &str = "timeouts";

fn timeouts<'a>(names: impl Iterator<Item = &'a str>) -> Block {
    let limit = |name: &str| Attribute {
        name: name.to_owned(),
        shape: Shape::Type(Type::String),
        description: format!(
            "How long the {} may take, `30m` or `1h30m` for example.",
            if name == "invoke" { "action" } else { name }
        ),
        flags: optional(),
        checks: vec![Check::Pattern(
            Pattern::new(r"^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$").in_words("a duration like 30m, 1h30m or 45s"),
        )],
        element_checks: Vec::new(),
    };
    Block {
        name: TIMEOUTS.to_owned(),
        nesting: Nesting::Single,
        one: false,
        items: (0, 0),
        flags: optional(),
        body: Body {
            description: "How long operations may take.".to_owned(),
            attributes: names.map(limit).collect(),
            blocks: Vec::new(),
        },
    }
}

fn optional() -> OwnedFlags {
    OwnedFlags { optional: OPTIONAL.optional, ..OwnedFlags::default() }
}

fn json_schema<T: JsonSchema + ?Sized>() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

#[cfg(test)]
mod tests;
