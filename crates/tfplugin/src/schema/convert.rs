//! The conversion itself: JSON schema in, attributes and blocks out. A failure is text that begins with the field's path.

use serde_json::{Map, Value as Json};

use super::check::within;
use crate::dynamic::MARK;
use crate::flags::OwnedFlags;
use crate::types::{Attribute, Block, Body, Check, Nesting, Parameter, Pattern, Shape, Signature, Type};

type Outcome<T> = Result<T, String>;

/// The body of a struct.
pub(super) fn body(schema: &Json) -> Outcome<Body> {
    let schema = present(schema);
    let Some(properties) = struct_of(schema) else {
        return Err(": it is no struct with named fields".to_owned());
    };
    let mut body = Body { description: description(schema), ..Body::default() };
    for (name, property) in properties {
        let flags = flags(property).map_err(|problem| format!("{name}: {problem}"))?;
        if flags.block {
            body.blocks.push(block(name, property, flags)?);
        } else {
            body.attributes.push(attribute(name, property, flags)?);
        }
    }
    Ok(body)
}

/// The type of a value whose members need no flags: a function's result.
pub(super) fn plain_type(schema: &Json) -> Outcome<Type> {
    type_of(schema, true).map_err(|problem| format!("Output: {problem}"))
}

/// The signature of a function whose parameters are a struct's fields.
pub(super) fn signature(schema: &Json, result: Type) -> Outcome<Signature> {
    let nothing = Map::new();
    let properties = struct_of(schema).unwrap_or(&nothing);
    let mut signature = Signature { parameters: Vec::new(), variadic: None, result, description: description(schema) };
    for (at, (name, property)) in properties.iter().enumerate() {
        let wrap = |problem: String| format!("{name}: {problem}");
        super::check::name(name).map_err(wrap)?;
        let flags = flags(property).map_err(wrap)?;
        let mut parameter = Parameter {
            name: name.clone(),
            of: type_of(property, true).map_err(wrap)?,
            description: description(property),
            allow_null: !flags.required,
            checks: checks(present(property)),
        };
        match parameter.of {
            Type::List(element) if flags.optional && at + 1 == properties.len() => {
                parameter.of = *element;
                parameter.allow_null = false;
                parameter.checks = present(property).get("items").map(checks).unwrap_or_default();
                signature.variadic = Some(parameter);
            }
            of => {
                parameter.of = of;
                signature.parameters.push(parameter);
            }
        }
    }
    Ok(signature)
}

fn attribute(name: &str, property: &Json, mut flags: OwnedFlags) -> Outcome<Attribute> {
    let wrap = |problem: String| format!("{name}: {problem}");
    let schema = present(property);
    // What is write-only stands in no plan and no state, where something would have to be hidden. A state that another provider wrote,
    // or an older version, has no note of its path, and Terraform would plan an update for that alone.
    flags.sensitive |= is_password(schema) && !flags.write_only;
    let (shape, element_checks) = match nested(schema) {
        Some((nesting, object)) => {
            let nested = body(object).map_err(|problem| within(name, &problem))?;
            if let Some(block) = nested.blocks.first() {
                let problem = "a block cannot stand in a nested attribute: make the outer one a block too";
                return Err(format!("{name}.{}: {problem}", block.name));
            }
            (Shape::Nested(nesting, nested.attributes), Vec::new())
        }
        None => {
            let element = schema.get("items").or_else(|| schema.get("additionalProperties")).map(present);
            (Shape::Type(type_of(schema, false).map_err(wrap)?), element.map(checks).unwrap_or_default())
        }
    };
    Ok(Attribute {
        name: name.to_owned(),
        shape,
        description: described(property, schema),
        flags,
        checks: checks(schema),
        element_checks,
    })
}

