//! Validation by the schema: choices, lengths, ranges, patterns, JSON text.
//!
//! Terraform calls it often and with values that are unknown yet: those are left alone.

use bigdecimal::{BigDecimal, FromPrimitive};

use crate::diagnostic::{Diagnostic, Error, Path, Step};
use crate::types::{Attribute, Body, Check, Nesting, Schema, Shape, Type};
use crate::value::Value;

/// What is wrong with a configuration. Unknown values are left alone. `write_only_allowed` is the client's capability.
pub(crate) fn validate(schema: &Schema, config: &Value, write_only_allowed: bool) -> Vec<Diagnostic> {
    let mut found = Findings { write_only_allowed, set: None, only: Vec::new(), diagnostics: Vec::new() };
    found.body(&schema.body, config, &Path::default());
    found.diagnostics
}

struct Findings {
    write_only_allowed: bool,
    /// How long the path of the outermost set is that we are in: no path leads into a set of several elements.
    set: Option<usize>,
    /// How long the paths of the sets of blocks are that we are in, each with one block: it has an index, though no name has it.
    only: Vec<usize>,
    diagnostics: Vec<Diagnostic>,
}

impl Findings {
    fn add(&mut self, path: &Path, summary: String, detail: String) {
        let mut path = path.clone();
        path.0.truncate(self.set.unwrap_or(usize::MAX));
        for at in self.only.iter().rev().filter(|at| **at < path.0.len()).copied().collect::<Vec<_>>() {
            path.0.insert(at, Step::Index(0));
        }
        self.diagnostics.push(Error::new(summary).detail(detail).at(path).into());
    }

    fn body(&mut self, body: &Body, config: &Value, path: &Path) {
        self.attributes(&body.attributes, config, path);
        for block in &body.blocks {
            let path = path.then(Step::Attribute(block.name.clone()));
            let blocks = config.member(&block.name);
            if block.nesting == Nesting::Set
                && let [(_, only)] = elements(blocks).as_slice()
            {
                self.only.push(path.0.len());
                self.body(&block.body, only, &path);
                self.only.pop();
                continue;
            }
            self.each(blocks, block.nesting, &path, &mut |found, object, path| {
                found.body(&block.body, object, path);
            });
        }
    }

    fn attributes(&mut self, attributes: &[Attribute], config: &Value, path: &Path) {
        if !matches!(config, Value::Map(_)) {
            return;
        }
        for attribute in attributes {
            let value = config.member(&attribute.name);
            let path = path.then(Step::Attribute(attribute.name.clone()));
            if attribute.flags.is_read_only() {
                if !value.is_null() {
                    let detail = "The provider decides its value. Remove it from the configuration.".to_owned();
                    self.add(&path, format!("{path} cannot be configured: it is read-only"), detail);
                }
                continue;
            }
            self.attribute(attribute, value, &path);
            if let Shape::Nested(nesting, attributes) = &attribute.shape {
                self.each(value, *nesting, &path, &mut |found, object, path| {
                    found.attributes(attributes, object, path);
                });
            }
        }
    }

    fn attribute(&mut self, attribute: &Attribute, value: &Value, path: &Path) {
        if attribute.flags.write_only && !value.is_null() && !self.write_only_allowed {
            let detail = "This version of Terraform has no write-only arguments: they came with Terraform 1.11 and \
                          OpenTofu 1.11. Use a newer one, or leave the argument out.";
            self.add(path, format!("{path} is write-only"), detail.to_owned());
        }
        if attribute.flags.optional && is_empty(value) {
            // Not set, whichever way it is written.
            return;
        }
        let name = path.to_string();
        let secret = attribute.flags.sensitive || attribute.flags.write_only;
        for check in &attribute.checks {
            if let Some((summary, detail)) = broken(check, value, &name, secret) {
                self.add(path, summary, detail);
            }
        }
        if attribute.flags.json {
            self.json(value, &name, path);
        }
        if attribute.element_checks.is_empty() {
            return;
        }
        let in_set = matches!(&attribute.shape, Shape::Type(Type::Set(_)));
        for (step, element) in elements(value) {
            let name = path.then(step.clone()).to_string();
            // The elements of a set have no path.
            let (name, path) =
                if in_set { (format!("An element of {path}"), path.clone()) } else { (name, path.then(step)) };
            for check in &attribute.element_checks {
                if let Some((summary, detail)) = broken(check, element, &name, secret) {
                    self.add(&path, summary, detail);
                }
            }
        }
    }

