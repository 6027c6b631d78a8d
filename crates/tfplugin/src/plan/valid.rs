//! What Terraform checks of plans and of results, so that a fault is found by our tests and named as our own bug.
//!
//! The rules are those of `AssertPlanValid` and `AssertObjectCompatible` of Terraform's plans/objchange package.

use std::collections::BTreeMap;

use super::{Fields, matching};
use crate::diagnostic::{Diagnostic, Error, Path, Step};
use crate::meaning;
use crate::types::{Attribute, Nesting, Schema, Shape};
use crate::value::Value;

/// What nobody can have planned: each is a bug of the provider. Terraform's rules, but that what means the same is the same.
pub(crate) fn assert_plan_valid(schema: &Schema, prior: &Value, config: &Value, planned: &Value) -> Vec<Diagnostic> {
    plan_findings(schema, prior, config, planned, false)
}

/// Whether Terraform takes a plan only from providers of the legacy type system, whose plans may keep a stored spelling where
/// the configuration has another one (`legacy_type_system` in the response).
pub(crate) fn needs_leniency(schema: &Schema, prior: &Value, config: &Value, planned: &Value) -> bool {
    !plan_findings(schema, prior, config, planned, true).is_empty()
}

fn plan_findings(schema: &Schema, prior: &Value, config: &Value, planned: &Value, strict: bool) -> Vec<Diagnostic> {
    let mut found = Findings { strict, diagnostics: Vec::new() };
    if crate::conform::conform(planned.clone(), &schema.value_type()).as_ref() != Ok(planned) {
        found.add(&Path::default(), "the plan does not have the schema's form");
    }
    if planned.is_null() != config.is_null() {
        found.add(&Path::default(), "an object is planned to be deleted that is configured, or the other way round");
    } else {
        found.plan_object(prior, config, planned, Fields::of(&schema.body), &Path::default());
    }
    found.diagnostics
}

/// What Terraform would refuse in the result of an apply: each is a bug of the provider.
pub(crate) fn assert_object_compatible(schema: &Schema, planned: &Value, actual: &Value) -> Vec<Diagnostic> {
    let mut found = Findings::default();
    let root = Path::default();
    if crate::conform::conform(actual.clone(), &schema.value_type()).as_ref() != Ok(actual) {
        found.add(&root, "the result does not have the schema's form");
    }
    if planned.is_null() != actual.is_null() {
        found.add(&root, "the object is there after the apply although it is not planned, or the other way round");
    } else {
        found.result_object(planned, actual, Fields::of(&schema.body), &root);
    }
    found.diagnostics
}

#[derive(Default)]
struct Findings {
    /// By Terraform's own rules, to the letter.
    strict: bool,
    diagnostics: Vec<Diagnostic>,
}

impl Findings {
    // Values stay out of the text: they may be secrets.
    fn add(&mut self, path: &Path, problem: &str) {
        let place = if path.0.is_empty() { "The object".to_owned() } else { path.to_string() };
        let error = Error::new(format!("{place}: {problem}")).detail("This is a bug of the provider.");
        self.diagnostics.push(error.at(path.clone()).into());
    }

    fn plan_object(&mut self, prior: &Value, config: &Value, planned: &Value, fields: Fields<'_>, path: &Path) {
        if !matches!((config, planned), (Value::Map(_), Value::Map(_))) {
            if config != planned {
                self.add(path, "a configured object is planned as something else");
            }
            return;
        }
        for attribute in fields.attributes {
            let name = &attribute.name;
            let values = (prior.member(name), config.member(name), planned.member(name));
            let path = path.then(Step::Attribute(name.clone()));
            self.plan_attribute(attribute, values, &path);
        }
        for block in fields.blocks {
            let name = &block.name;
            let path = path.then(Step::Attribute(name.clone()));
            let (config, planned) = (config.member(name), planned.member(name));
            let form = |value: &Value| meaning::of_block(block, value.clone(), false);
            let same = || !planned.is_unknown() && !config.is_unknown() && form(planned) == form(config);
            if !self.strict && (meaning::leaves_blocks(block, config) || same()) {
                continue;
            }
            if planned.is_null() && block.nesting != Nesting::Single {
                self.add(&path, "blocks are planned as null; none are an empty list, set or map");
            } else if planned.is_unknown() && !config.is_unknown() {
                self.add(&path, "configured blocks are planned as unknown");
            } else if config.is_unknown() && config != planned {
                self.add(&path, "blocks whose number is not known yet must stay unknown");
            } else {
                let inner = Fields::of(&block.body);
                self.plan_nested(prior.member(name), config, planned, block.nesting, inner, &path);
            }
        }
    }

