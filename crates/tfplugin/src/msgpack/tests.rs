use proptest::prelude::*;

use super::*;

fn of(json: &str) -> Type {
    Type::from_json(json.as_bytes()).unwrap()
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[test]
fn numbers_are_written_as_go_cty_writes_them() {
    let check = |digits: &str, expected: &[u8]| {
        assert_eq!(encode(&number(digits), &Type::Number).unwrap(), expected, "{digits}");
        assert_eq!(decode(expected, &Type::Number).unwrap(), number(digits), "{digits}");
    };
    check("0", &[0x00]);
    check("127", &[0x7f]);
    check("-1", &[0xff]);
    check("0.5", &[0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]);
    // One tenth is no float: go-cty sends the digits.
    check("0.1", b"\xa30.1");
    // 2^63 is exactly a float, and go-cty sends it as one; sent back as one, it would be 9223372036854776000.
    check("9223372036854775808", b"\xb39223372036854775808");
    check("-9223372036854775808", &[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    check("12345678901234567890123", b"\xb712345678901234567890123");
}

#[test]
fn numbers_are_read_in_every_form() {
    let check = |bytes: &[u8], expected: &str| assert_eq!(decode(bytes, &Type::Number).unwrap(), number(expected));
    check(&[0xcc, 200], "200");
    check(&[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "18446744073709551615");
    check(&[0xca, 0x3f, 0, 0, 0], "0.5");
    check(&[0xcb, 0x43, 0xe0, 0, 0, 0, 0, 0, 0], "9223372036854775808");
    check(b"\xa41e10", "10000000000");
}

#[test]
fn unknown_values_keep_what_is_known_of_them() {
    let plain = decode(&[0xd4, 0, 0], &Type::String).unwrap();
    assert_eq!(plain, Value::unknown());
    assert_eq!(encode(&plain, &Type::String).unwrap(), [0xd4, 0, 0]);

    // Extension 12 with {1: false}: not null.
    let refined = [0xc7, 3, 12, 0x81, 1, 0xc2];
    let value = decode(&refined, &Type::String).unwrap();
    assert_eq!(value, Value::Unknown(Refinement { payload: vec![0x81, 1, 0xc2] }));
    assert_eq!(encode(&value, &Type::String).unwrap(), refined);

    // Any other extension is a plain unknown value.
    assert_eq!(decode(&[0xd5, 5, 1, 2], &Type::Bool).unwrap(), Value::unknown());
}

#[test]
fn a_set_keeps_two_unknown_elements_and_drops_a_known_duplicate() {
    let bytes = [0x94, 0xd4, 0, 0, 0xa1, b'a', 0xd4, 0, 0, 0xa1, b'a'];
    let value = decode(&bytes, &of(r#"["set","string"]"#)).unwrap();
    assert_eq!(value, Value::List(vec![text("a"), Value::unknown(), Value::unknown()]));
}

#[test]
fn a_dynamic_value_brings_its_type() {
    let value = Value::Dynamic(Box::new((
        of(r#"["object",{"a":"number"}]"#),
        Value::Map([("a".to_owned(), number("1.5"))].into()),
    )));
    let bytes = encode(&value, &Type::Dynamic).unwrap();
    assert_eq!(decode(&bytes, &Type::Dynamic).unwrap(), value);
    assert_eq!(decode(&[0xc0], &Type::Dynamic).unwrap(), Value::Null);
    assert_eq!(decode(&[0xd4, 0, 0], &Type::Dynamic).unwrap(), Value::unknown());
}

#[test]
fn an_object_is_written_whole_and_refused_with_strangers() {
    let object = of(r#"["object",{"a":"string","b":"bool"}]"#);
    let partial = Value::Map([("b".to_owned(), Value::Bool(true))].into());
    assert_eq!(encode(&partial, &object).unwrap(), b"\x82\xa1a\xc0\xa1b\xc3");
    let stranger = Value::Map([("c".to_owned(), Value::Null)].into());
    assert!(encode(&stranger, &object).is_err());
    assert!(decode(b"\x81\xa1c\xc0", &object).is_err());
    assert!(decode(b"\x81\xa1a\xc0", &object).is_err());
}

#[test]
fn an_error_names_the_place() {
    let nested = of(r#"["object",{"a":["list","string"]}]"#);
    let error = decode(b"\x81\xa1a\x92\xa1x\xc3", &nested).unwrap_err();
    assert_eq!(error.diagnostic().path.as_ref().unwrap().to_string(), "a[1]");
    let wrong = Value::Map([("a".to_owned(), Value::List(vec![Value::Bool(true)]))].into());
    let error = encode(&wrong, &nested).unwrap_err();
    assert_eq!(error.diagnostic().summary, "a[0]: a bool stands where the schema has string");
}

#[test]
fn a_length_that_lies_reserves_no_memory_and_depth_has_an_end() {
    let list = of(r#"["list","string"]"#);
    assert!(decode(&[0xdd, 0xff, 0xff, 0xff, 0xff], &list).is_err());
    assert!(decode(&[0xdf, 0xff, 0xff, 0xff, 0xff], &of(r#"["map","string"]"#)).is_err());
    assert!(decode(&[0xdb, 0xff, 0xff, 0xff, 0xff], &Type::String).is_err());
    assert!(decode(&[0xc9, 0xff, 0xff, 0xff, 0xff, 12], &Type::String).is_err());
    let mut chain = Vec::new();
    for _ in 0..100_000 {
        chain.extend_from_slice(b"\x92\xc4\x09\"dynamic\"");
    }
    assert!(decode(&chain, &Type::Dynamic).is_err());
    let mut value = Value::Null;
    for _ in 0..1_000 {
        value = Value::Dynamic(Box::new((Type::Dynamic, value)));
    }
    assert!(encode(&value, &Type::Dynamic).is_err());
}

/// A type and a value of it.
fn typed() -> impl Strategy<Value = (Type, Value)> {
    let unknown = || {
        prop_oneof![
            Just(Value::Null),
            Just(Value::unknown()),
            Just(Value::Unknown(Refinement { payload: vec![0x81, 1, 0xc2] })),
        ]
    };
    let leaf = prop_oneof![
        unknown().prop_map(|value| (Type::String, value)),
        ".{0,8}".prop_map(|text| (Type::String, Value::String(text))),
        any::<bool>().prop_map(|value| (Type::Bool, Value::Bool(value))),
        any::<i64>().prop_map(|integer| (Type::Number, Value::Number(integer.into()))),
        any::<u64>().prop_map(|integer| (Type::Number, Value::Number(integer.into()))),
        "-?[0-9]{1,30}(\\.[0-9]{1,20})?".prop_map(|digits| (Type::Number, number(&digits))),
        any::<f64>().prop_filter_map("finite", |float| Some((Type::Number, Value::Number(Number::exact(float)?)))),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let copies = (inner.clone(), 0usize..4);
        prop_oneof![
            copies.clone().prop_map(|((of, value), count)| (Type::List(Box::new(of)), Value::List(vec![value; count]))),
            copies.clone().prop_map(|((of, value), count)| (Type::Set(Box::new(of)), set_of(vec![value; count]))),
            copies.prop_map(|((of, value), count)| {
                let members = (0..count).map(|key| (key.to_string(), value.clone())).collect();
                (Type::Map(Box::new(of)), Value::Map(members))
            }),
            prop::collection::vec(inner.clone(), 0..4).prop_map(|elements| {
                let (types, values) = elements.into_iter().unzip();
                (Type::Tuple(types), Value::List(values))
            }),
            prop::collection::btree_map("[a-z_]{1,6}", inner.clone(), 0..4).prop_map(|members| {
                let types = members.iter().map(|(name, (of, _))| (name.clone(), of.clone())).collect();
                let values = members.into_iter().map(|(name, (_, value))| (name, value)).collect();
                (Type::Object(types), Value::Map(values))
            }),
            inner.prop_map(|(of, value)| match value {
                Value::Unknown(_) | Value::Null => (Type::Dynamic, value),
                value => (Type::Dynamic, Value::Dynamic(Box::new((of, value)))),
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back((of, value) in typed()) {
        let bytes = encode(&value, &of).unwrap();
        prop_assert_eq!(decode(&bytes, &of).unwrap(), value);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), (of, _) in typed()) {
        let _ = decode(&bytes, &of);
        let _ = decode(&bytes, &Type::Dynamic);
    }

    #[test]
    fn no_damaged_bytes_make_the_reader_panic((of, value) in typed(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encode(&value, &of).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = decode(&bytes, &of);
    }
}
