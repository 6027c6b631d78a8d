//! What says nothing, and what is spelled in another way: plans that change nothing.

use super::*;

/// The table of `docs/decisions/0006-nothing-is-nothing.md`.
#[test]
fn nothing_is_nothing_however_it_is_written() {
    let texts = || vec![Json::Null, json!("")];
    let lists = || vec![Json::Null, json!([])];
    let gp3 = || vec![Json::Null, json!(""), json!("gp3")];
    let part = |zone: Json| json!({"port": 1, "zone": zone, "protocol": "tcp"});
    let parts = |name: &str| -> (String, Vec<Json>) {
        (name.to_owned(), texts().into_iter().map(|zone| json!([part(zone)])).collect())
    };
    let named = |name: &str, spellings: Vec<Json>| (name.to_owned(), spellings);
    for (name, spellings) in [
        named("name", texts()),
        named("zone", texts()),
        named("disk", gp3()),
        named("policy", texts()),
        named("level", vec![Json::Null, json!(""), json!("ACCOUNT"), json!("account")]),
        named("zones", lists()),
        named("groups", lists()),
        named("login", vec![Json::Null, json!({}), json!({"user": ""})]),
        named("listed", lists()),
        named("unordered", lists()),
        named("fixed", lists()),
        named("timeouts", vec![Json::Null, json!({})]),
        named("main", texts().into_iter().map(part).collect()),
        named("named", texts().into_iter().map(|zone| json!({"k": part(zone)})).collect()),
        named("zones", vec![json!(["a"]), json!(["a", null]), json!([null, "a"])]),
        named("groups", vec![json!(["a"]), json!(["a", null])]),
        parts("listed"),
        parts("unordered"),
        parts("fixed"),
        parts("fixed_set"),
        parts("rule"),
        parts("rule_set"),
        parts("only"),
    ] {
        for state in &spellings {
            for config in &spellings {
                let prior = value(&stored(json!({name.as_str(): state})));
                let planned = planned(
                    &prior,
                    &value(&json!({name.as_str(): config, "disk": (name == "disk").then_some(config)})),
                );
                let what = format!("{name}: {state} in the state, {config} in the configuration");
                assert_eq!(planned.value.member(&name), prior.member(&name), "{what}");
                assert_eq!(planned.value.member("status"), &Value::String("up".to_owned()), "{what}");
                assert_eq!(planned.replaces, vec![], "{what}");
            }
        }
    }
}

#[test]
fn something_and_nothing_is_a_change() {
    check(stored(json!({"name": "a"})), json!({"name": ""}), json!({"name": "", "status": "?"}), &[]);
    check(stored(json!({"name": ""})), json!({"name": "a"}), json!({"name": "a", "status": "?"}), &[]);
    check(stored(json!({"zone": "a"})), json!({"zone": ""}), json!({"zone": ""}), &["zone"]);
    check(stored(json!({"zone": ""})), json!({"zone": "a"}), json!({"zone": "a"}), &["zone"]);
    check(stored(json!({"disk": ""})), json!({"disk": "io2"}), json!({"disk": "io2"}), &["disk"]);
    check(stored(json!({"groups": []})), json!({"groups": ["a"]}), json!({"groups": ["a"], "status": "?"}), &[]);
    check(stored(json!({"listed": [rule(1, json!({}))]})), json!({"listed": []}), json!({"listed": []}), &[]);
    // A new block that says nothing of what replaces does not replace.
    check(stored(json!({})), json!({"rule": [{"port": 1, "zone": ""}]}), json!({"status": "?"}), &[]);
    check(stored(json!({})), json!({"rule_set": [{"port": 1, "zone": ""}]}), json!({"status": "?"}), &[]);
    // What stays of a changed object keeps its spelling.
    check(
        stored(json!({"zone": "", "name": "a"})),
        json!({"name": "b"}),
        json!({"zone": "", "name": "b", "status": "?"}),
        &[],
    );
    let set = |port: i64, zone: Json, state: bool| {
        if state { rule(port, json!({"zone": zone})) } else { json!({"port": port, "zone": zone}) }
    };
    check(
        stored(json!({"rule_set": [set(1, json!(""), true), set(2, json!("b"), true)]})),
        json!({"rule_set": [set(1, Json::Null, false), set(3, json!("b"), false)]}),
        json!({"rule_set": [{"port": 1, "zone": "", "protocol": "tcp", "id": "?", "arn": "arn-1"},
            {"port": 3, "zone": "b", "protocol": "tcp", "id": "?", "arn": "?"}], "status": "?"}),
        &[],
    );
}

