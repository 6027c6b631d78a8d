//! The reference part of a page: what can be configured, what is read only, and the nested objects.

use std::time::Duration;

use super::page::{Page, one_line};
use crate::flags::OwnedFlags;
use crate::schema::TIMEOUTS;
use crate::types::{Attribute, Block, Body, Check, Nesting, Parameter, Shape, Signature, Type};

const WRITE_ONLY: &str =
    "[Write-only](https://developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only)";

/// The schema of a resource, an action or the provider, its nested objects after it. `limit` has the defaults of the `timeouts` block.
pub(super) fn schema(page: &mut Page, body: &Body, limit: Option<&dyn Fn(&str) -> Duration>) {
    page.heading(2, "Schema");
    let mut nested = Vec::new();
    groups(page, &body.attributes, &body.blocks, "", true, &mut nested);
    // One after another: what is found inside goes right behind.
    let mut next = 0;
    while let Some(part) = nested.get(next).cloned() {
        next += 1;
        page.paragraph(&format!("<a id=\"{}\"></a>", part.anchor()));
        page.heading(3, &format!("Nested Schema for `{}`", part.path));
        let mut inner = Vec::new();
        let attributes: Vec<Attribute> = match limit {
            Some(limit) if part.path == TIMEOUTS => part.attributes.iter().map(|a| with_limit(a, limit)).collect(),
            _ => part.attributes.to_vec(),
        };
        groups(page, &attributes, part.blocks, &part.path, false, &mut Vec::new());
        collect(part.attributes, part.blocks, &part.path, &mut inner);
        nested.splice(next..next, inner);
    }
}

/// The signature, the arguments and the result of a function.
pub(super) fn function(page: &mut Page, name: &str, signature: &Signature) {
    let argument = |parameter: &Parameter| format!("{} {}", parameter.name, parameter.of);
    let mut arguments: Vec<String> = signature.parameters.iter().map(argument).collect();
    arguments.extend(signature.variadic.iter().map(|parameter| format!("{}...", argument(parameter))));
    page.heading(2, "Signature");
    page.code("text", &format!("{name}({}) {}", arguments.join(", "), signature.result));
    page.heading(2, "Arguments");
    let item = |parameter: &Parameter, kind: &str| {
        let notes = checks(&parameter.checks, "");
        let mut notes: Vec<String> = std::iter::once(one_line(&parameter.description)).chain(notes).collect();
        notes.retain(|note| !note.is_empty());
        format!("- `{}` ({kind}{}) {}", parameter.name, in_words(&parameter.of), notes.join(" "))
    };
    let optional = |parameter: &Parameter| if parameter.allow_null { "Nullable, " } else { "" };
    let items = signature.parameters.iter().map(|parameter| item(parameter, optional(parameter)));
    let items: Vec<String> =
        items.chain(signature.variadic.iter().map(|parameter| item(parameter, "Variadic, "))).collect();
    if items.is_empty() {
        page.paragraph("None.");
    }
    page.list(&items);
    page.heading(2, "Return Type");
    page.paragraph(&format!("The return type is {}.", in_words(&signature.result)));
}

/// A nested object that is described in a part of its own.
#[derive(Clone)]
struct Part<'a> {
    path: String,
    block: bool,
    attributes: &'a [Attribute],
    blocks: &'a [Block],
}

impl Part<'_> {
    fn anchor(&self) -> String {
        anchor(&self.path, self.block)
    }
}

/// The three lists of a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Required,
    Optional,
    ReadOnly,
}

impl Group {
    fn of(flags: &OwnedFlags) -> Self {
        match (flags.required, flags.optional) {
            (true, _) => Self::Required,
            (false, true) => Self::Optional,
            (false, false) => Self::ReadOnly,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Required => "Required",
            Self::Optional => "Optional",
            Self::ReadOnly => "Read-Only",
        }
    }
}

fn anchor(path: &str, block: bool) -> String {
    format!("{}--{}", if block { "nestedblock" } else { "nestedatt" }, path.replace('.', "--"))
}

fn groups<'a>(
    page: &mut Page,
    attributes: &'a [Attribute],
    blocks: &'a [Block],
    path: &str,
    top: bool,
    nested: &mut Vec<Part<'a>>,
) {
    for group in [Group::Required, Group::Optional, Group::ReadOnly] {
        let mut items: Vec<(&str, String)> = Vec::new();
        for attribute in attributes.iter().filter(|attribute| Group::of(&attribute.flags) == group) {
            items.push((&attribute.name, attribute_item(attribute, &join(path, &attribute.name))));
        }
        for block in blocks.iter().filter(|block| Group::of(&block.flags) == group) {
            items.push((&block.name, block_item(block, &join(path, &block.name))));
        }
        if items.is_empty() {
            continue;
        }
        items.sort();
        let title = group.title();
        if top {
            page.heading(3, title);
        } else {
            page.paragraph(&format!("{title}:"));
        }
        let lines: Vec<String> = items.into_iter().map(|(_, line)| line).collect();
        page.list(&lines);
    }
    collect(attributes, blocks, path, nested);
}