    fn plan_attribute(
        &mut self,
        attribute: &Attribute,
        (prior, config, planned): (&Value, &Value, &Value),
        path: &Path,
    ) {
        let Attribute { flags, shape, .. } = attribute;
        let form = |value: &Value| meaning::form(attribute, value).into_owned();
        if flags.write_only {
            if !planned.is_null() {
                self.add(path, "a write-only value stands in the plan");
            }
        } else if same_known(planned, config) || (planned == prior && !prior.is_null() && !config.is_null()) {
            // The configured value, or the prior one that means the same.
        } else if !self.strict
            && (form(planned) == form(config)
                || (flags.optional && meaning::is_left_out(config) && (flags.computed || planned == prior)))
        {
            // Another spelling of the configured value, or what the configuration leaves out: for the provider to decide, or
            // kept as it is by the resource's own say (a value that was set elsewhere, and that cannot be taken away).
        } else if config.is_null() {
            if !flags.computed {
                self.add(path, "a value is planned that is neither configured nor computed");
            }
        } else if let Shape::Nested(nesting, attributes) = shape {
            if planned.is_unknown() {
                self.add(path, "a configured object is planned as unknown");
            } else if planned.is_null() {
                self.add(path, "a configured object is planned as null");
            } else {
                self.plan_nested(prior, config, planned, *nesting, Fields { attributes, blocks: &[] }, path);
            }
        } else {
            self.add(path, "the planned value is neither the configured one nor the prior one");
        }
    }