#[test]
fn a_switch_that_is_off_and_not_configured_stays_off() {
    check(stored(json!({"on": false})), json!({}), json!({"on": false, "status": "up"}), &[]);
    check(stored(json!({"on": false})), json!({"name": "b"}), json!({"on": false, "status": "?"}), &[]);
    check(stored(json!({"on": true})), json!({}), json!({"on": null, "status": "?"}), &["on"]);
    check(stored(json!({})), json!({"on": false}), json!({"on": false, "status": "?"}), &["on"]);
    check(stored(json!({"on": false})), json!({"on": true}), json!({"on": true, "status": "?"}), &["on"]);
    let part = |on: Json| json!({"port": 1, "zone": "a", "on": on, "protocol": "tcp", "id": "r", "arn": "r"});
    for name in ["listed", "rule", "rule_set", "unordered", "fixed_set", "only"] {
        let prior = || stored(json!({name: [part(json!(false))]}));
        let config = json!({name: [{"port": 1, "zone": "a"}]});
        check(prior(), config, json!({name: [part(json!(false))], "status": "up"}), &[]);
    }
}

#[test]
fn a_number_that_is_0_and_not_configured_stays_0() {
    check(stored(json!({"weight": 0})), json!({}), json!({"weight": 0, "status": "up"}), &[]);
    check(stored(json!({"weight": 0})), json!({"name": "b"}), json!({"weight": 0, "status": "?"}), &[]);
    check(stored(json!({"weight": 1})), json!({}), json!({"weight": null, "status": "?"}), &["weight"]);
    check(stored(json!({})), json!({"weight": 0}), json!({"weight": 0, "status": "?"}), &["weight"]);
    check(stored(json!({"weight": 0})), json!({"weight": 1}), json!({"weight": 1, "status": "?"}), &["weight"]);
}

#[test]
fn what_a_resource_puts_back_is_spelled_as_in_the_state() {
    let part = |zone: Json, port: i64| json!({"port": port, "zone": zone, "protocol": "tcp", "id": "r", "arn": "r"});
    let all = |name: Json, zone: Json, second: i64| {
        value(&stored(
            json!({"name": name, "rule": [part(zone.clone(), 1)], "rule_set": [part(zone.clone(), second), part(zone.clone(), 2)],
            "only": [part(zone, 1)]}),
        ))
    };
    let prior = all(json!(""), json!(""), 1);
    assert_eq!(respelled(schema(), &prior, all(Json::Null, Json::Null, 1)), prior);
    let changed = respelled(schema(), &prior, all(json!("a"), Json::Null, 3));
    assert_eq!(changed.member("name"), &tree(&json!("a")));
    assert_eq!(changed.member("rule"), prior.member("rule"));
    assert_eq!(respelled(schema(), &Value::Null, all(Json::Null, Json::Null, 1)), all(Json::Null, Json::Null, 1));
    // What is not configured and was taken away on purpose stays away.
    let without = value(&stored(json!({"only": []})));
    assert_eq!(respelled(schema(), &all(json!("a"), json!("a"), 1), without.clone()), without);
}

