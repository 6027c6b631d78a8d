mod actions;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::flags::{COMPUTED, ID, OPTIONAL_COMPUTED, REQUIRED};
use crate::types::Pattern;
use crate::{Attr, Dynamic, Number, Secret, Set};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tier {
    /// The small one.
    #[default]
    Small,
    /// The large one.
    Large,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    #[default]
    Running,
    GoneAway,
}

/// A route.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Route {
    /// Where to.
    #[schemars(extend("x-tf" = REQUIRED))]
    target: Attr<String>,
    /// Its state.
    #[schemars(extend("x-tf" = COMPUTED))]
    state: Attr<State>,
}

/// A thing of every shape.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Thing {
    /// Its id.
    #[schemars(extend("x-tf" = ID))]
    id: Attr<String>,
    /// Its name.
    #[schemars(extend("x-tf" = REQUIRED.replaces()), length(min = 1, max = 20), regex(pattern = "^[a-z]+$"))]
    name: Attr<String>,
    /// How large.
    #[schemars(extend("x-tf" = OPTIONAL.default("\"small\"")))]
    tier: Attr<Tier>,
    #[schemars(extend("x-tf" = OPTIONAL), range(min = 1, max = 9))]
    count_of: Attr<i64>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    share: Attr<f64>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    exact: Attr<Number>,
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    on: Attr<bool>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    password: Attr<Secret<String>>,
    #[schemars(extend("x-tf" = OPTIONAL), length(max = 3), inner(length(min = 2)))]
    zones: Attr<Vec<String>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    groups: Attr<Set<String>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    tags: Attr<BTreeMap<String, String>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    anything: Attr<Dynamic>,
    /// The one route.
    #[schemars(extend("x-tf" = OPTIONAL))]
    main: Attr<Route>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    listed: Attr<Vec<Route>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    unordered: Attr<Set<Route>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    named: Attr<BTreeMap<String, Route>>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    single_block: Attr<Route>,
    #[schemars(extend("x-tf" = REQUIRED.block()))]
    needed_block: Attr<Route>,
    #[schemars(extend("x-tf" = REQUIRED.block()), length(max = 4))]
    list_block: Attr<Vec<Route>>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    set_block: Attr<Set<Route>>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    map_block: Attr<BTreeMap<String, Route>>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    maybe: Option<u32>,
}

fn attribute(name: &str) -> Attribute {
    let schema = schema_of::<Thing>(0);
    schema.body.attributes.into_iter().find(|attribute| attribute.name == name).unwrap()
}

fn block(name: &str) -> Block {
    schema_of::<Thing>(0).body.blocks.into_iter().find(|block| block.name == name).unwrap()
}

#[test]
fn attributes_come_in_the_order_of_the_fields() {
    let names: Vec<_> = schema_of::<Thing>(0).body.attributes.into_iter().map(|attribute| attribute.name).collect();
    assert_eq!(names[..5], ["id", "name", "tier", "count_of", "share"]);
}

