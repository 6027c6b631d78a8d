//! The sensitive texts of a configuration, which are to stand in nothing that is said about it.

use std::fmt;

use crate::diagnostic::Diagnostic;
use crate::types::{Attribute, Block, Nesting, Schema, Shape};
use crate::value::Value;

/// What is shorter is in half of all words, and no secret.
const SHORTEST: usize = 4;
/// What stands in its place, as Terraform shows it elsewhere.
const HIDDEN: &str = "(sensitive value)";

/// The texts, the longest first: one may be a part of another.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// Those of a configuration: all texts in its sensitive and write-only attributes.
    pub(crate) fn of(schema: &Schema, config: &Value) -> Self {
        let mut texts = Vec::new();
        collect(&schema.body.attributes, &schema.body.blocks, config, &mut texts);
        texts.retain(|text| text.chars().count() >= SHORTEST);
        texts.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        texts.dedup();
        Self(texts)
    }

    /// The text without them.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// The diagnostic without them.
    pub(crate) fn hide_in(&self, said: Diagnostic) -> Diagnostic {
        Diagnostic { summary: self.hide(&said.summary), detail: self.hide(&said.detail), ..said }
    }
}

fn collect(attributes: &[Attribute], blocks: &[Block], object: &Value, found: &mut Vec<String>) {
    for attribute in attributes {
        let value = object.member(&attribute.name);
        match &attribute.shape {
            _ if attribute.flags.sensitive || attribute.flags.write_only => texts(value, found),
            Shape::Nested(nesting, nested) => {
                objects(value, *nesting).for_each(|object| collect(nested, &[], object, found));
            }
            Shape::Type(_) => {}
        }
    }
    for block in blocks {
        let inside = objects(object.member(&block.name), block.nesting);
        inside.for_each(|object| collect(&block.body.attributes, &block.body.blocks, object, found));
    }
}

/// The objects of a nested attribute or block.
fn objects(value: &Value, nesting: Nesting) -> Box<dyn Iterator<Item = &Value> + '_> {
    match (nesting, value) {
        (Nesting::Single, object) => Box::new(std::iter::once(object)),
        (_, Value::List(elements)) => Box::new(elements.iter()),
        (_, Value::Map(members)) => Box::new(members.values()),
        _ => Box::new(std::iter::empty()),
    }
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::List(elements) => elements.iter().for_each(|element| texts(element, found)),
        Value::Map(members) => members.values().for_each(|member| texts(member, found)),
        Value::Dynamic(pair) => texts(&pair.1, found),
        Value::Null | Value::Unknown(_) | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::Secrets;
    use crate::flags::{OPTIONAL, REQUIRED};
    use crate::schema::schema_of;
    use crate::serde_value::to_value;
    use crate::{Attr, Secret};

    /// A key.
    #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
    struct Key {
        /// What it is called.
        #[schemars(extend("x-tf" = REQUIRED))]
        name: Attr<String>,
        /// What it is.
        #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
        value: Attr<Secret<String>>,
    }

    /// What has secrets.
    #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
    struct Safe {
        /// The word.
        #[schemars(extend("x-tf" = OPTIONAL))]
        word: Attr<Secret<String>>,
        /// Values of variables.
        #[schemars(extend("x-tf" = OPTIONAL.sensitive()))]
        variables: Attr<BTreeMap<String, String>>,
        /// Keys.
        #[schemars(extend("x-tf" = OPTIONAL.block()))]
        key: Attr<Vec<Key>>,
    }

    #[test]
    fn secrets_stand_in_nothing_that_is_said_however_deep_they_are() {
        let key = Key { name: "spare".to_owned().into(), value: Secret::new("iron-key".to_owned()).into() };
        let variables = BTreeMap::from([("A".to_owned(), "open".to_owned()), ("B".to_owned(), "abc".to_owned())]);
        let safe = Safe {
            word: Secret::new("open sesame".to_owned()).into(),
            variables: variables.into(),
            key: vec![key].into(),
        };
        let schema = schema_of::<Safe>(0);
        let secrets = Secrets::of(&schema, &to_value(&safe, &schema).unwrap());
        let said = "spare: open sesame, open, iron-key, abc";
        assert_eq!(secrets.hide(said), "spare: (sensitive value), (sensitive value), (sensitive value), abc");
        assert_eq!(format!("{secrets:?}"), "3 secrets");
    }
}
