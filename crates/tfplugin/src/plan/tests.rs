mod left;
mod nothing;
mod random;
pub(super) mod sets;
mod wrong;

use schemars::JsonSchema;
use serde_json::{Value as Json, json};

use super::*;
use crate::flags::{COMPUTED, ID, OPTIONAL, OPTIONAL_COMPUTED, REQUIRED};
use crate::schema::schema_of;
use crate::types::Type;
use crate::{Attr, Dynamic, Set};

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Rule {
    #[schemars(extend("x-tf" = REQUIRED))]
    port: Attr<i64>,
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    zone: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    on: Attr<bool>,
    #[schemars(extend("x-tf" = OPTIONAL.default("\"tcp\"")))]
    protocol: Attr<String>,
    #[schemars(extend("x-tf" = COMPUTED))]
    id: Attr<String>,
    #[schemars(extend("x-tf" = ID))]
    arn: Attr<String>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Login {
    #[schemars(extend("x-tf" = OPTIONAL))]
    user: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
    word: Attr<String>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Thing {
    #[schemars(extend("x-tf" = ID))]
    id: Attr<String>,
    #[schemars(extend("x-tf" = COMPUTED))]
    status: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    name: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    zone: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    on: Attr<bool>,
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    weight: Attr<i64>,
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    size: Attr<i64>,
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces()))]
    subnet: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL.default("\"gp3\"").replaces()))]
    disk: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL.json()))]
    policy: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL.ignores_case()))]
    mail: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL.default("\"ACCOUNT\"").ignores_case()))]
    level: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    zones: Attr<Vec<String>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    groups: Attr<Set<String>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    anything: Attr<Dynamic>,
    #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
    word: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    login: Attr<Login>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    main: Attr<Rule>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    listed: Attr<Vec<Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    unordered: Attr<Set<Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    found: Attr<Vec<Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    fixed: Attr<Vec<Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    fixed_set: Attr<Set<Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    rule: Attr<Vec<Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    rule_set: Attr<Set<Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    only: Attr<Rule>,
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    told: Attr<Rule>,
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    place: Attr<Rule>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    named: Attr<BTreeMap<String, Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    timing: Attr<Login>,
}

fn schema() -> &'static Schema {
    static SCHEMA: std::sync::LazyLock<Schema> = std::sync::LazyLock::new(|| {
        let mut schema = schema_of::<Thing>(0);
        // As `resource_schema` adds it.
        for block in &mut schema.body.blocks {
            if block.name == "timing" {
                block.name = TIMEOUTS.to_owned();
                (block.nesting, block.one, block.items) = (Nesting::Single, false, (0, 0));
            }
        }
        schema
    });
    &SCHEMA
}

/// A value from JSON, where "?" is unknown.
fn tree(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::String(text) if text == "?" => Value::unknown(),
        Json::String(text) => Value::String(text.clone()),
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.to_string().parse().unwrap()),
        Json::Array(elements) => Value::List(elements.iter().map(tree).collect()),
        Json::Object(members) => {
            Value::Map(members.iter().map(|(name, member)| (name.clone(), tree(member))).collect())
        }
    }
}

fn value(json: &Json) -> Value {
    if json.is_null() {
        return Value::Null;
    }
    let schema = schema();
    conform::with_blocks(conform::conform(tree(json), &schema.value_type()).unwrap(), &schema.body)
}

/// What Terraform proposes: the configuration, with the prior values of what is computed and not configured.
fn proposed(prior: &Value, config: &Value, fields: Fields<'_>) -> Value {
    let Value::Map(mut members) = config.clone() else { return config.clone() };
    for attribute in fields.attributes {
        if attribute.flags.computed && config.member(&attribute.name).is_null() {
            members.insert(attribute.name.clone(), prior.member(&attribute.name).clone());
        }
    }
    for (name, nesting, inner) in fields.nested() {
        let (prior, config) = (prior.member(name), config.member(name));
        if config.is_null() {
            continue;
        }
        let nested = match (nesting, config, prior) {
            (Nesting::Single, config, prior) => proposed(prior, config, inner),
            (Nesting::List, Value::List(configs), prior) => {
                let at = |index: usize| match prior {
                    Value::List(priors) => priors.get(index).unwrap_or(&Value::Null),
                    _ => &Value::Null,
                };
                Value::List(
                    configs.iter().enumerate().map(|(index, config)| proposed(at(index), config, inner)).collect(),
                )
            }
            (Nesting::Map, Value::Map(configs), prior) => Value::Map(
                configs.iter().map(|(key, config)| (key.clone(), proposed(prior.member(key), config, inner))).collect(),
            ),
            (Nesting::Set, Value::List(configs), prior) => {
                let mut free: Vec<&Value> = match prior {
                    Value::List(priors) => priors.iter().collect(),
                    _ => Vec::new(),
                };
                crate::value::set_of(
                    configs
                        .iter()
                        .map(|config| {
                            let same = free.iter().position(|prior| proposed(prior, config, inner) == **prior);
                            let prior = same.map_or(&Value::Null, |at| free.swap_remove(at));
                            proposed(prior, config, inner)
                        })
                        .collect(),
                )
            }
            (_, config, _) => config.clone(),
        };
        members.insert(name.to_owned(), nested);
    }
    Value::Map(members)
}