#[test]
fn an_empty_text_leaves_a_computed_value_to_the_provider_and_an_empty_list_says_none() {
    check(Json::Null, json!({"subnet": ""}), json!({"subnet": "?"}), &[]);
    check(stored(json!({})), json!({"subnet": ""}), json!({"subnet": "s-1", "status": "up"}), &[]);
    check(stored(json!({})), json!({"subnet": "", "name": "b"}), json!({"subnet": "s-1", "status": "?"}), &[]);
    let found = || stored(json!({"found": [rule(1, json!({}))]}));
    check(found(), json!({}), json!({"status": "up"}), &[]);
    check(found(), json!({"found": []}), json!({"found": [], "status": "?"}), &[]);
    check(stored(json!({"found": null})), json!({"found": []}), json!({"found": null, "status": "up"}), &[]);
}

#[test]
fn computed_blocks_are_the_providers_where_none_are_configured() {
    let one = || json!([rule(1, json!({"zone": "a"}))]);
    check(Json::Null, json!({}), json!({"told": "?"}), &[]);
    check(stored(json!({"told": one()})), json!({}), json!({"told": one(), "status": "up"}), &[]);
    check(stored(json!({"told": one()})), json!({"name": "b"}), json!({"told": one(), "status": "?"}), &[]);
    check(stored(json!({})), json!({"name": "b"}), json!({"told": "?"}), &[]);
    let configured = |zone: &str| json!({"told": [{"port": 1, "zone": zone}]});
    check(stored(json!({"told": one()})), configured("a"), json!({"told": one(), "status": "up"}), &[]);
    check(stored(json!({"told": one()})), configured("b"), json!({"status": "?"}), &["told[0].zone"]);
    let schema = schema();
    let (prior, config) = (value(&stored(json!({"told": one()}))), value(&json!({})));
    assert!(needs_leniency(schema, &prior, &config, &planned(&prior, &config).value));
}