    fn plan_nested(
        &mut self,
        prior: &Value,
        config: &Value,
        planned: &Value,
        nesting: Nesting,
        fields: Fields<'_>,
        path: &Path,
    ) {
        match (nesting, config, planned) {
            (Nesting::Single, config, planned) => self.plan_object(prior, config, planned, fields, path),
            (Nesting::List, Value::List(configs), Value::List(planneds)) => {
                if configs.len() != planneds.len() {
                    return self.add(path, "the plan has another number of elements than the configuration");
                }
                for (index, (config, planned)) in configs.iter().zip(planneds).enumerate() {
                    let path = path.then(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)));
                    let prior = match prior {
                        Value::List(priors) => priors.get(index).unwrap_or(&Value::Null),
                        _ => &Value::Null,
                    };
                    self.plan_object(prior, config, planned, fields, &path);
                }
            }
            (Nesting::Map, Value::Map(configs), Value::Map(planneds)) => {
                if !configs.keys().eq(planneds.keys()) {
                    return self.add(path, "the plan has other keys than the configuration");
                }
                for (key, planned) in planneds {
                    let path = path.then(Step::Key(key.clone()));
                    self.plan_object(prior.member(key), config.member(key), planned, fields, &path);
                }
            }
            (Nesting::Set, Value::List(configs), Value::List(planneds)) if self.strict => {
                if configs == planneds {
                    return;
                }
                let taken = |planned: &Value| {
                    configs.iter().any(|config| {
                        let mut found = Self { strict: true, diagnostics: Vec::new() };
                        found.plan_object(&Value::Null, config, planned, fields, path);
                        found.diagnostics.is_empty()
                    })
                };
                if configs.len() != planneds.len() || !planneds.iter().all(taken) {
                    self.add(path, "the plan has other elements than the configuration");
                }
            }
            (Nesting::Set, Value::List(configs), Value::List(planneds)) => {
                let mut free = matching::Free::of(configs, fields);
                if configs.len() != planneds.len() || !planneds.iter().all(|planned| free.take(planned).is_some()) {
                    self.add(path, "the plan has other elements than the configuration");
                }
            }
            (_, config, planned) => {
                if !same_known(config, planned) {
                    self.add(path, "the planned value is not the configured one");
                }
            }
        }
    }

    fn result_object(&mut self, planned: &Value, actual: &Value, fields: Fields<'_>, path: &Path) {
        if planned.is_unknown() && matches!(actual, Value::Map(_)) {
            // Whatever it is, its own members must be known.
            return self.result_object(&Value::Map(unknown_members(fields)), actual, fields, path);
        }
        if !matches!((planned, actual), (Value::Map(_), Value::Map(_))) {
            return self.result_plain(planned, actual, path);
        }
        for attribute in fields.attributes {
            let name = &attribute.name;
            let path = path.then(Step::Attribute(name.clone()));
            let (planned, actual) = (planned.member(name), actual.member(name));
            match &attribute.shape {
                _ if attribute.flags.write_only => {
                    if !actual.is_null() {
                        self.add(&path, "a write-only value stands in the state");
                    }
                }
                Shape::Type(_) => self.result_plain(planned, actual, &path),
                Shape::Nested(nesting, attributes) => {
                    self.result_nested(planned, actual, *nesting, Fields { attributes, blocks: &[] }, &path);
                }
            }
        }
        for block in fields.blocks {
            let path = path.then(Step::Attribute(block.name.clone()));
            let (planned, actual) = (planned.member(&block.name), actual.member(&block.name));
            if actual.is_null() && block.nesting != Nesting::Single {
                self.add(&path, "blocks are null; none are an empty list, set or map");
            } else {
                self.result_nested(planned, actual, block.nesting, Fields::of(&block.body), &path);
            }
        }
    }

    fn result_plain(&mut self, planned: &Value, actual: &Value, path: &Path) {
        if !actual.is_wholly_known() {
            self.add(path, "the value is still unknown after the apply");
        } else if !becomes(planned, actual) {
            self.add(path, "the value is not the planned one");
        }
    }

    fn result_nested(&mut self, planned: &Value, actual: &Value, nesting: Nesting, fields: Fields<'_>, path: &Path) {
        match (nesting, planned, actual) {
            (Nesting::Single, planned, actual) => self.result_object(planned, actual, fields, path),
            (Nesting::List, Value::List(planneds), Value::List(actuals)) => {
                if planneds.len() != actuals.len() {
                    return self.add(path, "the result has another number of elements than the plan");
                }
                for (index, (planned, actual)) in (0..).zip(planneds.iter().zip(actuals)) {
                    self.result_object(planned, actual, fields, &path.then(Step::Index(index)));
                }
            }
            (Nesting::Map, Value::Map(planneds), Value::Map(actuals)) => {
                if !planneds.keys().eq(actuals.keys()) {
                    return self.add(path, "the result has other keys than the plan");
                }
                for (key, actual) in actuals {
                    self.result_object(planned.member(key), actual, fields, &path.then(Step::Key(key.clone())));
                }
            }
            (Nesting::Set, Value::List(_), Value::List(_)) => self.result_plain(planned, actual, path),
            // Unknown, null, or of a different kind.
            (_, planned, actual) => self.result_plain(planned, actual, path),
        }
    }
}

/// Whether a known result can be what was planned. Elements of a set may fall together, so a set may shrink.
pub(super) fn becomes(planned: &Value, actual: &Value) -> bool {
    match (planned, actual) {
        (Value::Unknown(_), _) => true,
        (Value::List(planneds), Value::List(actuals)) if planned.is_wholly_known() => planneds == actuals,
        (Value::List(planneds), Value::List(actuals)) => {
            actuals.len() <= planneds.len()
                && planneds.iter().all(|planned| actuals.iter().any(|actual| becomes(planned, actual)))
        }
        (Value::Map(planneds), Value::Map(actuals)) => {
            planneds.keys().eq(actuals.keys())
                && planneds.values().zip(actuals.values()).all(|(planned, actual)| becomes(planned, actual))
        }
        (Value::Dynamic(planned), Value::Dynamic(actual)) => becomes(&planned.1, &actual.1),
        (planned, actual) => planned == actual,
    }
}

/// Whether two values are the same, whatever is known of their unknown parts.
fn same_known(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Unknown(_), Value::Unknown(_)) => true,
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_known(left, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.keys().eq(right.keys())
                && left.values().zip(right.values()).all(|(left, right)| same_known(left, right))
        }
        (left, right) => left == right,
    }
}

fn unknown_members(fields: Fields<'_>) -> BTreeMap<String, Value> {
    let attributes = fields.attributes.iter().map(|attribute| &attribute.name);
    let names = attributes.chain(fields.blocks.iter().map(|block| &block.name));
    names.map(|name| (name.clone(), Value::unknown())).collect()
}
