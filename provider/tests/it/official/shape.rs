//! A schema of ours in the words of the official table: one row for each attribute, whatever it is nested in.

use std::collections::BTreeMap;

use tfplugin::OwnedFlags;
use tfplugin::types::{Attribute, Block, Body, Nesting, Shape, Type};

/// What a row of the table says of an attribute or a block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// `string`, `bool`, `number`, `list(string)`, …; for what contains others only how it repeats.
    pub of: String,
    /// Empty for a plain attribute; `block list`, `nested attribute`, ….
    pub nesting: String,
    /// The least and the greatest number of blocks.
    pub items: (u64, u64),
    /// `required`, `optional`, `optional+computed` or `computed`.
    pub mode: String,
    /// Whether a change replaces the object.
    pub replaces: bool,
    /// Whether it is hidden.
    pub sensitive: bool,
    /// The default, as JSON.
    pub default: String,
}

/// All rows of a schema, by their paths: `aws_attributes.zone_id`.
pub fn rows(body: &Body) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    of_body(body, "", &mut rows);
    rows
}

fn of_body(body: &Body, within: &str, rows: &mut BTreeMap<String, Row>) {
    of_attributes(&body.attributes, within, rows);
    for block in &body.blocks {
        let path = format!("{within}{}", block.name);
        rows.insert(path.clone(), of_block(block));
        of_body(&block.body, &format!("{path}."), rows);
    }
}

fn of_attributes(attributes: &[Attribute], within: &str, rows: &mut BTreeMap<String, Row>) {
    for attribute in attributes {
        let path = format!("{within}{}", attribute.name);
        let (of, nesting) = match &attribute.shape {
            Shape::Type(of) => (text(of), String::new()),
            Shape::Nested(nesting, members) => {
                of_attributes(members, &format!("{path}."), rows);
                (repeats(*nesting).to_owned(), "nested attribute".to_owned())
            }
        };
        rows.insert(path, Row { of, nesting, ..of_flags(&attribute.flags) });
    }
}

fn of_block(block: &Block) -> Row {
    let mode = match (block.items.0 > 0, block.flags.computed) {
        (true, _) => "required",
        (_, true) => "optional+computed",
        _ => "optional",
    };
    let nesting = match block.nesting {
        Nesting::Single => "block single",
        Nesting::List => "block list",
        Nesting::Set => "block set",
        Nesting::Map => "block map",
    };
    Row {
        of: repeats(block.nesting).to_owned(),
        nesting: nesting.to_owned(),
        items: if block.nesting == Nesting::Single { (0, 0) } else { block.items },
        mode: mode.to_owned(),
        ..of_flags(&block.flags)
    }
}

fn of_flags(flags: &OwnedFlags) -> Row {
    let mode = match (flags.required, flags.optional, flags.computed && flags.default.is_none()) {
        (true, ..) => "required",
        (_, true, true) => "optional+computed",
        (_, true, false) => "optional",
        _ => "computed",
    };
    Row {
        mode: mode.to_owned(),
        replaces: flags.replaces,
        sensitive: flags.sensitive,
        default: flags.default.clone().unwrap_or_default(),
        ..Row::default()
    }
}

fn repeats(nesting: Nesting) -> &'static str {
    match nesting {
        Nesting::Single => "object",
        Nesting::List => "list",
        Nesting::Set => "set",
        Nesting::Map => "map",
    }
}

fn text(of: &Type) -> String {
    match of {
        Type::String => "string".into(),
        Type::Number => "number".into(),
        Type::Bool => "bool".into(),
        Type::List(element) => format!("list({})", text(element)),
        Type::Set(element) => format!("set({})", text(element)),
        Type::Map(element) => format!("map({})", text(element)),
        Type::Dynamic => "dynamic".into(),
        Type::Object(_) | Type::Tuple(_) => "object".into(),
    }
}