fn planned(prior: &Value, config: &Value) -> Planned {
    let schema = schema();
    let proposed = proposed(prior, config, Fields::of(&schema.body));
    let planned = plan(schema, prior, &proposed, config);
    assert_eq!(assert_plan_valid(schema, prior, config, &planned.value), []);
    // Terraform plans again at the apply and takes nothing but the same.
    assert_eq!(plan(schema, prior, &proposed, config), planned);
    planned
}

/// The members of the plan that `expected` names, and where it replaces.
#[track_caller]
fn check(prior: Json, config: Json, expected: Json, replaces: &[&str]) {
    let planned = planned(&value(&prior), &value(&config));
    let expected_value = value(&expected);
    for name in expected.as_object().unwrap().keys() {
        assert_eq!(planned.value.member(name), expected_value.member(name), "{name}");
    }
    let paths: Vec<String> = planned.replaces.iter().map(ToString::to_string).collect();
    assert_eq!(paths, replaces);
}

/// A stored object, with `changes`.
fn stored(changes: Json) -> Json {
    let mut object = json!({"id": "i-1", "status": "up", "size": 3, "subnet": "s-1", "disk": "gp3"});
    object.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    object
}

fn rule(port: i64, changes: Json) -> Json {
    let mut rule = json!({"port": port, "protocol": "tcp", "id": format!("r-{port}"), "arn": format!("arn-{port}")});
    rule.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    rule
}

#[test]
fn a_create_makes_everything_computed_unknown_and_fills_in_defaults() {
    check(
        Json::Null,
        json!({"name": "a"}),
        json!({"id": "?", "status": "?", "name": "a", "size": "?", "subnet": "?", "disk": "gp3", "zone": null, "rule": [],
            "told": "?", "place": "?"}),
        &[],
    );
}

#[test]
fn a_configured_value_stands_as_it_is_configured() {
    check(
        Json::Null,
        json!({"size": 7, "disk": "io2", "name": "?"}),
        json!({"size": 7, "disk": "io2", "name": "?"}),
        &[],
    );
}

#[test]
fn nothing_changed_plans_nothing() {
    let prior = stored(json!({"name": "a", "groups": ["y", "x"], "found": [rule(1, json!({}))],
        "rule": [rule(2, json!({}))], "rule_set": [rule(4, json!({})), rule(3, json!({}))]}));
    let config =
        json!({"name": "a", "groups": ["x", "y"], "rule": [{"port": 2}], "rule_set": [{"port": 3}, {"port": 4}]});
    let planned = planned(&value(&prior), &value(&config));
    assert_eq!(planned, Planned { value: value(&prior), replaces: vec![] });
}

#[test]
fn an_update_makes_computed_values_unknown_but_those_that_stay() {
    check(
        stored(json!({"name": "a"})),
        json!({"name": "b"}),
        json!({"name": "b", "id": "i-1", "status": "?", "size": "?", "subnet": "s-1", "disk": "gp3", "found": "?",
            "told": "?", "place": []}),
        &[],
    );
}

#[test]
fn a_delete_plans_null() {
    let planned = plan(schema(), &value(&stored(json!({}))), &Value::Null, &Value::Null);
    assert_eq!(planned, Planned { value: Value::Null, replaces: vec![] });
}

#[test]
fn a_value_that_is_no_longer_configured_falls_back() {
    check(stored(json!({"name": "a"})), json!({}), json!({"name": null, "status": "?"}), &[]);
    // To the default, which replaces here; and to whatever it is, for what is computed.
    check(stored(json!({"disk": "io2"})), json!({}), json!({"disk": "gp3"}), &["disk"]);
    check(stored(json!({"size": 9})), json!({}), json!({"size": 9, "status": "up"}), &[]);
}

