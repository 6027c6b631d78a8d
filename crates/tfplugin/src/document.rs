//! JSON text: what it means, and how `jsonencode` writes it.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::value::RawValue;

use crate::value::Value;

/// JSON nested deeper than this is compared as text.
const DEPTH: usize = 100;

/// What a JSON text means: without spaces, the order of members, or the spelling of numbers. `None` if it is no JSON.
pub(crate) fn meaning(text: &str) -> Option<Value> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    value(raw.get(), DEPTH)
}

/// A JSON text as Terraform's `jsonencode` writes what it means: members in order, no spaces, and `<`, `>`, `&`, U+2028 and
/// U+2029 as escapes (<https://developer.hashicorp.com/terraform/language/functions/jsonencode>). Generated configurations
/// have every document in this form.
pub(crate) fn as_jsonencode(text: &str) -> Option<String> {
    let mut written = String::new();
    write(&meaning(text)?, &mut written);
    Some(written)
}

fn value(json: &str, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let json = json.trim();
    match json.chars().next()? {
        '{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
            let members = members.into_iter().map(|(name, member)| Some((name, value(member.get(), depth)?)));
            members.collect::<Option<_>>().map(Value::Map)
        }
        '[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            elements.into_iter().map(|element| value(element.get(), depth)).collect::<Option<_>>().map(Value::List)
        }
        '"' => serde_json::from_str(json).ok().map(Value::String),
        't' | 'f' => Some(Value::Bool(json == "true")),
        'n' => Some(Value::Null),
        _ => json.parse().ok().map(Value::Number),
    }
}

fn write(value: &Value, written: &mut String) {
    match value {
        Value::Bool(value) => written.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => written.push_str(&number.to_string()),
        Value::String(text) => string(text, written),
        Value::List(elements) => {
            written.push('[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    written.push(',');
                }
                write(element, written);
            }
            written.push(']');
        }
        Value::Map(members) => {
            written.push('{');
            for (at, (name, member)) in members.iter().enumerate() {
                if at > 0 {
                    written.push(',');
                }
                string(name, written);
                written.push(':');
                write(member, written);
            }
            written.push('}');
        }
        // `meaning` makes none of the others.
        Value::Null | Value::Unknown(_) | Value::Dynamic(_) => written.push_str("null"),
    }
}

fn string(text: &str, written: &mut String) {
    written.push('"');
    for letter in text.chars() {
        match letter {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\u{8}' => written.push_str("\\b"),
            '\u{c}' => written.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing to a text cannot fail.
                let _ = write!(written, "\\u{:04x}", u32::from(letter));
            }
            letter => written.push(letter),
        }
    }
    written.push('"');
}

#[cfg(test)]
mod tests {
    use super::as_jsonencode;

    /// The right sides were printed by `terraform console` 1.11.4.
    #[test]
    fn a_document_is_written_as_jsonencode_writes_it() {
        for (text, expected) in [
            (r#" { "b" : [ 1 , 2.50, 1e3 ] , "a" : null } "#, r#"{"a":null,"b":[1,2.5,1000]}"#),
            (
                r#""<a> & \"b\"\\ \u2028 \u0007 \n \t \r \u0008 \u000c é""#,
                r#""\u003ca\u003e \u0026 \"b\"\\ \u2028 \u0007 \n \t \r \b \f é""#,
            ),
            (r#"{"Z":1,"a":{"y":[],"x":{}},"é":true}"#, r#"{"Z":1,"a":{"x":{},"y":[]},"é":true}"#),
            ("12345678901234567890123", "12345678901234567890123"),
        ] {
            assert_eq!(as_jsonencode(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(as_jsonencode("{"), None);
        assert_eq!(as_jsonencode(&"[".repeat(1000)), None);
    }
}
