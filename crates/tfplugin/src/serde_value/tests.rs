use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::flags::{COMPUTED, OPTIONAL, REQUIRED};
use crate::number::Number;
use crate::schema::schema_of;
use crate::value::Refinement;
use crate::{Attr, Dynamic, Secret, Set};

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tier {
    #[default]
    Small,
    Large,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
struct Rule {
    #[schemars(extend("x-tf" = REQUIRED))]
    port: Attr<u16>,
    #[schemars(extend("x-tf" = COMPUTED))]
    id: Attr<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
struct Thing {
    #[schemars(extend("x-tf" = OPTIONAL))]
    name: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    tier: Attr<Tier>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    share: Attr<f64>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    exact: Attr<Number>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    word: Attr<Secret<String>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    zones: Attr<Vec<String>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    groups: Attr<Set<String>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    tags: Attr<BTreeMap<String, String>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    anything: Attr<Dynamic>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    nested: Attr<Vec<Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    rule: Attr<Vec<Rule>>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    only: Attr<Rule>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    named: Attr<BTreeMap<String, Rule>>,
}

fn schema() -> Schema {
    schema_of::<Thing>(0)
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn with(value: Value, name: &str, member: Value) -> Value {
    let Value::Map(mut members) = value else { panic!() };
    members.insert(name.to_owned(), member);
    Value::Map(members)
}

fn full() -> Thing {
    Thing {
        name: "a".into(),
        tier: Tier::Large.into(),
        share: 0.1.into(),
        exact: Attr::Known("12345678901234567890123.25".parse().unwrap()),
        word: Attr::Known("w".into()),
        zones: vec!["x".to_owned(), "y".to_owned()].into(),
        groups: Set(vec!["b".to_owned(), "a".to_owned()]).into(),
        tags: BTreeMap::from([("k".to_owned(), "v".to_owned())]).into(),
        anything: Dynamic { of: Type::List(Box::new(Type::Bool)), value: Value::List(vec![Value::Bool(true)]) }.into(),
        nested: vec![Rule { port: 22.into(), id: Attr::Unknown }].into(),
        rule: vec![Rule { port: 22.into(), id: "r".into() }].into(),
        only: Rule { port: 443.into(), id: Attr::Null }.into(),
        named: BTreeMap::from([("k".to_owned(), Rule::default())]).into(),
    }
}

#[test]
fn a_struct_survives_the_round_trip() {
    for thing in [Thing::default(), full(), Thing { name: Attr::Unknown, rule: Attr::Unknown, ..Thing::default() }] {
        let value = to_value(&thing, &schema()).unwrap();
        assert_eq!(from_value::<Thing>(&value, &schema()).unwrap(), thing);
        let wire = crate::msgpack::encode(&value, &schema().value_type()).unwrap();
        assert_eq!(crate::msgpack::decode(&wire, &schema().value_type()).unwrap(), value);
    }
}

#[test]
fn absent_blocks_are_empty_in_the_tree_and_absent_attributes_null() {
    let value = to_value(&Thing::default(), &schema()).unwrap();
    assert_eq!(*value.member("rule"), Value::List(Vec::new()));
    assert_eq!(*value.member("named"), Value::Map(BTreeMap::new()));
    assert_eq!(*value.member("only"), Value::List(Vec::new()));
    assert_eq!(*value.member("nested"), Value::Null);
    assert_eq!(*value.member("zones"), Value::Null);
}

#[test]
fn a_block_that_may_stand_once_is_a_list_of_one() {
    let rule =
        || Value::Map([("port".to_owned(), Value::Number(443u64.into())), ("id".to_owned(), Value::Null)].into());
    let check = |only: Attr<Rule>, expected: Value| {
        let value = to_value(&Thing { only: only.clone(), ..Thing::default() }, &schema()).unwrap();
        assert_eq!(*value.member("only"), expected);
        assert_eq!(from_value::<Thing>(&value, &schema()).unwrap().only, only);
    };
    check(Rule { port: 443.into(), id: Attr::Null }.into(), Value::List(vec![rule()]));
    check(Attr::Null, Value::List(Vec::new()));
    check(Attr::Unknown, Value::unknown());
    let unknown = with(Value::Map(BTreeMap::new()), "only", Value::List(vec![Value::unknown()]));
    assert_eq!(from_value::<Thing>(&unknown, &schema()).unwrap().only, Attr::Unknown);
    let wrong = Value::Map([("port".to_owned(), Value::Number(70_000u64.into()))].into());
    let wrong = with(Value::Map(BTreeMap::new()), "only", Value::List(vec![wrong]));
    let error = from_value::<Thing>(&wrong, &schema()).unwrap_err();
    assert_eq!(error.diagnostic().path.as_ref().unwrap().to_string(), "only[0].port");
}

#[test]
fn a_struct_is_given_null_for_what_says_nothing_and_the_spelling_comes_back() {
    let list = |elements: &[Value]| Value::List(elements.to_vec());
    let map = |members: &[(&str, Value)]| {
        Value::Map(members.iter().map(|(name, member)| ((*name).to_owned(), member.clone())).collect())
    };
    let nothing = to_value(&Thing::default(), &schema()).unwrap();
    for (name, spelling) in [
        ("name", text("")),
        ("tier", text("")),
        ("word", text("")),
        ("zones", list(&[])),
        ("zones", list(&[Value::Null])),
        ("groups", list(&[])),
        ("tags", map(&[])),
        ("tags", map(&[("gone", Value::Null)])),
        ("nested", list(&[])),
    ] {
        let before = with(nothing.clone(), name, spelling);
        let thing: Thing = from_value(&before, &schema()).unwrap();
        assert_eq!(thing, Thing::default(), "{name}");
        assert_eq!(restore(&before, &thing, &schema()).unwrap(), before, "{name}");
    }
    let before = with(nothing.clone(), "zones", list(&[text("a"), Value::Null, text("")]));
    let before = with(before, "tags", map(&[("k", text("")), ("gone", Value::Null)]));
    let thing: Thing = from_value(&before, &schema()).unwrap();
    assert_eq!(thing.zones, vec!["a".to_owned(), String::new()].into());
    assert_eq!(thing.tags, BTreeMap::from([("k".to_owned(), String::new())]).into());
    assert_eq!(restore(&before, &thing, &schema()).unwrap(), before);
}

#[test]
fn what_says_nothing_is_the_default_where_there_is_one_and_itself_where_it_must_be_set() {
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
    struct Disk {
        #[schemars(extend("x-tf" = REQUIRED))]
        name: Attr<String>,
        #[schemars(extend("x-tf" = OPTIONAL.default("\"gp3\"")))]
        kind: Attr<String>,
        #[schemars(extend("x-tf" = COMPUTED))]
        owner: Attr<String>,
    }
    let empty = || ["kind", "name", "owner"].map(|name| (name.to_owned(), text("")));
    let disk: Disk = from_value(&Value::Map(empty().into()), &schema_of::<Disk>(0)).unwrap();
    assert_eq!(disk, Disk { name: "".into(), kind: "gp3".into(), owner: "".into() });
}

#[test]
fn numbers_are_what_people_write() {
    let value = to_value(&full(), &schema()).unwrap();
    assert_eq!(*value.member("share"), Value::Number("0.1".parse().unwrap()));
    assert_eq!(*value.member("exact"), Value::Number("12345678901234567890123.25".parse().unwrap()));
}

#[test]
fn a_set_is_in_order_in_the_tree() {
    assert_eq!(*to_value(&full(), &schema()).unwrap().member("groups"), Value::List(vec![text("a"), text("b")]));
}

#[test]
fn a_plain_list_with_an_unknown_element_is_unknown_to_a_struct() {
    let value = with(Value::Map(BTreeMap::new()), "zones", Value::List(vec![text("x"), Value::unknown()]));
    assert_eq!(from_value::<Thing>(&value, &schema()).unwrap().zones, Attr::Unknown);
    let value = with(Value::Map(BTreeMap::new()), "nested", Value::List(vec![Value::unknown()]));
    assert_eq!(from_value::<Thing>(&value, &schema()).unwrap().nested, Attr::Unknown);
    let rule = Value::Map([("port".to_owned(), Value::unknown())].into());
    let value = with(Value::Map(BTreeMap::new()), "nested", Value::List(vec![rule]));
    let rules = vec![Rule { port: Attr::Unknown, id: Attr::Null }];
    assert_eq!(from_value::<Thing>(&value, &schema()).unwrap().nested, rules.into());
}

#[test]
fn a_hook_changes_what_it_touches_and_nothing_else() {
    let refined = Value::Unknown(Refinement { payload: vec![0x81, 1, 0xc2] });
    let rule = |id: Value| Value::Map([("port".to_owned(), Value::Number(22u64.into())), ("id".to_owned(), id)].into());
    let before = to_value(&Thing::default(), &schema()).unwrap();
    let before = with(before, "zones", Value::List(vec![text("x"), Value::unknown()]));
    let before = with(before, "share", Value::Number("0.12345678901234567890123".parse().unwrap()));
    let before = with(before, "name", refined.clone());
    let before = with(before, "nested", Value::List(vec![rule(refined.clone()), rule(Value::unknown())]));

    let mut thing: Thing = from_value(&before, &schema()).unwrap();
    assert_eq!(restore(&before, &thing, &schema()).unwrap(), before);

    thing.tier = Tier::Small.into();
    if let Attr::Known(rules) = &mut thing.nested {
        rules[1].id = "known".into();
    }
    let after = restore(&before, &thing, &schema());
    let expected = with(before, "tier", text("small"));
    let expected = with(expected, "nested", Value::List(vec![rule(refined), rule(text("known"))]));
    assert_eq!(after.unwrap(), expected);
}

#[test]
fn a_wrong_value_is_an_error_that_names_its_place() {
    let value = with(Value::Map(BTreeMap::new()), "zones", Value::List(vec![Value::Bool(true)]));
    let error = from_value::<Thing>(&value, &schema()).unwrap_err();
    assert_eq!(error.diagnostic().path.as_ref().unwrap().to_string(), "zones[0]");

    let rule = Value::Map([("port".to_owned(), Value::Number(70_000u64.into()))].into());
    let value = with(Value::Map(BTreeMap::new()), "rule", Value::List(vec![rule]));
    let error = from_value::<Thing>(&value, &schema()).unwrap_err();
    assert_eq!(error.diagnostic().path.as_ref().unwrap().to_string(), "rule[0].port");

    let value = with(Value::Map(BTreeMap::new()), "tier", text("huge"));
    let error = from_value::<Thing>(&value, &schema()).unwrap_err();
    assert!(error.to_string().contains("tier cannot be read: unknown variant `huge`"), "{error}");

    let value = with(Value::Map(BTreeMap::new()), "stranger", text("x"));
    assert!(from_value::<Thing>(&value, &schema()).is_err());
}

#[test]
fn a_value_that_is_not_finite_is_an_error() {
    let thing = Thing { share: f64::NAN.into(), ..Thing::default() };
    let error = to_value(&thing, &schema()).unwrap_err();
    assert_eq!(error.diagnostic().path.as_ref().unwrap().to_string(), "share");
}
