//! The rules that a schema must keep: Terraform's own, and those without which the planner would guess.

use crate::types::{Attribute, Block, Body, Check, Nesting, Shape, Type};

type Outcome = Result<(), String>;

/// Arguments that Terraform takes for itself at the top of a block.
const RESERVED: &[&str] = &["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];

/// Where an attribute stands.
#[derive(Clone, Copy)]
struct Place {
    in_set: bool,
    repeated: bool,
    top: bool,
}

/// Checks a whole schema.
pub(super) fn body(body: &Body) -> Outcome {
    body_at(body, Place { in_set: false, repeated: false, top: true })
}

/// Whether Terraform takes a name.
pub(super) fn name(name: &str) -> Outcome {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|letter| letter.is_ascii_lowercase() || letter == '_');
    if first && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_') {
        Ok(())
    } else {
        Err("a name has small letters, digits and underscores".to_owned())
    }
}

fn body_at(body: &Body, place: Place) -> Outcome {
    attributes(&body.attributes, place)?;
    for block in &body.blocks {
        block_at(block, place).map_err(|problem| within(&block.name, &problem))?;
        if body.attributes.iter().any(|attribute| attribute.name == block.name) {
            return Err(format!("{}: it is both an attribute and a block", block.name));
        }
    }
    Ok(())
}

/// `problem` begins with a dotted path or with `: `.
pub(super) fn within(name: &str, problem: &str) -> String {
    if problem.starts_with(": ") { format!("{name}{problem}") } else { format!("{name}.{problem}") }
}

fn attributes(attributes: &[Attribute], place: Place) -> Outcome {
    for attribute in attributes {
        let wrap = |problem: String| within(&attribute.name, &problem);
        if place.top && RESERVED.contains(&attribute.name.as_str()) {
            return Err(wrap(": Terraform keeps this name for itself".to_owned()));
        }
        name(&attribute.name).map_err(|problem| wrap(format!(": {problem}")))?;
        flags(attribute, place).map_err(|problem| wrap(format!(": {problem}")))?;
        shape(attribute, place).map_err(wrap)?;
    }
    Ok(())
}

fn flags(attribute: &Attribute, place: Place) -> Outcome {
    let flags = &attribute.flags;
    let rules = [
        (!(flags.required || flags.optional || flags.computed), "it is neither required nor optional nor computed"),
        (flags.required && flags.optional, "it is both required and optional"),
        (flags.required && flags.computed, "it is both required and computed, or required with a default"),
        (flags.write_only && flags.computed, "a write-only value cannot be computed and has no default"),
        (flags.write_only && place.in_set, "a write-only value cannot stand in a set"),
        (flags.keeps_state && !flags.computed, "only a computed value can keep its state"),
        (flags.replaces && !(flags.required || flags.optional), "only what can be configured can replace"),
        (flags.default.is_some() && !flags.optional, "only an optional value has a default"),
        (flags.has_spellings() && !is_text(&attribute.shape), "only text is compared by its meaning"),
        (flags.service_default && flags.replaces, "what replaces and is the service's to decide is OPTIONAL_COMPUTED"),
        (flags.wire.as_ref().is_some_and(|wire| !wire.starts_with('/')), "wire is a JSON pointer: it begins with /"),
    ];
    match rules.iter().find(|(broken, _)| *broken) {
        Some((_, problem)) => Err((*problem).to_owned()),
        None => Ok(()),
    }
}

fn is_text(shape: &Shape) -> bool {
    match shape {
        Shape::Type(Type::String) => true,
        Shape::Type(Type::List(element) | Type::Set(element) | Type::Map(element)) => **element == Type::String,
        _ => false,
    }
}

fn shape(attribute: &Attribute, place: Place) -> Outcome {
    for check in attribute.checks.iter().chain(&attribute.element_checks) {
        // Compiling all patterns takes longer than all the rest of a start: a release leaves that to the development build.
        if let Check::Pattern(pattern) = check
            && cfg!(any(test, debug_assertions))
            && let Some(problem) = pattern.problem()
        {
            return Err(format!(": its pattern is wrong: {problem}"));
        }
    }
    if let Some(default) = &attribute.flags.default {
        crate::json_state::decode_typed(default.as_bytes(), &attribute.shape.value_type())
            .map_err(|error| format!(": its default {default} does not fit: {error}"))?;
    }
    match &attribute.shape {
        // Terraform turns a list or map of blocks with a dynamic member into a tuple or object of its own making, and
        // refuses a set of them.
        Shape::Type(of) if of.is_dynamic() && (place.in_set || place.repeated) => {
            Err(": a value of any type cannot stand in a list, set or map of objects".to_owned())
        }
        Shape::Type(Type::List(element) | Type::Set(element) | Type::Map(element)) if element.is_dynamic() => {
            Err(": a collection needs one type of element".to_owned())
        }
        Shape::Type(_) => Ok(()),
        Shape::Nested(nesting, nested) => attributes(nested, inside(*nesting, place)),
    }
}

/// An action leaves nothing: no attribute of it is computed. One with a default is filled in by the framework, and is to Terraform
/// an optional one.
pub(super) fn without_results(body: &mut Body) -> Outcome {
    no_results(&mut body.attributes)?;
    for block in &mut body.blocks {
        if block.flags.computed {
            return Err(format!("{}: an action computes nothing", block.name));
        }
        without_results(&mut block.body).map_err(|problem| within(&block.name, &problem))?;
    }
    Ok(())
}

fn no_results(attributes: &mut [Attribute]) -> Outcome {
    for attribute in attributes {
        if attribute.flags.computed && attribute.flags.default.is_none() {
            return Err(format!("{}: an action computes nothing", attribute.name));
        }
        attribute.flags.computed = false;
        if let Shape::Nested(_, nested) = &mut attribute.shape {
            no_results(nested).map_err(|problem| within(&attribute.name, &problem))?;
        }
    }
    Ok(())
}

fn inside(nesting: Nesting, place: Place) -> Place {
    Place {
        in_set: place.in_set || nesting == Nesting::Set,
        repeated: place.repeated || nesting != Nesting::Single,
        top: false,
    }
}

fn block_at(block: &Block, place: Place) -> Outcome {
    name(&block.name).map_err(|problem| format!(": {problem}"))?;
    let flags = &block.flags;
    let (least, most) = block.items;
    let rules = [
        (flags.required == flags.optional, "a block is either REQUIRED or OPTIONAL"),
        (flags.required && flags.computed, "a block that must be configured is not computed"),
        (flags.default.is_some(), "a block has no default"),
        (flags.write_only, "write-only is said of the attributes in a block"),
        (flags.has_spellings(), "this flag is for attributes"),
        (
            flags.keeps_state && !(flags.computed && place.top),
            "a block that stays is a computed one of the object itself",
        ),
        (most != 0 && least > most, "its least number is above its greatest"),
    ];
    if let Some((_, problem)) = rules.iter().find(|(broken, _)| *broken) {
        return Err(format!(": {problem}"));
    }
    body_at(&block.body, inside(block.nesting, place))
}