#[test]
fn replacement_follows_what_is_configured() {
    check(stored(json!({"zone": "a"})), json!({"zone": "b"}), json!({"zone": "b"}), &["zone"]);
    check(stored(json!({"zone": "a"})), json!({}), json!({"zone": null}), &["zone"]);
    check(stored(json!({})), json!({"zone": "a"}), json!({"zone": "a"}), &["zone"]);
    check(stored(json!({"zone": "a"})), json!({"zone": "?"}), json!({"zone": "?"}), &["zone"]);
    check(stored(json!({})), json!({"subnet": "s-2"}), json!({"subnet": "s-2"}), &["subnet"]);
    check(stored(json!({})), json!({"subnet": "s-1", "name": "b"}), json!({"subnet": "s-1"}), &[]);
    // Not configured: another change does not replace the object for it.
    check(stored(json!({})), json!({"name": "b"}), json!({"subnet": "s-1"}), &[]);
    check(stored(json!({"subnet": null})), json!({"name": "b"}), json!({"subnet": "?"}), &[]);
}

#[test]
fn two_replacements_are_sorted() {
    check(stored(json!({"zone": "a"})), json!({"zone": "b", "disk": "io2"}), json!({}), &["disk", "zone"]);
}

#[test]
fn write_only_values_stand_in_no_plan() {
    check(
        Json::Null,
        json!({"word": "secret", "login": {"user": "u", "word": "secret"}}),
        json!({"word": null, "login": {"user": "u", "word": null}}),
        &[],
    );
    // A write-only value alone changes nothing.
    check(stored(json!({})), json!({"word": "other"}), json!({"word": null, "status": "up"}), &[]);
}

#[test]
fn what_means_the_same_keeps_its_stored_form() {
    check(
        stored(json!({"policy": "{\"a\": 1, \"b\": [1.0]}", "mail": "A@b.c"})),
        json!({"policy": "{\"b\":[1],\"a\":1}", "mail": "a@B.c"}),
        json!({"policy": "{\"a\": 1, \"b\": [1.0]}", "mail": "A@b.c", "status": "up"}),
        &[],
    );
    check(
        stored(json!({"policy": "{\"a\":[1,2]}"})),
        json!({"policy": "{\"a\":[2,1]}"}),
        json!({"policy": "{\"a\":[2,1]}", "status": "?"}),
        &[],
    );
    // Beyond the digits of a float, too.
    check(
        stored(json!({"policy": "12345678901234567890123"})),
        json!({"policy": "12345678901234567890124"}),
        json!({"policy": "12345678901234567890124"}),
        &[],
    );
}

#[test]
fn json_that_is_nested_without_end_is_compared_as_text() {
    let deep = |space: &str| format!("{}{space}{}", "[".repeat(100_000), "]".repeat(100_000));
    check(
        stored(json!({"policy": deep(" ")})),
        json!({"policy": deep("")}),
        json!({"policy": deep(""), "status": "?"}),
        &[],
    );
}

#[test]
fn a_set_has_no_order_and_keeps_its_unknown_elements() {
    check(stored(json!({"groups": ["a", "b"]})), json!({"groups": ["b", "a"]}), json!({"status": "up"}), &[]);
    check(Json::Null, json!({"groups": ["?", "a", "?"]}), json!({"groups": ["a", "?", "?"]}), &[]);
    check(
        Json::Null,
        json!({"unordered": [{"port": "?"}, {"port": "?"}]}),
        json!({"unordered": [{"port": "?", "protocol": "tcp", "id": "?", "arn": "?"}, {"port": "?", "protocol": "tcp", "id": "?", "arn": "?"}]}),
        &[],
    );
}

#[test]
fn a_plain_list_keeps_its_unknown_elements() {
    check(Json::Null, json!({"zones": ["a", "?"]}), json!({"zones": ["a", "?"]}), &[]);
}

#[test]
fn objects_within_are_planned_like_the_whole() {
    let created = |port: i64| json!({"port": port, "zone": null, "protocol": "tcp", "id": "?", "arn": "?"});
    check(Json::Null, json!({"main": {"port": 1}}), json!({"main": created(1)}), &[]);
    check(Json::Null, json!({"only": [{"port": 1}]}), json!({"only": [created(1)]}), &[]);
    for name in ["listed", "unordered", "fixed", "rule", "rule_set", "found"] {
        check(Json::Null, json!({name: [{"port": 1}, {"port": 2}]}), json!({name: [created(1), created(2)]}), &[]);
    }
    check(Json::Null, json!({"named": {"k": {"port": 1}}}), json!({"named": {"k": created(1)}}), &[]);
    check(
        Json::Null,
        json!({"main": {"port": 1, "protocol": "udp"}}),
        json!({"main": {"port": 1, "protocol": "udp", "id": "?", "arn": "?"}}),
        &[],
    );
    check(
        Json::Null,
        json!({}),
        json!({"main": null, "only": [], "listed": null, "rule": [], "named": {}, "told": "?"}),
        &[],
    );
}