fn block(name: &str, property: &Json, flags: OwnedFlags) -> Outcome<Block> {
    let schema = present(property);
    let Some((nesting, object)) = nested(schema) else {
        return Err(format!("{name}: a block must be a struct, or a list, set or map of structs"));
    };
    let mut nested = body(object).map_err(|problem| within(name, &problem))?;
    nested.description = described(property, schema);
    let count = |key: &str| schema.get(key).and_then(Json::as_u64);
    let least = u64::from(flags.required);
    let one = nesting == Nesting::Single;
    let (nesting, items) = match nesting {
        // A list, as the official providers have it: Terraform puts a placeholder for a `dynamic` block whose number is not
        // known yet, and forgives it only in collections.
        Nesting::Single => (Nesting::List, (least, 1)),
        // Terraform takes nothing else for a map.
        Nesting::Map => (Nesting::Map, (0, 0)),
        many => (many, (count("minItems").unwrap_or(least), count("maxItems").unwrap_or(0))),
    };
    Ok(Block { name: name.to_owned(), nesting, one, items, flags, body: nested })
}

fn flags(property: &Json) -> Outcome<OwnedFlags> {
    let Some(flags) = property.get("x-tf") else {
        return Err("it has no x-tf: write #[schemars(extend(\"x-tf\" = OPTIONAL))] or the like".to_owned());
    };
    serde_json::from_value(flags.clone()).map_err(|error| format!("its x-tf is wrong: {error}"))
}

/// A nested object and how it repeats; `None` for a plain value.
fn nested(schema: &Json) -> Option<(Nesting, &Json)> {
    if struct_of(schema).is_some() {
        return Some((Nesting::Single, schema));
    }
    if let Some(items) = schema.get("items").map(present) {
        let nesting = if is_set(schema) { Nesting::Set } else { Nesting::List };
        return struct_of(items).map(|_| (nesting, items));
    }
    let members = schema.get("additionalProperties").map(present)?;
    struct_of(members).map(|_| (Nesting::Map, members))
}

/// The fields of a struct; `None` for anything else.
fn struct_of(schema: &Json) -> Option<&Map<String, Json>> {
    static NOTHING: std::sync::LazyLock<Map<String, Json>> = std::sync::LazyLock::new(Map::new);
    if kind(schema) != Some("object") {
        return None;
    }
    match schema.get("properties") {
        Some(properties) => properties.as_object(),
        None if schema.get("additionalProperties").is_none_or(|members| *members == false) => Some(&NOTHING),
        None => None,
    }
}

fn type_of(schema: &Json, objects: bool) -> Outcome<Type> {
    let schema = present(schema);
    if schema.get(MARK).is_some() {
        return Ok(Type::Dynamic);
    }
    match kind(schema) {
        Some("string") => Ok(Type::String),
        Some("integer" | "number") => Ok(Type::Number),
        Some("boolean") => Ok(Type::Bool),
        Some("array") => {
            if let Some(elements) = schema.get("prefixItems").and_then(Json::as_array) {
                let elements = elements.iter().map(|element| type_of(element, objects));
                return elements.collect::<Outcome<_>>().map(Type::Tuple);
            }
            let Some(items) = schema.get("items") else { return Err("a list needs one type of element".to_owned()) };
            let element = Box::new(type_of(items, objects)?);
            Ok(if is_set(schema) { Type::Set(element) } else { Type::List(element) })
        }
        Some("object") => match struct_of(schema) {
            Some(fields) if objects => {
                let mut members = Vec::new();
                for (name, field) in fields {
                    members.push((name.clone(), type_of(field, objects).map_err(|error| format!("{name}: {error}"))?));
                }
                members.sort_by(|left, right| left.0.cmp(&right.0));
                Ok(Type::Object(members))
            }
            Some(_) => Err("a collection of collections of structs has no documented attributes: nest it".to_owned()),
            None => match schema.get("additionalProperties") {
                Some(element) => Ok(Type::Map(Box::new(type_of(element, objects)?))),
                None => Err("it is an object without fields".to_owned()),
            },
        },
        _ if is_text_enum(schema) => Ok(Type::String),
        _ if schema.get("$ref").is_some() => Err("it contains itself, which no Terraform type can".to_owned()),
        _ => Err(format!("it has no Terraform type: {schema}")),
    }
}

