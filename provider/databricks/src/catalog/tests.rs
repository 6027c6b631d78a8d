//! Objects of Unity Catalog against a local cloud.

use databricks::Request;
use databricks::api::secrets;
use localcloud::Fault;
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Call, Resource, Secret, Set};

use super::catalog::Catalog;
use super::connection::Connection;
use super::grant::Grant;
use super::grants::{Grants, Privileges};
use super::schema::Schema;
use super::volume::Volume;
use crate::clients::AnyWorkspace;
use crate::rest::{Of, Rest};
use crate::testing::{Cloud, assert_same, create, reads_back, update};

const UC: &str = "/api/2.1/unity-catalog";

async fn catalog(cx: &Call<AnyWorkspace>, name: &str) -> Of<Catalog> {
    create(cx, Of::from(Catalog { name: name.into(), ..Catalog::default() })).await
}

async fn schema(cx: &Call<AnyWorkspace>, catalog: &str, name: &str) -> Of<Schema> {
    create(cx, Of::from(Schema { catalog_name: catalog.into(), name: name.into(), ..Schema::default() })).await
}

async fn get(cx: &Call<AnyWorkspace>, path: &str) -> Json {
    cx.client().send(Request::get(format!("{UC}/{path}"))).await.unwrap()
}

async fn schemas(cx: &Call<AnyWorkspace>, catalog: &str) -> Vec<Json> {
    let request = Request::get(format!("{UC}/schemas")).query("catalog_name", catalog);
    let found: Json = cx.client().send(request).await.unwrap();
    found["schemas"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
}

#[tokio::test]
async fn a_new_catalog_has_no_schema_that_nobody_configured() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let made = catalog(&cx, "Sales").await;
    assert_eq!((made.id.text(), made.name.text()), ("sales", "Sales"));
    let read = Of::<Catalog>::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_same("read", &read, &made);
    assert_eq!(schemas(&cx, "sales").await, ["information_schema"]);
    // One of that name is the user's own, and an update leaves it alone.
    schema(&cx, "sales", "default").await;
    let plan = Of::from(Catalog { comment: "words".into(), ..made.clone().into_inner() });
    update(&cx, made, plan).await;
    assert_eq!(schemas(&cx, "sales").await, ["default", "information_schema"]);
}

#[tokio::test]
async fn what_is_in_a_catalog_goes_with_it_by_force() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let plan = Catalog { name: "sales".into(), force_destroy: true.into(), ..Catalog::default() };
    let made = create(&cx, Of::from(plan)).await;
    let inside = schema(&cx, "sales", "things").await;
    Of::<Catalog>::delete(&cx, made).await.unwrap();
    assert!(Of::<Schema>::read(&cx, inside).await.unwrap().is_none());
}

#[tokio::test]
async fn an_isolated_catalog_is_bound_to_its_workspace() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let plan = Catalog { name: "sales".into(), isolation_mode: "ISOLATED".into(), ..Catalog::default() };
    let made = create(&cx, Of::from(plan)).await;
    assert_eq!(made.isolation_mode.text(), "ISOLATED");
    let id: i64 = cx.client().workspace_id().await.unwrap().parse().unwrap();
    assert_eq!(get(&cx, "bindings/catalog/sales").await["bindings"][0]["workspace_id"], id);
}

#[tokio::test]
async fn a_renamed_volume_is_the_same_volume() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    catalog(&cx, "sales").await;
    schema(&cx, "sales", "things").await;
    let plan = Volume {
        name: "files".into(),
        catalog_name: "sales".into(),
        schema_name: "things".into(),
        volume_type: "MANAGED".into(),
        ..Volume::default()
    };
    let made = create(&cx, Of::from(plan)).await;
    assert_eq!(made.volume_path.text(), "/Volumes/sales/things/files");
    let before = get(&cx, "volumes/sales.things.files").await["volume_id"].clone();
    let plan = Of::from(Volume { name: "others".into(), ..made.clone().into_inner() });
    let renamed = update(&cx, made, plan).await;
    assert_eq!(
        (renamed.id.text(), renamed.volume_path.text()),
        ("sales.things.others", "/Volumes/sales/things/others")
    );
    assert_eq!(get(&cx, "volumes/sales.things.others").await["volume_id"], before);
    reads_back(&cx, &renamed).await;
}

#[tokio::test]
async fn a_connection_keeps_what_no_answer_tells() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let of = |pairs: &[(&str, &str)]| -> Attr<_> {
        let each = pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value)));
        each.collect::<std::collections::BTreeMap<String, Secret<String>>>().into()
    };
    let plan = Connection {
        name: "pg".into(),
        connection_type: "POSTGRESQL".into(),
        options: of(&[("host", "db"), ("password", "not-a-secret")]),
        ..Connection::default()
    };
    let made = create(&cx, Of::from(plan)).await;
    let read = Of::<Connection>::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(&read.options).unwrap(), json!({ "host": "db", "password": "not-a-secret" }));
    assert_eq!(made.id.text(), format!("{}|pg", made.metastore_id.text()));
    // Another host outside is drift.
    let change = json!({ "options": { "host": "other" } });
    let request = Request::patch(format!("{UC}/connections/pg")).json(&change).unwrap();
    cx.client().send::<Json>(request).await.unwrap();
    let read = Of::<Connection>::read(&cx, made).await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(&read.options).unwrap(), json!({ "host": "other", "password": "not-a-secret" }));
}