#[test]
fn every_plain_field_has_its_type() {
    let check = |name: &str, json: &str| {
        assert_eq!(attribute(name).shape, Shape::Type(Type::from_json(json.as_bytes()).unwrap()), "{name}");
    };
    check("id", r#""string""#);
    check("tier", r#""string""#);
    check("count_of", r#""number""#);
    check("share", r#""number""#);
    check("exact", r#""number""#);
    check("on", r#""bool""#);
    check("password", r#""string""#);
    check("zones", r#"["list","string"]"#);
    check("groups", r#"["set","string"]"#);
    check("tags", r#"["map","string"]"#);
    check("anything", r#""dynamic""#);
    check("maybe", r#""number""#);
}

#[test]
fn structs_are_nested_attributes_or_blocks() {
    let nesting = |name: &str| match attribute(name).shape {
        Shape::Nested(nesting, attributes) if attributes.len() == 2 => nesting,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(nesting("main"), Nesting::Single);
    assert_eq!(nesting("listed"), Nesting::List);
    assert_eq!(nesting("unordered"), Nesting::Set);
    assert_eq!(nesting("named"), Nesting::Map);
    let shape = |name: &str| (block(name).nesting, block(name).one, block(name).items);
    assert_eq!(shape("single_block"), (Nesting::List, true, (0, 1)));
    assert_eq!(shape("needed_block"), (Nesting::List, true, (1, 1)));
    assert_eq!(shape("list_block"), (Nesting::List, false, (1, 4)));
    assert_eq!(shape("set_block"), (Nesting::Set, false, (0, 0)));
    assert_eq!(shape("map_block"), (Nesting::Map, false, (0, 0)));
}

#[test]
fn doc_comments_are_descriptions_and_a_struct_lends_its_own() {
    assert_eq!(attribute("name").description, "Its name.");
    assert_eq!(attribute("main").description, "The one route.");
    assert_eq!(attribute("unordered").description, "");
    assert_eq!(block("single_block").body.description, "A route.");
    assert_eq!(schema_of::<Thing>(0).body.description, "A thing of every shape.");
}

#[test]
fn checks_come_from_the_json_schema() {
    let pattern = Check::Pattern(Pattern::new("^[a-z]+$"));
    assert_eq!(attribute("name").checks, [Check::Length(Some(1), Some(20)), pattern]);
    let choices = |texts: [&str; 2]| Check::OneOf(texts.map(str::to_owned).to_vec());
    assert_eq!(attribute("tier").checks, [choices(["small", "large"])]);
    let Shape::Nested(_, route) = attribute("main").shape else { panic!() };
    assert_eq!(route[1].checks, [choices(["RUNNING", "GONE_AWAY"])]);
    assert_eq!(attribute("count_of").checks, [Check::Integer, Check::Range(Some(1.0), Some(9.0))]);
    assert_eq!(attribute("share").checks, []);
    assert_eq!(attribute("zones").checks, [Check::Length(None, Some(3))]);
    assert_eq!(attribute("zones").element_checks, [Check::Length(Some(2), None)]);
    assert_eq!(attribute("maybe").checks, [Check::Integer, Check::Range(Some(0.0), Some(f64::from(u32::MAX)))]);
}

#[test]
fn a_secret_is_sensitive_without_a_flag() {
    assert!(attribute("password").flags.sensitive);
    assert!(!attribute("name").flags.sensitive);
}

#[test]
fn the_whole_type_has_its_members_in_the_order_of_their_names() {
    let Type::Object(members) = schema_of::<Thing>(0).value_type() else { panic!() };
    let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
    assert_eq!(names.len(), 22);
}

struct Nothing;

impl crate::Client<()> for Nothing {
    const LEVEL: &'static str = "nowhere";

    async fn connect(_: &()) -> crate::Result<std::sync::Arc<Self>> {
        Ok(std::sync::Arc::new(Self))
    }
}

macro_rules! resource {
    ($name:ident, $immutable:literal) => {
        impl Resource for $name {
            const NAME: &str = "test_thing";
            const EXAMPLE: &str = "";
            const IMPORT_ID: Option<&str> = None;
            const IMMUTABLE: bool = $immutable;
            type Client = Nothing;

            async fn create(_: &crate::Call<Nothing>, plan: Self) -> Result<Self, crate::Failed<Self>> {
                Ok(plan)
            }

            async fn read(_: &crate::Call<Nothing>, state: Self) -> crate::Result<Option<Self>> {
                Ok(Some(state))
            }

            async fn delete(_: &crate::Call<Nothing>, _: Self) -> crate::Result<()> {
                Ok(())
            }
        }
    };
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Fixed {
    #[schemars(extend("x-tf" = ID))]
    id: Attr<String>,
    #[schemars(extend("x-tf" = REQUIRED))]
    name: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    size: Attr<i64>,
    #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
    word: Attr<Secret<String>>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    route: Attr<Vec<Route>>,
}

resource!(Fixed, true);
resource!(Thing, false);

#[test]
fn everything_configured_replaces_an_immutable_resource_but_its_timeouts() {
    let schema = resource_schema::<Fixed>();
    let replaces: Vec<_> =
        schema.body.attributes.iter().filter(|attribute| attribute.flags.replaces).map(|a| a.name.as_str()).collect();
    assert_eq!(replaces, ["name", "size"]);
    let blocks: Vec<_> = schema.body.blocks.iter().map(|block| (block.name.as_str(), block.flags.replaces)).collect();
    assert_eq!(blocks, [("route", true), ("timeouts", false)]);
    let limits = |schema: &Schema| {
        let block = schema.body.blocks.last().unwrap();
        assert_eq!((block.nesting, block.items), (Nesting::Single, (0, 0)));
        block.body.attributes.iter().map(|attribute| attribute.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(limits(&schema), ["create", "read", "delete"]);
    assert_eq!(limits(&resource_schema::<Thing>()), ["create", "read", "update", "delete"]);
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Timed {
    #[schemars(extend("x-tf" = OPTIONAL))]
    timeouts: Attr<String>,
}

resource!(Timed, false);

#[test]
#[should_panic(expected = "Timed.timeouts: the framework adds this block")]
fn a_resource_has_no_timeouts_of_its_own() {
    resource_schema::<Timed>();
}

/// Finds things.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Find {
    /// Where.
    #[schemars(extend("x-tf" = REQUIRED), length(min = 1))]
    place: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL))]
    depth: Attr<i64>,
    #[schemars(extend("x-tf" = OPTIONAL), inner(length(max = 3)))]
    names: Vec<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct Place {
    street: String,
    number: Option<i64>,
}

impl Function for Find {
    const NAME: &str = "find";
    const SUMMARY: &str = "";
    const EXAMPLE: &str = "";
    type Output = Vec<Place>;

    fn call(self) -> Result<Vec<Place>, crate::FunctionError> {
        Ok(Vec::new())
    }
}

#[test]
fn a_function_has_the_fields_as_parameters_and_the_last_list_takes_the_rest() {
    let signature = signature_of::<Find>();
    let parameters: Vec<_> =
        signature.parameters.iter().map(|p| (p.name.as_str(), p.of.to_string(), p.allow_null)).collect();
    assert_eq!(parameters, [("place", "string".to_owned(), false), ("depth", "number".to_owned(), true)]);
    assert_eq!(signature.parameters[0].checks, [Check::Length(Some(1), None)]);
    let variadic = signature.variadic.unwrap();
    assert_eq!((variadic.name.as_str(), variadic.of), ("names", Type::String));
    assert_eq!(variadic.checks, [Check::Length(None, Some(3))]);
    assert_eq!(signature.result.to_json(), br#"["list",["object",{"number":"number","street":"string"}]]"#);
    assert_eq!(signature.description, "Finds things.");
}

/// Defines a struct with one field and expects the message of the panic.
macro_rules! refused {
    ($test:ident, $expected:literal, { $(#[$meta:meta])* $field:ident: $of:ty }) => {
        #[test]
        #[should_panic(expected = $expected)]
        fn $test() {
            #[derive(JsonSchema)]
            #[allow(dead_code)]
            struct Wrong {
                $(#[$meta])*
                $field: $of,
            }
            schema_of::<Wrong>(0);
        }
    };
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Inner {
    #[schemars(extend("x-tf" = OPTIONAL))]
    anything: Attr<Dynamic>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Hidden {
    #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
    word: Attr<String>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Blocky {
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    route: Attr<Route>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Endless {
    #[schemars(extend("x-tf" = OPTIONAL))]
    next: Attr<Vec<Endless>>,
}

refused!(a_field_without_flags_is_refused, "Wrong.a: it has no x-tf", { a: Attr<String> });
refused!(contradicting_flags_are_refused, "Wrong.a: it is both required and computed",
    { #[schemars(extend("x-tf" = REQUIRED.default("1")))] a: Attr<i64> });
refused!(a_default_of_another_type_is_refused, "Wrong.a: its default \"many\" does not fit",
    { #[schemars(extend("x-tf" = OPTIONAL.default("\"many\"")))] a: Attr<i64> });
refused!(a_reserved_name_is_refused, "Wrong.count: Terraform keeps this name for itself",
    { #[schemars(extend("x-tf" = OPTIONAL))] count: Attr<i64> });
refused!(a_name_with_capitals_is_refused, "Wrong.subnetId: a name has small letters",
    { #[serde(rename = "subnetId")] #[schemars(extend("x-tf" = OPTIONAL))] subnet_id: Attr<String> });
refused!(arbitrary_json_is_refused, "Wrong.a: it has no Terraform type",
    { #[schemars(extend("x-tf" = OPTIONAL))] a: Attr<serde_json::Value> });
refused!(a_dynamic_value_in_a_set_is_refused, "Wrong.a.anything: a value of any type cannot stand",
    { #[schemars(extend("x-tf" = OPTIONAL))] a: Attr<Set<Inner>> });
refused!(a_collection_of_dynamic_values_is_refused, "Wrong.a: a collection needs one type",
    { #[schemars(extend("x-tf" = OPTIONAL))] a: Attr<Vec<Dynamic>> });
refused!(a_write_only_value_in_a_set_is_refused, "Wrong.a.word: a write-only value cannot stand in a set",
    { #[schemars(extend("x-tf" = OPTIONAL.block()))] a: Attr<Set<Hidden>> });
refused!(a_computed_write_only_value_is_refused, "Wrong.a: a write-only value cannot be computed",
    { #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.write_only()))] a: Attr<String> });
refused!(a_block_in_a_nested_attribute_is_refused, "Wrong.a.route: a block cannot stand in a nested attribute",
    { #[schemars(extend("x-tf" = OPTIONAL))] a: Attr<Vec<Blocky>> });
refused!(a_computed_block_is_refused, "Wrong.a: a block is either REQUIRED or OPTIONAL",
    { #[schemars(extend("x-tf" = COMPUTED.block()))] a: Attr<Vec<Route>> });
refused!(a_block_of_plain_values_is_refused, "Wrong.a: a block must be a struct",
    { #[schemars(extend("x-tf" = OPTIONAL.block()))] a: Attr<Vec<String>> });
refused!(a_list_of_lists_of_structs_is_refused, "Wrong.a: a collection of collections of structs",
    { #[schemars(extend("x-tf" = OPTIONAL))] a: Attr<Vec<Vec<Route>>> });
refused!(a_struct_that_contains_itself_is_refused, "contains itself",
    { #[schemars(extend("x-tf" = OPTIONAL))] a: Attr<Endless> });
refused!(a_pattern_that_is_none_is_refused, "Wrong.a: its pattern is wrong",
    { #[schemars(extend("x-tf" = OPTIONAL), regex(pattern = "["))] a: Attr<String> });
refused!(json_that_is_no_text_is_refused, "Wrong.a: only text is compared",
    { #[schemars(extend("x-tf" = OPTIONAL.json()))] a: Attr<i64> });
refused!(a_computed_value_that_replaces_is_refused, "Wrong.a: only what can be configured can replace",
    { #[schemars(extend("x-tf" = COMPUTED.replaces()))] a: Attr<i64> });