#[test]
fn the_order_of_members_in_a_document_is_no_change_wherever_it_stands() {
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Inline {
        #[schemars(extend("x-tf" = REQUIRED))]
        name: Attr<String>,
        #[schemars(extend("x-tf" = REQUIRED.json()))]
        policy: Attr<String>,
    }
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Role {
        #[schemars(extend("x-tf" = OPTIONAL.json()))]
        documents: Attr<Set<String>>,
        #[schemars(extend("x-tf" = OPTIONAL.block()))]
        inline: Attr<Set<Inline>>,
        #[schemars(extend("x-tf" = OPTIONAL.block()))]
        only: Attr<Inline>,
    }
    let schema = schema_of::<Role>(0);
    let role = |policy: &str, second: &str| {
        let one = json!({"name": "a", "policy": policy});
        let tree =
            tree(&json!({"documents": [policy], "inline": [one, {"name": "b", "policy": second}], "only": [one]}));
        conform::conform(tree, &schema.value_type()).unwrap()
    };
    let (prior, config) = (role(r#"{"b":1,"a":2}"#, "[1]"), role(r#"{ "a": 2, "b": 1 }"#, "[ 1 ]"));
    let planned = plan(&schema, &prior, &config, &config);
    assert_eq!(planned, Planned { value: prior.clone(), replaces: vec![] });
    assert_eq!(assert_plan_valid(&schema, &prior, &config, &planned.value), []);
    assert!(needs_leniency(&schema, &prior, &config, &planned.value));
    let other = role(r#"{"a":2,"b":1}"#, "[2]");
    assert_ne!(plan(&schema, &prior, &other, &other).value, prior);

    // What is read keeps the spelling that is known, and is written as jsonencode does where none is.
    assert_eq!(semantic_keep(&schema, &prior, &config), prior);
    let nothing = conform::with_blocks(conform::conform(tree(&json!({})), &schema.value_type()).unwrap(), &schema.body);
    assert_eq!(semantic_keep(&schema, &nothing, &config), role(r#"{"a":2,"b":1}"#, "[1]"));
    assert_eq!(semantic_keep(&schema, &role("[0]", "[1]"), &config), role(r#"{"a":2,"b":1}"#, "[1]"));
}

#[test]
fn core_is_asked_for_leniency_only_where_a_plan_keeps_another_spelling() {
    let told = |changes: Json| {
        let mut object = stored(changes);
        object["told"] = json!([rule(1, json!({}))]);
        object
    };
    let needs = |prior: Json, config: Json| {
        let (prior, config) = (value(&prior), value(&config));
        needs_leniency(schema(), &prior, &config, &planned(&prior, &config).value)
    };
    let blocks = || json!([{"port": 1}]);
    for (prior, config, expected) in [
        (Json::Null, json!({"name": "", "zones": [], "login": {}, "told": blocks(), "place": blocks()}), false),
        (Json::Null, json!({"subnet": "", "told": [{"port": 1}]}), true),
        (Json::Null, json!({}), true),
        (told(json!({"name": "a"})), json!({"name": "b", "told": [{"port": 1}]}), false),
        (stored(json!({"name": ""})), json!({"name": ""}), false),
        (stored(json!({"name": ""})), json!({}), true),
        (stored(json!({})), json!({"name": ""}), true),
        (stored(json!({"zones": []})), json!({}), true),
        (stored(json!({"zones": ["a"]})), json!({"zones": ["a", null]}), false),
        (stored(json!({"policy": "[1]"})), json!({"policy": "[ 1 ]"}), false),
        (stored(json!({"timeouts": {}})), json!({}), true),
        (stored(json!({"rule_set": [rule(1, json!({"zone": ""}))]})), json!({"rule_set": [{"port": 1}]}), true),
        (stored(json!({"rule_set": [rule(1, json!({}))]})), json!({"rule_set": [{"port": 1}]}), false),
        (stored(json!({"rule": [rule(1, json!({"zone": ""}))]})), json!({"rule": [{"port": 1}]}), true),
        (stored(json!({"disk": null})), json!({}), false),
    ] {
        assert_eq!(needs(prior.clone(), config.clone()), expected, "{prior} {config}");
    }
}

#[test]
fn a_result_keeps_the_form_that_the_user_wrote() {
    let check = |prior: Json, new: Json, expected: Json| {
        assert_eq!(semantic_keep(schema(), &value(&prior), &value(&new)), value(&expected));
    };
    check(json!({"policy": "{\"a\": 1}"}), json!({"policy": "{\"a\":1}"}), json!({"policy": "{\"a\": 1}"}));
    check(json!({"policy": "{\"a\": 1}"}), json!({"policy": "{\"a\":2}"}), json!({"policy": "{\"a\":2}"}));
    check(json!({"mail": "A@b"}), json!({"mail": "a@b"}), json!({"mail": "A@b"}));
    check(
        json!({"zones": null, "groups": []}),
        json!({"zones": [], "groups": null}),
        json!({"zones": null, "groups": []}),
    );
    check(json!({"zones": ["a"]}), json!({"zones": []}), json!({"zones": []}));
    check(Json::Null, json!({"policy": "{}"}), json!({"policy": "{}"}));
    check(json!({"name": ""}), json!({"name": null}), json!({"name": ""}));
    check(json!({"name": null}), json!({"name": ""}), json!({"name": null}));
    check(json!({"name": "a"}), json!({"name": ""}), json!({"name": ""}));
    check(json!({"disk": ""}), json!({"disk": "gp3"}), json!({"disk": ""}));
    // A block that nobody had written, as after an import: its members are as they were found, defaults too.
    check(
        json!({"only": []}),
        json!({"only": [{"port": 1, "protocol": "tcp", "zone": ""}]}),
        json!({"only": [{"port": 1, "protocol": "tcp", "zone": null}]}),
    );
    check(json!({"zones": ["a", null]}), json!({"zones": ["a"]}), json!({"zones": ["a", null]}));
    check(json!({"login": {"user": ""}}), json!({}), json!({"login": {"user": ""}}));
    check(json!({"login": {"user": ""}}), json!({"login": {}}), json!({"login": {"user": ""}}));
    // In a set, beside what the plan does not know.
    check(
        json!({"rule_set": [{"port": 1, "zone": "", "id": "?"}, {"port": 2, "zone": "", "id": "r-2"}]}),
        json!({"rule_set": [{"port": 1, "id": "r-1"}, {"port": 2, "id": "r-2"}]}),
        json!({"rule_set": [{"port": 1, "zone": "", "id": "r-1"}, {"port": 2, "zone": "", "id": "r-2"}]}),
    );
}

#[test]
fn an_empty_list_that_nobody_can_configure_is_the_same_after_an_import() {
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Network {
        #[schemars(extend("x-tf" = COMPUTED))]
        warnings: Attr<Vec<String>>,
        #[schemars(extend("x-tf" = OPTIONAL))]
        zones: Attr<Vec<String>>,
    }
    let schema = schema_of::<Network>(0);
    let network = |warnings: Value, zones: Value| {
        Value::Map([("warnings".to_owned(), warnings), ("zones".to_owned(), zones)].into())
    };
    let none = || Value::List(Vec::new());
    let imported = semantic_keep(&schema, &network(Value::Null, Value::Null), &network(none(), none()));
    assert_eq!(imported, network(none(), Value::Null));
}

#[test]
fn an_empty_text_in_a_set_leaves_a_computed_value_to_the_provider() {
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Part {
        #[schemars(extend("x-tf" = REQUIRED))]
        name: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
        label: Attr<String>,
    }
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Whole {
        #[schemars(extend("x-tf" = OPTIONAL.block()))]
        part: Attr<Set<Part>>,
    }
    let schema = schema_of::<Whole>(0);
    let whole = |label: Json| tree(&json!({"part": [{"name": "a", "label": label}]}));
    let plan = |prior: Value, expected: Json| {
        let config = whole(json!(""));
        let planned = plan(&schema, &prior, &config, &config);
        assert_eq!(planned, Planned { value: whole(expected), replaces: vec![] });
        assert_eq!(assert_plan_valid(&schema, &prior, &config, &planned.value), []);
        assert!(needs_leniency(&schema, &prior, &config, &planned.value));
    };
    plan(Value::Null, json!("?"));
    plan(whole(json!("made")), json!("made"));
}

#[test]
fn what_the_service_decides_is_no_change_and_neither_is_another_spelling_of_it() {
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Cluster {
        #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
        zone: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL.same_as(&[("DEDICATED", "SINGLE_USER")])))]
        mode: Attr<String>,
    }
    let schema = schema_of::<Cluster>(0);
    let cluster = |zone: Json, mode: Json| tree(&json!({"zone": zone, "mode": mode}));
    for (prior, config, expected) in [
        (cluster(json!("a"), Json::Null), cluster(Json::Null, Json::Null), cluster(json!("a"), Json::Null)),
        (cluster(json!("a"), Json::Null), cluster(json!(""), Json::Null), cluster(json!("a"), Json::Null)),
        (cluster(json!("a"), Json::Null), cluster(json!("b"), Json::Null), cluster(json!("b"), Json::Null)),
        (
            cluster(Json::Null, json!("DEDICATED")),
            cluster(Json::Null, json!("SINGLE_USER")),
            cluster(Json::Null, json!("DEDICATED")),
        ),
        (
            cluster(Json::Null, json!("SINGLE_USER")),
            cluster(Json::Null, json!("DEDICATED")),
            cluster(Json::Null, json!("SINGLE_USER")),
        ),
        (
            cluster(Json::Null, json!("DEDICATED")),
            cluster(Json::Null, json!("NONE")),
            cluster(Json::Null, json!("NONE")),
        ),
    ] {
        let planned = plan(&schema, &prior, &config, &config);
        assert_eq!(planned, Planned { value: expected, replaces: vec![] });
        assert_eq!(assert_plan_valid(&schema, &prior, &config, &planned.value), []);
    }
}