#[test]
fn an_update_keeps_what_stays_within_objects() {
    for name in ["listed", "unordered", "rule", "rule_set"] {
        check(
            stored(json!({name: [rule(1, json!({}))]})),
            json!({name: [{"port": 1}, {"port": 2}]}),
            json!({name: [
                {"port": 1, "protocol": "tcp", "id": "?", "arn": "arn-1"},
                {"port": 2, "protocol": "tcp", "id": "?", "arn": "?"},
            ]}),
            &[],
        );
    }
}

#[test]
fn replacement_within_objects_names_the_element_and_in_sets_the_set() {
    let zone = |zone: &str| json!([{"port": 1, "zone": zone}]);
    for (name, path) in [
        ("listed", "listed[0].zone"),
        ("rule", "rule[0].zone"),
        ("only", "only[0].zone"),
        ("unordered", "unordered"),
        ("rule_set", "rule_set"),
    ] {
        check(stored(json!({name: [rule(1, json!({"zone": "a"}))]})), json!({name: zone("b")}), json!({}), &[path]);
        check(stored(json!({name: [rule(1, json!({"zone": "a"}))]})), json!({name: zone("a")}), json!({}), &[]);
    }
    let main = || stored(json!({"main": rule(1, json!({"zone": "a"}))}));
    check(main(), json!({"main": {"port": 1, "zone": "b"}}), json!({}), &["main.zone"]);
    check(main(), json!({}), json!({}), &["main.zone"]);
    let named = json!({"named": {"k": rule(1, json!({}))}});
    check(stored(named), json!({"named": {"k": {"port": 1, "zone": "b"}}}), json!({}), &["named[\"k\"].zone"]);
    // An element that comes or goes with a zone.
    check(stored(json!({})), json!({"rule": zone("b")}), json!({}), &["rule[0].zone"]);
    check(stored(json!({"rule": [rule(1, json!({"zone": "a"}))]})), json!({}), json!({}), &["rule[0].zone"]);
    check(stored(json!({})), json!({"rule": [{"port": 1}]}), json!({}), &[]);
}

#[test]
fn a_nested_value_that_replaces_is_compared_by_what_is_configured() {
    for name in ["fixed", "fixed_set"] {
        let prior = || stored(json!({name: [rule(1, json!({}))], "name": "a"}));
        check(prior(), json!({name: [{"port": 1}], "name": "b"}), json!({"status": "?"}), &[]);
        check(prior(), json!({name: [{"port": 2}], "name": "a"}), json!({}), &[name]);
        check(prior(), json!({name: [{"port": 1}, {"port": 2}], "name": "a"}), json!({}), &[name]);
        check(prior(), json!({"name": "a"}), json!({name: null}), &[name]);
    }
}

#[test]
fn an_unknown_number_of_blocks_stays_unknown() {
    check(
        Json::Null,
        json!({"rule": "?", "rule_set": "?", "only": "?"}),
        json!({"rule": "?", "rule_set": "?", "only": "?"}),
        &[],
    );
    check(
        stored(json!({"rule": [rule(1, json!({}))]})),
        json!({"rule": "?"}),
        json!({"rule": "?", "status": "?"}),
        &["rule"],
    );
}

#[test]
fn changed_timeouts_alone_make_nothing_unknown() {
    check(
        stored(json!({})),
        json!({"timeouts": {"user": "5m"}}),
        json!({"status": "up", "timeouts": {"user": "5m"}}),
        &[],
    );
}

#[test]
fn a_dynamic_value_is_planned_as_it_is() {
    let config = value(&json!({}));
    let Value::Map(mut members) = config else { panic!() };
    let any = Value::Dynamic(Box::new((Type::Bool, Value::Bool(true))));
    members.insert("anything".to_owned(), any.clone());
    assert_eq!(*planned(&Value::Null, &Value::Map(members)).value.member("anything"), any);
}

#[test]
fn a_resource_may_keep_what_its_configuration_leaves_out_and_nothing_else() {
    let (prior, config) = (value(&stored(json!({"name": "a", "size": 1}))), value(&json!({})));
    let keeps = |name: &str| {
        let Value::Map(mut members) = planned(&prior, &config).value else { panic!("an object") };
        members.insert("name".into(), Value::String(name.into()));
        Value::Map(members)
    };
    assert_eq!(assert_plan_valid(schema(), &prior, &config, &keeps("a")), []);
    assert!(needs_leniency(schema(), &prior, &config, &keeps("a")));
    assert_eq!(assert_plan_valid(schema(), &prior, &config, &keeps("b")).len(), 1);
}
