//! Tables: attributes in, wire out, and back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::*;
use crate::{Attr, COMPUTED, ID, OPTIONAL, OPTIONAL_COMPUTED, REQUIRED, Secret, Set};

/// A part of a house.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Lock {
    /// Its maker.
    #[schemars(extend("x-tf" = REQUIRED.wire("/made/by")))]
    maker: Attr<String>,
    /// Whether it is strong.
    #[schemars(extend("x-tf" = OPTIONAL))]
    strong: Attr<bool>,
    /// How many turns it takes.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    turns: Attr<i64>,
    /// Its serial number.
    #[schemars(extend("x-tf" = COMPUTED))]
    serial: Attr<String>,
}

/// A house.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct House {
    /// Id.
    #[schemars(extend("x-tf" = ID))]
    id: Attr<String>,
    /// Name.
    #[schemars(extend("x-tf" = REQUIRED.ignores_case()))]
    name: Attr<String>,
    /// Words.
    #[schemars(extend("x-tf" = OPTIONAL))]
    comment: Attr<String>,
    /// The street's name.
    #[schemars(extend("x-tf" = OPTIONAL.wire("/place/street")))]
    street: Attr<String>,
    /// Where the street ends.
    #[schemars(extend("x-tf" = COMPUTED.wire("/place/end")))]
    street_end: Attr<String>,
    /// How it is built.
    #[schemars(extend("x-tf" = OPTIONAL.same_as(&[("STONE", "ROCK"), ("STONE", "BRICK")])))]
    kind: Attr<String>,
    /// Floors.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    floors: Attr<i64>,
    /// Level of privacy.
    #[schemars(extend("x-tf" = OPTIONAL.default("\"OPEN\"")))]
    level: Attr<String>,
    /// Whether it is lit.
    #[schemars(extend("x-tf" = OPTIONAL))]
    lit: Attr<bool>,
    /// Whether it is sold, once for all.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    sold: Attr<bool>,
    /// What opens it.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    key: Attr<Secret<String>>,
    /// What opens it, in no state.
    #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
    key_wo: Attr<String>,
    /// Which key that is.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    key_wo_version: Attr<i64>,
    /// Whether to tear it down with what is in it.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    force: Attr<bool>,
    /// Who decides.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    owner: Attr<String>,
    /// Who was there first.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    builder: Attr<String>,
    /// Guests.
    #[schemars(extend("x-tf" = OPTIONAL))]
    guests: Attr<Set<String>>,
    /// Tags.
    #[schemars(extend("x-tf" = OPTIONAL))]
    tags: Attr<std::collections::BTreeMap<String, Option<String>>>,
    /// The rules, as JSON.
    #[schemars(extend("x-tf" = OPTIONAL.json()))]
    rules: Attr<String>,
    /// The front door's lock.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    lock: Attr<Lock>,
    /// The other locks.
    #[schemars(extend("x-tf" = OPTIONAL.block().wire("/other/locks")))]
    locks: Attr<Vec<Lock>>,
    /// What the service says of it, one at most.
    #[schemars(extend("x-tf" = COMPUTED))]
    report: Attr<Vec<Report>>,
}

/// A report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Report {
    /// Words.
    #[schemars(extend("x-tf" = COMPUTED))]
    text: Attr<String>,
}

/// A house with these members, and nothing else.
fn house(members: Json) -> House {
    object(members).unwrap()
}

fn with(mut whole: Json, members: Json) -> Json {
    for (name, member) in members.as_object().unwrap() {
        whole[name] = member.clone();
    }
    whole
}

#[test]
fn a_create_sends_what_is_configured_where_it_stands_on_the_wire() {
    for (plan, body) in [
        (json!({"name": "a"}), json!({"name": "a"})),
        (json!({"name": "", "comment": ""}), json!({"name": ""})),
        (json!({"street": "s", "street_end": "e", "id": "1"}), json!({"place": {"street": "s"}})),
        (json!({"lit": false, "floors": 0}), json!({"floors": 0, "lit": false})),
        (json!({"guests": [], "tags": {}}), json!({})),
        (json!({"tags": {"a": "b", "c": null}}), json!({"tags": {"a": "b"}})),
        (json!({"tags": {"a": ""}}), json!({"tags": {"a": ""}})),
        (json!({"force": true, "key_wo_version": 1}), json!({})),
        (json!({"key": "k", "key_wo": "w"}), json!({"key": "k", "key_wo": "w"})),
        (json!({"owner": "o", "builder": "b"}), json!({"owner": "o"})),
        (json!({"lock": {"strong": null}}), json!({"lock": {}})),
        (json!({"lock": {"maker": "m", "serial": "1"}}), json!({"lock": {"made": {"by": "m"}}})),
        (json!({"locks": []}), json!({})),
        (
            json!({"locks": [{"maker": "m"}, {"maker": "n", "strong": true}]}),
            json!({"other": {"locks": [{"made": {"by": "m"}}, {"made": {"by": "n"}, "strong": true}]}}),
        ),
    ] {
        assert_eq!(Json::Object(sent(&house(plan.clone())).unwrap()), body, "{plan}");
    }
}

