//! What an update is given of a plan, and what becomes of its answer.

use super::*;

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Group {
    #[schemars(extend("x-tf" = OPTIONAL))]
    name: Attr<String>,
    #[schemars(extend("x-tf" = COMPUTED))]
    status: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    rule: Attr<Vec<Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    place: Attr<Rule>,
}

fn group(name: &str, status: &str, rules: &[i64]) -> Json {
    let rules: Vec<Json> = rules.iter().map(|port| json!({"port": port})).collect();
    json!({"name": name, "status": status, "rule": rules, "place": [{"port": 1}]})
}

#[test]
fn an_update_is_given_no_blocks_that_nobody_configured() {
    let schema = schema_of::<Group>(0);
    let plan = tree(&group("b", "?", &[1, 2]));
    let given = leaving(&schema, plan.clone(), &tree(&json!({"name": "b", "rule": [], "place": []})));
    assert_eq!(given.member("rule"), &Value::unknown());
    assert_eq!(given.member("place"), plan.member("place"));
    assert_eq!(leaving(&schema, plan.clone(), &plan), plan);
}

#[test]
fn what_an_update_was_not_to_change_is_answered_as_planned() {
    let prior = tree(&group("a", "up", &[1]));
    let planned = tree(&group("b", "?", &[1]));
    let answered = tree(&group("b", "down", &[2]));
    assert_eq!(unchanged(&prior, &planned, answered), tree(&group("b", "down", &[1])));
    let changed = tree(&group("b", "?", &[2]));
    let answered = tree(&group("c", "up", &[3]));
    assert_eq!(unchanged(&prior, &changed, answered.clone()), answered);
}
