//! Large sets: how often two elements are compared, as 1,000 rules of a security group are a real configuration.

use std::cell::Cell;

use super::*;

thread_local! {
    static COMPARED: Cell<usize> = const { Cell::new(0) };
}

/// Counts one comparison of two elements.
pub(in crate::plan) fn count() {
    COMPARED.with(|compared| compared.set(compared.get() + 1));
}

const MANY: i64 = 1_000;

/// Rules that differ in `port`, with what `change` makes of each.
fn rules(change: impl Fn(i64) -> Json) -> Value {
    value(&json!({ "rule_set": (0..MANY).map(change).collect::<Vec<_>>() }))
}

fn rule(port: i64) -> Json {
    json!({"port": port, "protocol": "tcp", "id": format!("r-{port}"), "arn": "a"})
}

fn compared(work: impl FnOnce()) -> usize {
    COMPARED.with(|compared| compared.set(0));
    work();
    COMPARED.with(Cell::get)
}

#[test]
fn a_plan_of_many_blocks_does_not_compare_each_with_each() {
    let prior = rules(rule);
    let config = rules(|port| json!({"port": port, "zone": if port == 7 { json!("b") } else { Json::Null }}));
    let proposed = rules(|port| {
        let zone = if port == 7 { json!("b") } else { Json::Null };
        json!({"port": port, "zone": zone, "id": format!("r-{port}"), "arn": "a"})
    });
    let compared = compared(|| {
        let planned = plan(schema(), &prior, &proposed, &config);
        assert_eq!(valid::assert_plan_valid(schema(), &prior, &config, &planned.value), []);
        let Value::List(planned) = planned.value.member("rule_set") else { panic!() };
        assert_eq!(planned.len(), 1_000);
        assert!(planned.iter().all(|rule| *rule.member("protocol") == Value::String("tcp".to_owned())));
    });
    // Defaults, computed values and the check of the plan look at each block once.
    assert!(compared <= 4_000, "{compared} comparisons");
}

#[test]
fn a_result_of_many_blocks_does_not_compare_each_with_each() {
    let spelled = |port: i64| json!({"port": port, "mail": format!("A{port}@x"), "text": r#"{ "b": 1, "a": 2 }"#});
    let answered = |port: i64| json!({"port": port, "mail": format!("a{port}@X"), "text": r#"{"a":2,"b":1}"#});
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Policy {
        #[schemars(extend("x-tf" = REQUIRED))]
        port: Attr<i64>,
        #[schemars(extend("x-tf" = OPTIONAL.ignores_case()))]
        mail: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL.json()))]
        text: Attr<String>,
    }
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Policies {
        #[schemars(extend("x-tf" = OPTIONAL.block()))]
        policy: Attr<Set<Policy>>,
    }
    let schema = schema_of::<Policies>(0);
    let of = |policy: &dyn Fn(i64) -> Json| {
        let policies: Vec<Json> = (0..MANY).map(policy).collect();
        conform::conform(tree(&json!({ "policy": policies })), &schema.value_type()).unwrap()
    };
    let (prior, new) = (of(&spelled), of(&answered));
    assert_ne!(prior, new);
    let compared = compared(|| assert_eq!(semantic_keep(&schema, &prior, &new), prior));
    assert!(compared <= 1_000, "{compared} comparisons");
}

#[test]
fn of_two_blocks_that_fit_the_one_that_says_more_is_taken() {
    let config = value(&json!({"rule_set": [{"port": 1}, {"port": 1, "zone": "a"}]}));
    let planned = value(&json!({"rule_set": [{"port": 1, "id": "x", "zone": "a"}, {"port": 1, "id": "y"}]}));
    let (Value::List(config), Value::List(planned)) = (config.member("rule_set"), planned.member("rule_set")) else {
        panic!()
    };
    let block = schema().body.blocks.iter().find(|block| block.name == "rule_set").unwrap();
    let mut free = matching::Free::of(config, Fields::of(&block.body));
    for planned in planned {
        assert_eq!(free.take(planned).unwrap().member("zone"), planned.member("zone"));
    }
    assert_eq!(free.take(&planned[0]), None);
}