#[test]
fn an_update_sends_what_changed_and_names_it() {
    for (state, plan, body, mask) in [
        (json!({"name": "a"}), json!({"name": "A"}), json!({}), vec![]),
        (json!({"name": "a"}), json!({"name": "b"}), json!({"name": "b"}), vec!["name"]),
        (json!({"comment": "c"}), json!({}), json!({"comment": ""}), vec!["comment"]),
        (json!({"comment": ""}), json!({}), json!({}), vec![]),
        (json!({}), json!({"comment": ""}), json!({}), vec![]),
        (json!({"street": "s"}), json!({"street": "t"}), json!({"place": {"street": "t"}}), vec!["place.street"]),
        (json!({"kind": "ROCK"}), json!({"kind": "STONE"}), json!({}), vec![]),
        (json!({"kind": "ROCK"}), json!({"kind": "BRICK"}), json!({}), vec![]),
        (json!({"kind": "ROCK"}), json!({"kind": "WOOD"}), json!({"kind": "WOOD"}), vec!["kind"]),
        (json!({"lit": false}), json!({}), json!({}), vec![]),
        (json!({"lit": true}), json!({}), json!({"lit": null}), vec!["lit"]),
        (json!({"floors": 2}), json!({}), json!({"floors": null}), vec!["floors"]),
        (json!({"owner": "o"}), json!({}), json!({}), vec![]),
        (json!({"lock": {"maker": "m", "turns": 2}}), json!({"lock": {"maker": "m"}}), json!({}), vec![]),
        (json!({"locks": [{"maker": "m", "turns": 2}]}), json!({"locks": [{"maker": "m"}]}), json!({}), vec![]),
        (
            json!({"lock": {"maker": "m", "turns": 2}}),
            json!({"lock": {"maker": "m", "turns": 3}}),
            json!({"lock": {"made": {"by": "m"}, "turns": 3}}),
            vec!["lock"],
        ),
        (json!({"guests": ["a", "b"]}), json!({"guests": ["b", "a"]}), json!({}), vec![]),
        (json!({"guests": ["a", "b"]}), json!({"guests": ["a"]}), json!({"guests": ["a"]}), vec!["guests"]),
        (json!({"guests": ["a"]}), json!({}), json!({"guests": []}), vec!["guests"]),
        (json!({"tags": {"a": "b", "c": null}}), json!({"tags": {"a": "b"}}), json!({}), vec![]),
        (json!({"tags": {"a": ""}}), json!({}), json!({"tags": {}}), vec!["tags"]),
        (json!({}), json!({"tags": {"a": ""}}), json!({"tags": {"a": ""}}), vec!["tags"]),
        (json!({"rules": "{\"a\":1,\"b\":2}"}), json!({"rules": "{ \"b\": 2, \"a\": 1 }"}), json!({}), vec![]),
        (json!({"force": true}), json!({"force": false}), json!({}), vec![]),
        (json!({}), json!({"key_wo": "w"}), json!({}), vec![]),
        (
            json!({"key_wo_version": 1}),
            json!({"key_wo": "w", "key_wo_version": 1, "comment": "c"}),
            json!({"comment": "c"}),
            vec!["comment"],
        ),
        (
            json!({"key_wo_version": 1}),
            json!({"key_wo": "w", "key_wo_version": 2}),
            json!({"key_wo": "w"}),
            vec!["key_wo"],
        ),
        (json!({"lock": {"maker": "m", "serial": "1"}}), json!({"lock": {"maker": "m"}}), json!({}), vec![]),
        (json!({"lock": {"maker": "m"}}), json!({}), json!({"lock": null}), vec!["lock"]),
        (
            json!({"lock": {"maker": "m"}}),
            json!({"lock": {"maker": "m", "strong": true}}),
            json!({"lock": {"made": {"by": "m"}, "strong": true}}),
            vec!["lock"],
        ),
        (json!({"locks": [{"maker": "m"}]}), json!({}), json!({"other": {"locks": []}}), vec!["other.locks"]),
    ] {
        let change = changed(&house(state.clone()), &house(plan.clone()), None).unwrap();
        assert_eq!(
            (Json::Object(change.body), change.mask),
            (body, mask.into_iter().map(str::to_owned).collect()),
            "{state} {plan}"
        );
    }
}