#[tokio::test]
async fn a_connection_with_references_or_of_a_type_that_rest_refuses_is_made_by_sql() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    secrets::create_scope(cx.client(), "app").await.unwrap();
    secrets::put(cx.client(), "app", "key", &"not-a-key".into()).await.unwrap();
    let warehouse = Request::post("/api/2.0/sql/warehouses").json(&json!({ "name": "w" })).unwrap();
    let warehouse = cx.client().send::<Json>(warehouse).await.unwrap()["id"].as_str().unwrap().to_owned();
    let of = |host: &str| -> Attr<_> {
        let pairs = [("host", host), ("port", "22"), ("pem_private_key", "{{secrets/app/key}}")];
        let each = pairs.into_iter().map(|(name, value)| (name.to_owned(), Secret::from(value)));
        each.collect::<std::collections::BTreeMap<String, Secret<String>>>().into()
    };
    let plan = Connection {
        name: "files".into(),
        connection_type: "SFTP".into(),
        comment: "words".into(),
        options: of("one.example.com"),
        ..Connection::default()
    };
    let error = Of::<Connection>::create(&cx, Of::from(plan.clone())).await.unwrap_err().error;
    assert_eq!(error.diagnostic().path, Some("warehouse_id".into()));
    let plan = Connection { warehouse_id: warehouse.into(), ..plan };
    let made = create(&cx, Of::from(plan.clone())).await;
    let told = get(&cx, "connections/files").await;
    assert_eq!((&told["credential_type"], &told["comment"]), (&json!("PEM_PRIVATE_KEY"), &json!("words")));
    let options = |one: &Connection| serde_json::to_value(&one.options).unwrap();
    assert_eq!(options(&made), options(&plan), "the reference stays in the state");
    let changed = Connection { options: of("two.example.com"), ..made.clone().into_inner() };
    let changed = update(&cx, made, Of::from(changed)).await;
    assert_eq!(changed.url.text(), "sftp://two.example.com:22/");
    Of::<Connection>::delete(&cx, changed).await.unwrap();
    // A REST API that does not know the type.
    let refusal = Fault::once("POST /api/2.1/unity-catalog/connections", 400, "INVALID_PARAMETER_VALUE");
    cloud.running.fault(Fault { message: Some("SFTP is no CONNECTION_TYPE".into()), ..refusal });
    let options = json!({ "host": "one.example.com", "port": "22" });
    let plan = Connection { options: serde_json::from_value(options).unwrap(), ..plan };
    let made = create(&cx, Of::from(plan)).await;
    assert_eq!(made.url.text(), "sftp://one.example.com:22/");
    reads_back(&cx, &made).await;
}

#[test]
fn every_request_has_all_options_in_one_map() {
    let body = json!({ "name": "pg", "options": { "host": "db" }, "options_wo": { "password": "x" } });
    let asked = Connection::asked(body.as_object().unwrap().clone());
    assert_eq!(Json::Object(asked), json!({ "name": "pg", "options": { "host": "db", "password": "x" } }));
    assert_eq!(Json::Object(Connection::asked(serde_json::Map::new())), json!({ "options": {} }));
}

async fn granted(cx: &Call<AnyWorkspace>) -> Json {
    get(cx, "permissions/catalog/sales").await["privilege_assignments"].clone()
}

#[tokio::test]
async fn a_grant_leaves_others_alone_and_grants_do_not() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    catalog(&cx, "sales").await;
    let set = |all: &[&str]| Attr::from(Set(all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>()));
    let grant = |who: &str, all: &[&str]| Grant {
        catalog: "sales".into(),
        principal: who.into(),
        privileges: set(all),
        ..Grant::default()
    };
    create(&cx, grant("ada", &["BROWSE"])).await;
    let bob = create(&cx, grant("bob", &["use catalog", "CREATE_SCHEMA"])).await;
    assert_eq!(bob.id.text(), "catalog/sales/bob");
    let bob = update(&cx, bob, grant("bob", &["USE_CATALOG"])).await;
    let ada = json!({ "principal": "ada", "privileges": ["BROWSE"] });
    assert_eq!(granted(&cx).await, json!([ada, { "principal": "bob", "privileges": ["USE_CATALOG"] }]));
    Grant::delete(&cx, bob.clone()).await.unwrap();
    assert!(Grant::read(&cx, bob).await.unwrap().is_none());
    assert_eq!(granted(&cx).await, json!([ada]));
    let one = Privileges { principal: "eve".into(), privileges: set(&["BROWSE"]) };
    let all = Grants { catalog: "sales".into(), grant: Set(vec![one]).into(), ..Grants::default() };
    let all = create(&cx, all).await;
    assert_eq!(granted(&cx).await, json!([{ "principal": "eve", "privileges": ["BROWSE"] }]));
    reads_back(&cx, &all).await;
}