fn collect<'a>(attributes: &'a [Attribute], blocks: &'a [Block], path: &str, nested: &mut Vec<Part<'a>>) {
    for attribute in attributes {
        if let Shape::Nested(_, attributes) = &attribute.shape {
            nested.push(Part { path: join(path, &attribute.name), block: false, attributes, blocks: &[] });
        }
    }
    for block in blocks {
        let (attributes, blocks) = (&block.body.attributes, &block.body.blocks);
        nested.push(Part { path: join(path, &block.name), block: true, attributes, blocks });
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn attribute_item(attribute: &Attribute, path: &str) -> String {
    let flags = &attribute.flags;
    let mut kinds = vec![match &attribute.shape {
        Shape::Type(of) => in_words(of),
        Shape::Nested(nesting, _) => repeated("Attributes", *nesting),
    }];
    let words =
        [(flags.sensitive, "Sensitive"), (flags.write_only, WRITE_ONLY), (flags.deprecated.is_some(), "Deprecated")];
    kinds.extend(words.into_iter().filter(|(said, _)| *said).map(|(_, word)| word.to_owned()));
    let mut notes = vec![one_line(&attribute.description)];
    notes.extend(checks(&attribute.checks, ""));
    notes.extend(checks(&attribute.element_checks, "Each element: "));
    if flags.json {
        notes.push("JSON text; how it is formatted does not matter.".to_owned());
    }
    if flags.ignores_case {
        notes.push("Letter case does not matter.".to_owned());
    }
    if flags.ignores_final_slash {
        notes.push("A slash at the end does not matter.".to_owned());
    }
    if flags.ignores_blanks {
        notes.push("A blank means the same as an underscore.".to_owned());
    }
    notes.extend(flags.same_as.iter().map(|(one, other)| format!("`{other}` means the same as `{one}`.")));
    if let Some(default) = &flags.default {
        notes.push(format!("Default: `{}`.", default.trim_matches('"')));
    }
    if flags.replaces {
        notes.push("Changing it replaces the object.".to_owned());
    }
    if let Some(instead) = &flags.deprecated {
        notes.push(format!("Deprecated: {instead}"));
    }
    if matches!(attribute.shape, Shape::Nested(..)) {
        notes.push(see(path, false));
    }
    notes.retain(|note| !note.is_empty());
    format!("- `{}` ({}) {}", attribute.name, kinds.join(", "), notes.join(" ")).trim_end().to_owned()
}

fn block_item(block: &Block, path: &str) -> String {
    let (least, most) = block.items;
    let mut kinds = vec![repeated("Block", block.nesting)];
    if block.one {
        let number = if least == 0 { "at most one" } else { "exactly one" };
        kinds = vec![format!("Block, {number}; `{}[0]` in expressions", block.name)];
    } else if matches!(block.nesting, Nesting::List | Nesting::Set) {
        kinds.extend((least > 0).then(|| format!("Min: {least}")));
        kinds.extend((most > 0).then(|| format!("Max: {most}")));
    }
    let mut notes = vec![one_line(&block.body.description)];
    if block.flags.replaces {
        notes.push("Changing it replaces the object.".to_owned());
    }
    if let Some(instead) = &block.flags.deprecated {
        notes.push(format!("Deprecated: {instead}"));
    }
    notes.push(see(path, true));
    notes.retain(|note| !note.is_empty());
    format!("- `{}` ({}) {}", block.name, kinds.join(", "), notes.join(" "))
}

fn see(path: &str, block: bool) -> String {
    format!("(see [below for nested schema](#{}))", anchor(path, block))
}

fn repeated(what: &str, nesting: Nesting) -> String {
    match nesting {
        Nesting::Single => what.to_owned(),
        Nesting::List => format!("{what} List"),
        Nesting::Set => format!("{what} Set"),
        Nesting::Map => format!("{what} Map"),
    }
}

fn in_words(of: &Type) -> String {
    match of {
        Type::String => "String".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(element) => format!("List of {}", in_words(element)),
        Type::Set(element) => format!("Set of {}", in_words(element)),
        Type::Map(element) => format!("Map of {}", in_words(element)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

fn checks(checks: &[Check], of: &str) -> Vec<String> {
    let note = |check: &Check| match check {
        Check::OneOf(choices) => {
            let choices: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            format!("{of}One of {}.", choices.join(", "))
        }
        Check::Length(least, most) => format!("{of}Length: {}.", numbers(*least, *most)),
        Check::Range(Some(least), Some(most)) => format!("{of}From {least} to {most}."),
        Check::Range(Some(least), None) => format!("{of}{least} or more."),
        Check::Range(None, Some(most)) => format!("{of}{most} or less."),
        Check::Pattern(pattern) => match pattern.words() {
            Some(words) => format!("{of}{}.", capitalized(words)),
            None => format!("{of}Matches `{}`.", pattern.text()),
        },
        Check::Integer | Check::Range(None, None) => String::new(),
    };
    checks.iter().map(note).collect()
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn numbers(least: Option<u64>, most: Option<u64>) -> String {
    match (least, most) {
        (Some(least), Some(most)) if least == most => format!("exactly {least}"),
        (Some(least), Some(most)) => format!("from {least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => "any".to_owned(),
    }
}

/// A limit of the `timeouts` block with its default. Its pattern is no help to read.
fn with_limit(attribute: &Attribute, limit: &dyn Fn(&str) -> Duration) -> Attribute {
    let description = format!("{} Default: `{}`.", attribute.description, duration(limit(&attribute.name)));
    Attribute { description, checks: Vec::new(), ..attribute.clone() }
}

fn duration(limit: Duration) -> String {
    let seconds = limit.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds % 3600 / 60, "m"), (seconds % 60, "s")];
    parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect()
}