#[test]
fn an_object_that_changes_inside_an_object_keeps_what_the_schema_does_not_model() {
    let state = house(json!({"lock": {"maker": "m"}}));
    let plan = house(json!({"lock": {"maker": "n"}}));
    let found = json!({"lock": {"made": {"by": "m", "in": "Paris"}, "colour": "red", "serial": "1"}});
    let change = changed(&state, &plan, Some(&found)).unwrap();
    assert_eq!(Json::Object(change.body), json!({"lock": {"made": {"by": "n", "in": "Paris"}, "colour": "red"}}));
}

#[test]
fn a_whole_object_has_the_plan_over_what_was_found_and_loses_nothing_else() {
    let found = json!({
        "name": "a", "comment": "c", "garden": true, "floors": 3, "place": {"street": "s", "end": "e", "city": "x"}, "builder": "b",
        "guests": ["a"], "other": {"locks": [{"made": {"by": "m", "in": "Rome"}}, {"made": {"by": "n"}, "rust": 1}]},
    });
    // What is computed alone goes.
    let kept = json!({
        "name": "a", "comment": "c", "garden": true, "floors": 3, "place": {"street": "s", "city": "x"},
        "guests": ["a"], "other": {"locks": [{"made": {"by": "m", "in": "Rome"}}, {"made": {"by": "n"}, "rust": 1}]},
    });
    for (state, plan, expected) in [
        (json!({}), json!({}), kept.clone()),
        (json!({"comment": "c"}), json!({}), {
            let mut whole = kept.clone();
            whole.as_object_mut().unwrap().shift_remove("comment");
            whole
        }),
        (json!({"comment": "c"}), json!({"comment": "d"}), with(kept.clone(), json!({"comment": "d"}))),
        (json!({}), json!({"floors": 4}), with(kept.clone(), json!({"floors": 4}))),
        (json!({}), json!({"street": "t"}), with(kept.clone(), json!({"place": {"street": "t", "city": "x"}}))),
        (json!({"lit": false}), json!({}), kept.clone()),
        (
            json!({}),
            json!({"locks": [{"maker": "n"}]}),
            with(kept.clone(), json!({"other": {"locks": [{"made": {"by": "n"}, "rust": 1}]}})),
        ),
        (
            json!({}),
            json!({"locks": [{"maker": "o"}, {"maker": "n"}]}),
            with(
                kept.clone(),
                json!({"other": {"locks": [{"made": {"by": "o", "in": "Rome"}}, {"made": {"by": "n"}, "rust": 1}]}}),
            ),
        ),
    ] {
        assert_eq!(over(&found, &house(state.clone()), &house(plan.clone())).unwrap(), expected, "{state} {plan}");
    }
}

