//! Plans of any configuration after any other.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

/// A configuration, or the configured part of a stored object.
fn config(unknown: bool) -> impl Strategy<Value = Json> {
    let text = move || {
        let texts = prop_oneof![3 => Just(Json::Null), 3 => "[ab]".prop_map(Json::from)];
        if unknown { prop_oneof![6 => texts, 1 => Just(json!("?"))].boxed() } else { texts.boxed() }
    };
    let rule = move || {
        let protocol = prop_oneof![Just(Json::Null), Just(json!("udp"))];
        (0i64..3, text(), protocol)
            .prop_map(|(port, zone, protocol)| json!({"port": port, "zone": zone, "protocol": protocol}))
    };
    let rules = move || prop::collection::vec(rule(), 0..3).prop_map(Json::from);
    let maybe = move || prop_oneof![Just(Json::Null), rules()];
    (
        (text(), text(), text(), text(), maybe(), maybe(), maybe(), maybe()),
        (rules(), rules(), rules(), prop_oneof![Just(Json::Null), rule()], prop_oneof![Just(Json::Null), rule()]),
    )
        .prop_map(|((name, zone, subnet, disk, listed, unordered, found, fixed), (rule, rule_set, named, only, main))| {
            let named = named.as_array().unwrap().iter().enumerate();
            let only: Vec<Json> = Some(only).filter(|only| !only.is_null()).into_iter().collect();
            let named: serde_json::Map<_, _> = named.map(|(key, rule)| (key.to_string(), rule.clone())).collect();
            json!({
                "name": name, "zone": zone, "subnet": subnet, "disk": disk, "listed": listed, "unordered": unordered,
                "found": found, "fixed": fixed, "rule": rule, "rule_set": rule_set, "named": named, "only": only, "main": main,
            })
        })
}

/// What an apply makes of a plan: everything unknown becomes something.
fn applied(value: Value, of: &Type) -> Value {
    match (value, of) {
        (Value::Unknown(_), Type::String) => Value::String("made".to_owned()),
        (Value::Unknown(_), Type::Number) => Value::Number(7u64.into()),
        (Value::Unknown(_), Type::List(_)) => Value::List(Vec::new()),
        (Value::List(elements), Type::List(of)) => {
            Value::List(elements.into_iter().map(|element| applied(element, of)).collect())
        }
        (Value::List(elements), Type::Set(of)) => {
            crate::value::set_of(elements.into_iter().map(|element| applied(element, of)).collect())
        }
        (Value::Map(members), Type::Map(of)) => {
            Value::Map(members.into_iter().map(|(key, member)| (key, applied(member, of))).collect())
        }
        (Value::Map(members), Type::Object(types)) => Value::Map(
            members.into_iter().zip(types).map(|((name, member), (_, of))| (name, applied(member, of))).collect(),
        ),
        (value, _) => value,
    }
}

proptest! {
    #[test]
    fn every_plan_is_one_that_terraform_takes(first in config(false), second in config(true)) {
        let of = schema().value_type();
        let created = planned(&Value::Null, &value(&first));
        prop_assert_eq!(&created.replaces, &vec![]);
        let state = applied(created.value.clone(), &of);
        prop_assert_eq!(assert_object_compatible(schema(), &created.value, &state), vec![]);

        // The same configuration again changes nothing.
        let again = planned(&state, &value(&first));
        prop_assert_eq!(&again.value, &state);
        prop_assert_eq!(again.replaces, vec![]);

        // `planned` checks the plan of any other one.
        let changed = planned(&state, &value(&second));
        let updated = applied(changed.value.clone(), &of);
        prop_assert_eq!(assert_object_compatible(schema(), &changed.value, &updated), vec![]);
    }
}
