//! Between the protocol's messages and our own types.

use jiff::Timestamp;

use crate::diagnostic::{Diagnostic, Error, Path, Result, Severity, Step};
use crate::proto::{self, DynamicValue, RawState, schema as message};
use crate::types::{Attribute, Block, Body, Nesting, Parameter, Schema, Shape, Signature, Type};
use crate::value::Value;
use crate::{json_state, msgpack, terminal};

/// A value of a type, from the wire. An absent message is null.
pub(crate) fn value(message: Option<&DynamicValue>, of: &Type) -> Result<Value> {
    match message {
        Some(message) if !message.msgpack.is_empty() => msgpack::decode(&message.msgpack, of),
        Some(message) if !message.json.is_empty() => Err(Error::new("Terraform sent a value in JSON").detail(
            "This provider reads message pack, which every supported version of Terraform and OpenTofu sends.",
        )),
        _ => Ok(Value::Null),
    }
}

/// A value of a type, to the wire.
pub(crate) fn dynamic(value: &Value, of: &Type) -> Result<Option<DynamicValue>> {
    Ok(Some(DynamicValue { msgpack: msgpack::encode(value, of)?, json: Vec::new() }))
}

/// A stored state, from JSON.
pub(crate) fn stored(raw: Option<&RawState>) -> Result<&[u8]> {
    match raw {
        Some(raw) if !raw.json.is_empty() => Ok(&raw.json),
        Some(raw) if !raw.flatmap.is_empty() => Err(Error::new("The state is in the format of Terraform 0.11")
            .detail("Apply once with a version of Terraform from 0.12 on that knows its provider, then try again.")),
        _ => Ok(b"null"),
    }
}

/// A stored state of a schema, from JSON text.
pub(crate) fn state(json: &[u8], schema: &Schema) -> Result<Value> {
    json_state::decode(json, schema)
}

/// A path, to the wire.
pub(crate) fn path(path: &Path) -> proto::AttributePath {
    let steps = path.0.iter().map(|step| {
        let selector = match step {
            Step::Attribute(name) => proto::Selector::AttributeName(name.clone()),
            Step::Key(key) => proto::Selector::ElementKeyString(key.clone()),
            Step::Index(index) => proto::Selector::ElementKeyInt(*index),
        };
        proto::Step { selector: Some(selector) }
    });
    proto::AttributePath { steps: steps.collect() }
}

/// A diagnostic, to the wire.
pub(crate) fn diagnostic(diagnostic: Diagnostic) -> proto::Diagnostic {
    let diagnostic = terminal::diagnostic(diagnostic);
    let severity = match diagnostic.severity {
        Severity::Error => proto::Severity::Error,
        Severity::Warning => proto::Severity::Warning,
    };
    proto::Diagnostic {
        severity: severity.into(),
        summary: diagnostic.summary,
        detail: diagnostic.detail,
        attribute: diagnostic.path.as_ref().filter(|path| !path.0.is_empty()).map(self::path),
    }
}

/// A time, to the wire.
pub(crate) fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() }
}

/// A schema, to the wire.
pub(crate) fn schema(schema: &Schema) -> message::Schema {
    message::Schema { version: schema.version, block: Some(body(&schema.body)) }
}

fn body(body: &Body) -> message::Block {
    message::Block {
        version: 0,
        attributes: body.attributes.iter().map(attribute).collect(),
        block_types: body.blocks.iter().map(block).collect(),
        description: body.description.clone(),
        description_kind: message::StringKind::Markdown.into(),
        deprecated: false,
        deprecation_message: String::new(),
    }
}

fn attribute(attribute: &Attribute) -> message::Attribute {
    let (of, nested) = match &attribute.shape {
        Shape::Type(of) => (of.to_json(), None),
        Shape::Nested(nesting, attributes) => {
            let attributes = attributes.iter().map(self::attribute).collect();
            (Vec::new(), Some(message::Object { attributes, nesting: self::nesting(*nesting).into() }))
        }
    };
    let flags = &attribute.flags;
    message::Attribute {
        name: attribute.name.clone(),
        r#type: of,
        description: attribute.description.clone(),
        required: flags.required,
        optional: flags.optional,
        computed: flags.computed,
        sensitive: flags.sensitive,
        description_kind: message::StringKind::Markdown.into(),
        deprecated: flags.deprecated.is_some(),
        nested_type: nested,
        write_only: flags.write_only,
        deprecation_message: flags.deprecated.clone().unwrap_or_default(),
    }
}

fn block(block: &Block) -> message::NestedBlock {
    let (least, most) = block.items;
    message::NestedBlock {
        type_name: block.name.clone(),
        block: Some(message::Block {
            deprecated: block.flags.deprecated.is_some(),
            deprecation_message: block.flags.deprecated.clone().unwrap_or_default(),
            ..body(&block.body)
        }),
        nesting: nesting(block.nesting).into(),
        min_items: i64::try_from(least).unwrap_or(i64::MAX),
        max_items: i64::try_from(most).unwrap_or(i64::MAX),
    }
}

fn nesting(nesting: Nesting) -> message::Nesting {
    match nesting {
        Nesting::Single => message::Nesting::Single,
        Nesting::List => message::Nesting::List,
        Nesting::Set => message::Nesting::Set,
        Nesting::Map => message::Nesting::Map,
    }
}

/// A function's signature, to the wire.
pub(crate) fn function(summary: &str, signature: &Signature) -> message::Function {
    message::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(message::Return { r#type: signature.result.to_json() }),
        summary: summary.to_owned(),
        description: signature.description.clone(),
        description_kind: message::StringKind::Markdown.into(),
        deprecation_message: String::new(),
    }
}

fn parameter(parameter: &Parameter) -> message::Parameter {
    message::Parameter {
        name: parameter.name.clone(),
        r#type: parameter.of.to_json(),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: false,
        description: parameter.description.clone(),
        description_kind: message::StringKind::Markdown.into(),
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::{diagnostic, timestamp};
    use crate::diagnostic::{Diagnostic, Error};

    /// Tag, length and bytes as the protocol buffers encoding has them, written by hand from the field numbers.
    #[test]
    fn a_diagnostic_is_on_the_wire_as_the_protocol_has_it() {
        let error: Diagnostic = Error::new("s").detail("d").at("a").into();
        let expected = [0x08, 1, 0x12, 1, b's', 0x1a, 1, b'd', 0x22, 5, 0x0a, 3, 0x0a, 1, b'a'];
        assert_eq!(diagnostic(error).encode_to_vec(), expected);
        assert_eq!(diagnostic(Diagnostic::warning("s", "")).encode_to_vec(), [0x08, 2, 0x12, 1, b's']);
    }

    #[test]
    fn a_time_keeps_its_nanoseconds() {
        let time = "2026-01-02T03:04:05.000000006Z".parse().unwrap();
        assert_eq!(timestamp(time), prost_types::Timestamp { seconds: 1_767_323_045, nanos: 6 });
    }
}
