//! Plans and results that Terraform refuses, and those that it takes.

use serde_json::{Value as Json, json};

use super::*;

#[test]
fn a_wrong_plan_is_found() {
    let schema = schema();
    let check = |prior: Json, config: Json, planned: Json, expected: &str| {
        let found = assert_plan_valid(schema, &value(&prior), &value(&config), &value(&planned));
        let found: Vec<&str> = found.iter().map(|diagnostic| diagnostic.summary.as_str()).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(expected), "{found:?}");
    };
    check(Json::Null, json!({}), json!({"name": "x"}), "name: a value is planned that is neither");
    check(Json::Null, json!({"name": "a"}), json!({"name": "b"}), "name: the planned value is neither");
    check(Json::Null, json!({"name": "a"}), json!({"name": "?"}), "name: the planned value is neither");
    check(Json::Null, json!({"word": "a"}), json!({"word": "a"}), "word: a write-only value");
    check(
        Json::Null,
        json!({"main": {"port": 1}}),
        json!({"main": "?"}),
        "main: a configured object is planned as unknown",
    );
    check(Json::Null, json!({"listed": [{"port": 1}]}), json!({"listed": []}), "listed: the plan has another number");
    check(
        Json::Null,
        json!({"named": {"a": {"port": 1}}}),
        json!({"named": {"b": {"port": 1}}}),
        "named: the plan has other keys",
    );
    check(
        Json::Null,
        json!({"rule": [{"port": 1}]}),
        json!({"rule": "?"}),
        "rule: configured blocks are planned as unknown",
    );
    check(Json::Null, json!({"rule": "?"}), json!({"rule": []}), "rule: blocks whose number is not known");
    check(
        Json::Null,
        json!({"rule_set": [{"port": 1}]}),
        json!({"rule_set": [{"port": 2}]}),
        "rule_set: the plan has other elements",
    );
    check(
        Json::Null,
        json!({"rule": [{"port": 1}]}),
        json!({"rule": [{"port": 2}]}),
        "rule[0].port: the planned value",
    );
    check(Json::Null, json!({"groups": ["?", "?"]}), json!({"groups": ["?"]}), "groups: the planned value");
    check(json!({"name": "a"}), Json::Null, json!({"name": "a"}), "The object: an object is planned to be deleted");
    let mut incomplete = value(&json!({}));
    if let Value::Map(members) = &mut incomplete {
        members.remove("name");
    }
    assert!(!assert_plan_valid(schema, &Value::Null, &value(&json!({})), &incomplete).is_empty());
}

#[test]
fn a_wrong_result_is_found_and_a_right_one_is_not() {
    let schema = schema();
    let found = |planned: Json, actual: Json| {
        let found = assert_object_compatible(schema, &value(&planned), &value(&actual));
        found.iter().map(|diagnostic| diagnostic.summary.clone()).collect::<Vec<_>>().join("; ")
    };
    for (planned, actual) in [
        (json!({"id": "?", "name": "a"}), json!({"id": "i-1", "name": "a"})),
        (json!({"id": "?"}), json!({"id": null})),
        (json!({"groups": ["?", "?"]}), json!({"groups": ["a"]})),
        (json!({"groups": ["a", "?"]}), json!({"groups": ["a", "b"]})),
        (json!({"rule": [{"port": 1, "id": "?"}]}), json!({"rule": [{"port": 1, "id": "r"}]})),
        (json!({"rule": "?"}), json!({"rule": [{"port": 1}]})),
        (json!({"rule_set": [{"port": 1, "id": "?"}]}), json!({"rule_set": [{"port": 1, "id": "r"}]})),
        (json!({"found": "?"}), json!({"found": [{"port": 1, "id": "x"}]})),
        (Json::Null, Json::Null),
    ] {
        assert_eq!(found(planned, actual), "");
    }
    for (planned, actual, expected) in [
        (json!({"name": "a"}), json!({"name": "b"}), "name: the value is not the planned one"),
        (json!({"name": null}), json!({"name": "b"}), "name: the value is not the planned one"),
        (json!({"id": "?"}), json!({"id": "?"}), "id: the value is still unknown after the apply"),
        (
            json!({"main": "?"}),
            json!({"main": {"port": 1, "id": "?"}}),
            "main.id: the value is still unknown after the apply",
        ),
        (json!({"groups": ["a"]}), json!({"groups": ["a", "b"]}), "groups: the value is not the planned one"),
        (
            json!({"rule": []}),
            json!({"rule": [{"port": 1}]}),
            "rule: the result has another number of elements than the plan",
        ),
        (json!({"listed": null}), json!({"listed": []}), "listed: the value is not the planned one"),
        (json!({"word": null}), json!({"word": "x"}), "word: a write-only value stands in the state"),
        (json!({"zones": ["a"]}), json!({"zones": ["a", "b"]}), "zones: the value is not the planned one"),
    ] {
        assert_eq!(found(planned, actual), expected);
    }
    assert!(found(json!({}), Json::Null).starts_with("The object: the object is there"));
}