#[test]
fn an_answer_is_read_in_the_users_spelling() {
    for (known, found, expected) in [
        (json!({"name": "A"}), json!({"name": "a"}), json!({"name": "A"})),
        (json!({"name": "A"}), json!({"name": "b"}), json!({"name": "b"})),
        (json!({"name": "a", "comment": "c"}), json!({"name": "a", "comment": null}), json!({"name": "a"})),
        (json!({"name": "a", "comment": ""}), json!({"name": "a"}), json!({"name": "a", "comment": ""})),
        (json!({"name": "a"}), json!({"name": "a", "comment": ""}), json!({"name": "a"})),
        (json!({"name": "a"}), json!({"name": "a", "comment": "c"}), json!({"name": "a", "comment": "c"})),
        (
            json!({"name": "a"}),
            json!({"place": {"street": "s", "end": "e"}}),
            json!({"street": "s", "street_end": "e"}),
        ),
        (json!({"kind": "ROCK"}), json!({"kind": "STONE"}), json!({"kind": "ROCK"})),
        (json!({"kind": "ROCK"}), json!({"kind": "WOOD"}), json!({"kind": "WOOD"})),
        (json!({"name": "a"}), json!({"name": "a", "floors": 2}), json!({"name": "a"})),
        (json!({"name": "a", "floors": 3}), json!({"name": "a", "floors": 2}), json!({"name": "a", "floors": 2})),
        (json!({"name": "a", "level": "OPEN"}), json!({"name": "a"}), json!({"name": "a", "level": "OPEN"})),
        (json!({"name": "a", "level": "SHUT"}), json!({"name": "a"}), json!({"name": "a"})),
        (json!({"name": "a", "lit": false}), json!({"name": "a"}), json!({"name": "a", "lit": false})),
        (json!({"name": "a", "lit": true}), json!({"name": "a"}), json!({"name": "a"})),
        (json!({"name": "a"}), json!({"name": "a", "lit": false}), json!({"name": "a"})),
        (json!({"name": "a"}), json!({"name": "a", "lit": true}), json!({"name": "a", "lit": true})),
        (json!({"name": "a", "key": "k"}), json!({"name": "a"}), json!({"name": "a", "key": "k"})),
        (json!({"name": "a", "key_wo": "k"}), json!({"name": "a", "key_wo": "k"}), json!({"name": "a"})),
        (
            json!({"name": "a", "force": true}),
            json!({"name": "a", "force": false}),
            json!({"name": "a", "force": true}),
        ),
        (json!({"name": "a", "builder": "b"}), json!({"name": "a"}), json!({"name": "a", "builder": "b"})),
        (json!({"name": "a", "owner": "b"}), json!({"name": "a"}), json!({"name": "a"})),
        (
            json!({"name": "a", "guests": ["a", "b"]}),
            json!({"name": "a", "guests": ["b", "a"]}),
            json!({"name": "a", "guests": ["a", "b"]}),
        ),
        (json!({"name": "a"}), json!({"name": "a", "guests": ["b", null]}), json!({"name": "a", "guests": ["b"]})),
        (
            json!({"name": "a", "rules": "{ }"}),
            json!({"name": "a", "rules": "{}"}),
            json!({"name": "a", "rules": "{ }"}),
        ),
        (json!({"name": "a"}), json!({"name": 7, "floors": "8", "owner": true}), json!({"name": "7", "owner": "true"})),
        (
            json!({"name": "a", "floors": 1}),
            json!({"name": "a", "floors": "9007199254740993"}),
            json!({"name": "a", "floors": 9007199254740993_i64}),
        ),
        (json!({"name": "a"}), json!({"name": "a", "lock": {"strong": false}}), json!({"name": "a"})),
        (
            json!({"name": "a", "lock": {"maker": "m", "strong": false}}),
            json!({"name": "a", "lock": {"made": {"by": "m"}, "serial": "1"}}),
            json!({"name": "a", "lock": {"maker": "m", "strong": false, "serial": "1"}}),
        ),
        (
            json!({"name": "a", "locks": [{"maker": "m", "strong": false}]}),
            json!({"name": "a", "other": {"locks": [{"made": {"by": "n"}}, {"made": {"by": "m"}}]}}),
            json!({"name": "a", "locks": [{"maker": "n"}, {"maker": "m", "strong": false}]}),
        ),
        (
            json!({"name": "a"}),
            json!({"name": "a", "report": {"text": "t"}}),
            json!({"name": "a", "report": [{"text": "t"}]}),
        ),
    ] {
        let read = seen(&house(known.clone()), &found).unwrap();
        assert_eq!(tree(&read).unwrap(), tree(&house(expected)).unwrap(), "{known} {found}");
    }
}

#[test]
fn an_import_takes_what_replaces_as_it_is_and_leaves_to_the_service_what_is_the_services() {
    let read = seen(
        &house(json!({"id": "1", "level": "OPEN"})),
        &json!({"name": "a", "lit": false, "sold": false, "floors": 3}),
    )
    .unwrap();
    assert_eq!(read, house(json!({"id": "1", "name": "a", "level": "OPEN", "sold": false})));
}

#[test]
fn an_answer_of_another_type_is_an_error_that_shows_no_value() {
    for (found, words) in [
        (json!({"name": ["hidden"]}), "name: the service answered a list where string is expected"),
        (json!({"lit": "hidden"}), "lit: the service answered a text where bool is expected"),
        (json!({"lock": "hidden"}), "lock: the service answered a text where an object is expected"),
    ] {
        let text = seen(&house(json!({})), &found).unwrap_err().to_string();
        assert!(text.contains(words) && !text.contains("hidden"), "{text}");
    }
}

#[test]
fn what_an_import_cannot_read_follows_from_the_flags() {
    assert_eq!(import_ignores::<House>(), ["floors", "key", "key_wo", "key_wo_version", "force"]);
}

#[test]
fn a_spelling_that_means_the_same_is_no_change_in_a_plan() {
    let schema = schema::<House>();
    for (state, config, planned) in [("ROCK", "STONE", "ROCK"), ("BRICK", "ROCK", "BRICK"), ("ROCK", "WOOD", "WOOD")] {
        let value = |kind: &str| {
            crate::serde_value::to_value(&house(json!({"name": "a", "level": "OPEN", "kind": kind})), &schema).unwrap()
        };
        let plan = crate::plan::plan(&schema, &value(state), &value(config), &value(config));
        assert_eq!(plan.value.member("kind"), &crate::Value::String(planned.into()), "{state} {config}");
    }
}