    fn json(&mut self, value: &Value, name: &str, path: &Path) {
        let Value::String(text) = value else { return };
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
            self.add(path, format!("{name} is not JSON"), format!("{error}. jsonencode() writes JSON."));
        }
    }

    fn each(&mut self, value: &Value, nesting: Nesting, path: &Path, visit: &mut dyn FnMut(&mut Self, &Value, &Path)) {
        match nesting {
            Nesting::Single => visit(self, value, path),
            Nesting::Set => {
                let outer = self.set;
                self.set = outer.or(Some(path.0.len()));
                for (_, element) in elements(value) {
                    visit(self, element, path);
                }
                self.set = outer;
            }
            Nesting::List | Nesting::Map => {
                for (step, element) in elements(value) {
                    visit(self, element, &path.then(step));
                }
            }
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::List(elements) => elements.is_empty(),
        Value::Map(members) => members.is_empty(),
        _ => false,
    }
}

fn elements(value: &Value) -> Vec<(Step, &Value)> {
    match value {
        Value::List(elements) => (0..).map(Step::Index).zip(elements).collect(),
        Value::Map(members) => members.iter().map(|(key, member)| (Step::Key(key.clone()), member)).collect(),
        _ => Vec::new(),
    }
}

/// What is wrong and what is allowed; `None` if nothing is, or if it cannot be known yet.
fn broken(check: &Check, value: &Value, name: &str, secret: bool) -> Option<(String, String)> {
    let shown = |text: String| if secret { "a sensitive value".to_owned() } else { text };
    match (check, value) {
        (Check::OneOf(choices), Value::String(text)) if !choices.contains(text) => {
            let allowed = choices.iter().map(|choice| format!("{choice:?}")).collect::<Vec<_>>().join(", ");
            let near = choices.iter().find(|choice| choice.eq_ignore_ascii_case(text));
            let hint = near.map(|choice| format!(" Letter case matters: did you mean {choice:?}?")).unwrap_or_default();
            Some((
                format!("{name} cannot be {}", shown(format!("{text:?}"))),
                format!("It must be one of {allowed}.{hint}"),
            ))
        }
        (Check::Length(least, most), Value::String(text)) => {
            let length = text.chars().count() as u64;
            outside(length, *least, *most).then(|| {
                let summary = format!("{name} has {}", plural(length, "character"));
                (summary, format!("It must have {}.", bounds(*least, *most, "character")))
            })
        }
        // Elements of a set that are unknown yet may fall together.
        (Check::Length(least, most), Value::List(_) | Value::Map(_)) if value.is_wholly_known() => {
            let length = elements(value).len() as u64;
            outside(length, *least, *most).then(|| {
                let summary = format!("{name} has {}", plural(length, "element"));
                (summary, format!("It must have {}.", bounds(*least, *most, "element")))
            })
        }
        (Check::Range(least, most), Value::Number(number)) => {
            let bound = |bound: &Option<f64>| bound.and_then(BigDecimal::from_f64);
            let below = bound(least).is_some_and(|least| number.0 < least);
            let above = bound(most).is_some_and(|most| number.0 > most);
            (below || above).then(|| {
                let allowed = match (least, most) {
                    (Some(least), Some(most)) => format!("from {least} to {most}"),
                    (Some(least), None) => format!("{least} or more"),
                    (None, Some(most)) => format!("{most} or less"),
                    (None, None) => "any number".to_owned(),
                };
                (format!("{name} cannot be {}", shown(number.to_string())), format!("It must be {allowed}."))
            })
        }
        (Check::Integer, Value::Number(number)) if !number.0.is_integer() => {
            Some((format!("{name} cannot be {}", shown(number.to_string())), "It must be a whole number.".to_owned()))
        }
        (Check::Pattern(pattern), Value::String(text)) => (!pattern.matches(text)).then(|| {
            let summary = format!("{name} cannot be {}", shown(format!("{text:?}")));
            let detail = match pattern.words() {
                Some(words) => format!("It must be {words}."),
                None => format!("It must match the regular expression {}", pattern.text()),
            };
            (summary, detail)
        }),
        _ => None,
    }
}