/// The schema of `T` where the schema is that of `Option<T>`.
fn present(schema: &Json) -> &Json {
    let options = schema.get("anyOf").and_then(Json::as_array);
    let mut options = options.into_iter().flatten().filter(|option| kind(option) != Some("null"));
    match (options.next(), options.next()) {
        (Some(only), None) => only,
        _ => schema,
    }
}

/// The `type`, which is a list of `null` and another for an `Option`.
fn kind(schema: &Json) -> Option<&str> {
    match schema.get("type")? {
        Json::String(kind) => Some(kind),
        Json::Array(kinds) => {
            let mut kinds = kinds.iter().filter_map(Json::as_str).filter(|kind| *kind != "null");
            match (kinds.next(), kinds.next()) {
                (Some(only), None) => Some(only),
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_set(schema: &Json) -> bool {
    schema.get("uniqueItems").is_some_and(|unique| *unique == true)
}

fn is_text_enum(schema: &Json) -> bool {
    !choices(schema).is_empty()
}

fn is_password(schema: &Json) -> bool {
    let inner = ["items", "additionalProperties"].into_iter().filter_map(|key| schema.get(key));
    schema.get("format").is_some_and(|format| *format == "password") || inner.map(present).any(is_password)
}

/// The texts of an enum: `enum`, a single `const`, or `oneOf` both where variants have descriptions of their own.
fn choices(schema: &Json) -> Vec<String> {
    if let Some(only) = schema.get("const").and_then(Json::as_str) {
        return vec![only.to_owned()];
    }
    if let Some(texts) = schema.get("enum").and_then(Json::as_array) {
        return texts.iter().filter_map(Json::as_str).map(str::to_owned).collect();
    }
    let mut texts = Vec::new();
    for option in schema.get("oneOf").and_then(Json::as_array).into_iter().flatten() {
        let inner = choices(option);
        if inner.is_empty() {
            return Vec::new();
        }
        texts.extend(inner);
    }
    texts
}

fn checks(schema: &Json) -> Vec<Check> {
    let mut checks = Vec::new();
    let choices = choices(schema);
    if !choices.is_empty() {
        checks.push(Check::OneOf(choices));
    }
    if kind(schema) == Some("integer") {
        checks.push(Check::Integer);
    }
    let length = |key: &str| schema.get(key).and_then(Json::as_u64);
    let least = length("minLength").or(length("minItems")).or(length("minProperties"));
    let most = length("maxLength").or(length("maxItems")).or(length("maxProperties"));
    if least.is_some() || most.is_some() {
        checks.push(Check::Length(least, most));
    }
    let number = |key: &str| schema.get(key).and_then(Json::as_f64);
    let (low, high) = match schema.get("format").and_then(Json::as_str) {
        Some("int32") => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
        Some("uint32") => (Some(0.0), Some(f64::from(u32::MAX))),
        _ => (None, None),
    };
    let (least, most) = (number("minimum").or(low), number("maximum").or(high));
    if least.is_some() || most.is_some() {
        checks.push(Check::Range(least, most));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Json::as_str) {
        let pattern = Pattern::new(pattern);
        checks.push(Check::Pattern(match schema.get("x-form").and_then(Json::as_str) {
            Some(words) => pattern.in_words(words),
            None => pattern,
        }));
    }
    checks
}

fn described(property: &Json, schema: &Json) -> String {
    let own = description(property);
    if own.is_empty() { description(schema) } else { own }
}

fn description(schema: &Json) -> String {
    schema.get("description").and_then(Json::as_str).unwrap_or_default().trim().to_owned()
}