fn outside(length: u64, least: Option<u64>, most: Option<u64>) -> bool {
    least.is_some_and(|least| length < least) || most.is_some_and(|most| length > most)
}

/// The allowed numbers in words: `from 1 to 20 characters`.
fn bounds(least: Option<u64>, most: Option<u64>, thing: &str) -> String {
    match (least, most) {
        (Some(least), Some(most)) if least == most => format!("exactly {}", plural(least, thing)),
        (Some(least), Some(most)) => format!("from {least} to {}", plural(most, thing)),
        (Some(least), None) => format!("at least {}", plural(least, thing)),
        (None, Some(most)) => format!("at most {}", plural(most, thing)),
        (None, None) => format!("any number of {thing}s"),
    }
}

fn plural(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::flags::{COMPUTED, ID, OPTIONAL};
    use crate::schema::schema_of;
    use crate::{Attr, Set};

    #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
    enum Tier {
        Small,
        Large,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Rule {
        #[schemars(extend("x-tf" = COMPUTED))]
        id: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL), range(min = 1, max = 65535))]
        port: Attr<i64>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Thing {
        #[schemars(extend("x-tf" = ID))]
        id: Attr<String>,
        #[schemars(extend("x-tf" = COMPUTED))]
        parts: Attr<Vec<Rule>>,
        #[schemars(extend("x-tf" = OPTIONAL), length(min = 2, max = 4), regex(pattern = "^[a-zé]*$"))]
        name: Attr<String>,
        #[schemars(regex(pattern = "^[0-9]+$"), extend("x-form" = "digits", "x-tf" = OPTIONAL))]
        code: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        tier: Attr<Tier>,
        #[schemars(extend("x-tf" = OPTIONAL.sensitive()), length(max = 4), regex(pattern = "^x"))]
        word: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
        hidden: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL.json()))]
        policy: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL), range(max = 0.5))]
        share: Attr<f64>,
        #[schemars(extend("x-tf" = OPTIONAL), length(max = 2), inner(length(min = 1)))]
        zones: Attr<Vec<String>>,
        #[schemars(extend("x-tf" = OPTIONAL), length(min = 2), inner(length(min = 1)))]
        groups: Attr<Set<String>>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        tiers: Attr<BTreeMap<String, Tier>>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        listed: Attr<Vec<Rule>>,
        #[schemars(extend("x-tf" = OPTIONAL.block()))]
        rule: Attr<Set<Rule>>,
        #[schemars(extend("x-tf" = OPTIONAL.block()))]
        named: Attr<BTreeMap<String, Rule>>,
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    fn number(digits: &str) -> Value {
        Value::Number(digits.parse().unwrap())
    }

    fn object(name: &str, value: Value) -> Value {
        Value::Map([(name.to_owned(), value)].into())
    }

    fn found(name: &str, value: Value, write_only_allowed: bool) -> Vec<(String, String, String)> {
        let found = validate(&schema_of::<Thing>(0), &object(name, value), write_only_allowed);
        let tell = |found: Diagnostic| (found.path.unwrap().to_string(), found.summary, found.detail);
        found.into_iter().map(tell).collect()
    }

    #[track_caller]
    fn check(name: &str, value: Value, path: &str, summary: &str, detail: &str) {
        assert_eq!(found(name, value, true), [(path.to_owned(), summary.to_owned(), detail.to_owned())]);
    }

    #[test]
    fn a_read_only_value_cannot_be_configured_wherever_it_stands() {
        let detail = "The provider decides its value. Remove it from the configuration.";
        let refused = |name: &str, value: Value, path: &str, named: &str| {
            check(name, value, path, &format!("{named} cannot be configured: it is read-only"), detail);
        };
        refused("id", text("77"), "id", "id");
        refused("id", text(""), "id", "id");
        refused("id", Value::unknown(), "id", "id");
        refused("parts", Value::List(vec![object("id", text("x"))]), "parts", "parts");
        let rule = || object("id", text("x"));
        refused("listed", Value::List(vec![rule()]), "listed[0].id", "listed[0].id");
        refused("rule", Value::List(vec![rule()]), "rule[0].id", "rule.id");
        refused("named", object("k", rule()), "named[\"k\"].id", "named[\"k\"].id");
    }

    #[test]
    fn what_is_allowed_or_unknown_is_left_alone() {
        for (name, value) in [
            ("name", text("éé")),
            ("name", Value::unknown()),
            ("name", Value::Null),
            ("name", text("")),
            ("tier", text("")),
            ("word", text("")),
            ("policy", text("")),
            ("groups", Value::List(Vec::new())),
            ("tier", text("Large")),
            ("share", number("0.5")),
            ("policy", text("{}")),
            ("policy", Value::unknown()),
            ("zones", Value::List(vec![text("a"), Value::unknown()])),
            ("groups", Value::List(vec![Value::unknown()])),
            ("hidden", text("x")),
            ("rule", Value::unknown()),
            ("listed", Value::List(vec![object("port", Value::unknown()), Value::unknown()])),
        ] {
            assert_eq!(found(name, value, true), []);
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_allowed() {
        check("name", text("abcde"), "name", "name has 5 characters", "It must have from 2 to 4 characters.");
        check("name", text("é"), "name", "name has 1 character", "It must have from 2 to 4 characters.");
        check("name", text("AB"), "name", "name cannot be \"AB\"", "It must match the regular expression ^[a-zé]*$");
        check("code", text("x"), "code", "code cannot be \"x\"", "It must be digits.");
        check("tier", text("huge"), "tier", "tier cannot be \"huge\"", "It must be one of \"Small\", \"Large\".");
        check(
            "tier",
            text("LARGE"),
            "tier",
            "tier cannot be \"LARGE\"",
            "It must be one of \"Small\", \"Large\". Letter case matters: did you mean \"Large\"?",
        );
        check("share", number("0.51"), "share", "share cannot be 0.51", "It must be 0.5 or less.");
        check(
            "listed",
            Value::List(vec![object("port", number("0"))]),
            "listed[0].port",
            "listed[0].port cannot be 0",
            "It must be from 1 to 65535.",
        );
        check(
            "listed",
            Value::List(vec![object("port", number("1.5"))]),
            "listed[0].port",
            "listed[0].port cannot be 1.5",
            "It must be a whole number.",
        );
        let zones = Value::List(vec![text("a"), text("b"), text("c")]);
        check("zones", zones, "zones", "zones has 3 elements", "It must have at most 2 elements.");
    }

    #[test]
    fn elements_are_named_by_index_or_key_and_those_of_a_set_by_the_set() {
        let detail = "It must have at least 1 character.";
        check("zones", Value::List(vec![text("a"), text("")]), "zones[1]", "zones[1] has 0 characters", detail);
        let groups = Value::List(vec![text(""), text("a")]);
        check("groups", groups, "groups", "An element of groups has 0 characters", detail);
        let detail = "It must be one of \"Small\", \"Large\".";
        check("tiers", object("k", text("x")), "tiers[\"k\"]", "tiers[\"k\"] cannot be \"x\"", detail);
        let rule = |digits: &str| object("port", number(digits));
        let detail = "It must be from 1 to 65535.";
        check("rule", Value::List(vec![rule("0"), rule("1")]), "rule", "rule.port cannot be 0", detail);
        // The only block of a set has a place.
        check("rule", Value::List(vec![rule("0")]), "rule[0].port", "rule.port cannot be 0", detail);
        let named = object("k", object("port", number("0")));
        let path = "named[\"k\"].port";
        check("named", named, path, &format!("{path} cannot be 0"), "It must be from 1 to 65535.");
    }

    #[test]
    fn a_sensitive_value_is_never_shown() {
        for found in found("word", text("hunter2"), true) {
            assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
        }
        assert_eq!(found("word", text("hunter2"), true).len(), 2);
    }

    #[test]
    fn text_that_must_be_json_is() {
        let found = found("policy", text("{"), true);
        assert_eq!(found[0].1, "policy is not JSON");
        assert!(found[0].2.starts_with("EOF while parsing"), "{}", found[0].2);
    }

    #[test]
    fn a_write_only_value_needs_a_client_that_knows_them() {
        assert_eq!(found("hidden", text("x"), true), []);
        assert_eq!(found("hidden", Value::Null, false), []);
        assert_eq!(found("hidden", text("x"), false)[0].1, "hidden is write-only");
        assert_eq!(found("hidden", Value::unknown(), false)[0].1, "hidden is write-only");
    }
}
