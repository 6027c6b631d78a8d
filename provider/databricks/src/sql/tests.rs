//! Statements against a local cloud with its engine.

use std::time::Duration;

use databricks::Request;
use databricks::api::{queries, warehouses};
use jiff::Timestamp;
use localcloud::{Fault, FaultEffect};
use serde_json::{Value as Json, json};
use tfplugin::{Call, DataSource, Ephemeral, Error, Marker, Resource};
use tokio_util::sync::CancellationToken;

use super::sql_endpoint::SqlEndpoint;
use super::sql_rows::SqlRows;
use super::sql_statement::SqlStatement;
use super::statement::{self, Order, Parameter};
use crate::clients::AnyWorkspace;
use crate::rest::{Of, Rest};
use crate::testing::{Cloud, call_with, create};

/// A warehouse of a workspace, and a call there.
async fn warehouse(cloud: &Cloud) -> (Call<AnyWorkspace>, String) {
    let cx = cloud.any_workspace().await;
    let body = json!({ "name": "example", "cluster_size": "2X-Small" });
    let made: Json = cx.client().send(Request::post("/api/2.0/sql/warehouses").json(&body).unwrap()).await.unwrap();
    (cx, made["id"].as_str().unwrap().to_owned())
}

fn one(warehouse: &str, statement: &str) -> SqlStatement {
    SqlStatement { warehouse_id: warehouse.into(), statement: statement.into(), ..SqlStatement::default() }
}

fn rows(warehouse: &str, statement: &str) -> SqlRows {
    SqlRows { warehouse_id: warehouse.into(), statement: statement.into(), ..SqlRows::default() }
}

/// The values of the first column.
async fn values(cx: &Call<AnyWorkspace>, warehouse: &str, statement: &str) -> Vec<Option<String>> {
    let read = SqlRows::read(cx, rows(warehouse, statement)).await.unwrap();
    let name = read.columns.or_default()[0].name.text().to_owned();
    read.rows.or_default().into_iter().map(|row| row[&name].clone()).collect()
}

async fn count(cx: &Call<AnyWorkspace>, warehouse: &str) -> String {
    values(cx, warehouse, "SELECT count(*) AS n FROM default.log").await.remove(0).unwrap()
}

/// How many statements with this text were sent.
async fn sent(cx: &Call<AnyWorkspace>, warehouse: &str, text: &str) -> usize {
    let all = queries::since(cx.client(), warehouse, 0, None).await.unwrap();
    all.iter().filter(|query| query.query_text.contains(text)).count()
}

fn accused(error: &Error) -> String {
    error.diagnostic().path.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[tokio::test]
async fn a_statement_runs_once_and_so_does_the_one_of_its_destroy() {
    let cloud = Cloud::start().await;
    let (cx, id) = &warehouse(&cloud).await;
    for statement in ["CREATE CATALOG c", "CREATE SCHEMA c.logs", "CREATE TABLE c.logs.log (text STRING)"] {
        create(cx, one(id, statement)).await;
    }
    let value = Parameter { name: "text".into(), value: "it's".into(), ..Parameter::default() };
    let plan = SqlStatement {
        parameters: vec![value].into(),
        catalog: "c".into(),
        schema: "logs".into(),
        destroy_statement: "INSERT INTO log VALUES ('destroyed')".into(),
        ..one(id, "INSERT INTO log VALUES (:text)")
    };
    let state = create(cx, plan.clone()).await;
    let texts = "SELECT text FROM c.logs.log ORDER BY text";
    assert_eq!(values(cx, id, texts).await, [Some("it's".to_owned())]);

    // What can change runs nothing, and what is not told is not looked for.
    let changed = SqlStatement { destroy_statement: "INSERT INTO log VALUES ('gone')".into(), ..state.clone() };
    let Ok(state) = SqlStatement::update(cx, state, changed).await else { panic!("an update") };
    assert_eq!(SqlStatement::read(cx, state.clone()).await.unwrap().unwrap().id, state.id);
    assert_eq!(values(cx, id, texts).await.len(), 1);

    SqlStatement::delete(cx, state.clone()).await.unwrap();
    // A destroy that was cut off is done again.
    SqlStatement::delete(cx, state).await.unwrap();
    assert_eq!(values(cx, id, texts).await, [Some("gone".to_owned()), Some("it's".to_owned())]);
}

#[tokio::test]
async fn a_statement_whose_answer_was_lost_is_found_and_not_run_again() {
    let cloud = Cloud::start().await;
    let (cx, id) = warehouse(&cloud).await;
    create(&cx, one(&id, "CREATE TABLE default.log (text STRING)")).await;
    let marker = Marker::new("4f0c", Timestamp::now());
    let cut = call_with(AnyWorkspace::from((**cx.client()).clone()), marker.clone());
    let lost = Fault::once("POST /api/2.0/sql/statements", 500, "");
    cloud.running.fault(Fault { status: None, cut: true, effect: FaultEffect::After, ..lost });
    let plan = one(&id, "INSERT INTO default.log VALUES ('a')");
    let Err(failed) = SqlStatement::create(&cut, plan.clone()).await else { panic!("its answer is lost") };
    assert!(!failed.error.is_undone(), "{}", failed.error);
    let found = SqlStatement::find(&cx, &plan, &marker).await.unwrap().expect("it is in the history");
    assert!(!found.id.text().is_empty());
    assert_eq!(count(&cx, &id).await, "1");
    // A mark that begins alike is another one.
    for other in ["4f0", "f0c", "4f0c1"] {
        let other = Marker::new(other, marker.since);
        assert!(SqlStatement::find(&cx, &plan, &other).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_fails_leaves_nothing_and_says_where() {
    let cloud = Cloud::start().await;
    let (cx, id) = &warehouse(&cloud).await;
    let marker = Marker::new("77aa", Timestamp::now());
    let call = call_with(AnyWorkspace::from((**cx.client()).clone()), marker.clone());
    let plan = one(id, "SELECT 1 / 0");
    let Err(failed) = SqlStatement::create(&call, plan.clone()).await else { panic!("it divides by zero") };
    assert!(failed.error.is_undone());
    let said = failed.error.diagnostic();
    assert!(said.summary.contains("the statement failed: ") && said.summary.contains("22012"), "{}", said.summary);
    assert_eq!(accused(&failed.error), "statement");
    assert!(SqlStatement::find(&call, &plan, &marker).await.unwrap().is_none(), "a failed one is none");

    let state = SqlStatement { id: "0".into(), destroy_statement: "DROP TABLE default.nowhere".into(), ..plan };
    let error = SqlStatement::delete(cx, state).await.unwrap_err();
    assert_eq!(accused(&error), "destroy_statement");
    assert!(error.diagnostic().detail.contains("Correct it and apply before you destroy"));

    let Err(failed) = SqlStatement::create(&call, one("0123456789abcdef", "SELECT 1")).await else { panic!("nowhere") };
    assert!(failed.error.is_undone(), "{}", failed.error);
}

#[tokio::test]
async fn who_interrupts_terraform_cancels_the_statement() {
    let cloud = Cloud::start().await;
    let (cx, id) = warehouse(&cloud).await;
    let token = CancellationToken::new();
    let client = std::sync::Arc::new(crate::Workspace::from((**cx.client()).clone()));
    let marker = Marker::new("", Timestamp::UNIX_EPOCH);
    let call = Call::new(client, token.clone(), Duration::from_secs(60), marker);
    let (warehouse_id, none) = (id.as_str().into(), tfplugin::Attr::Null);
    let order = Order { warehouse_id: &warehouse_id, catalog: &none, schema: &none, parameters: &tfplugin::Attr::Null };
    let endless = "SELECT count(*) FROM range(100000000000) a CROSS JOIN range(1000)";
    let body = databricks::api::statements::ExecuteStatement { wait_timeout: "0s".into(), ..order.of(endless) };
    let ended = tokio::join!(statement::run(&call, &body, None), async {
        while sent(&cx, &id, endless).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        token.cancel();
    });
    assert_eq!(ended.0.unwrap_err().diagnostic().summary, "Interrupted");
    let all = queries::since(cx.client(), &id, 0, None).await.unwrap();
    assert_eq!(all[0].status, queries::QueryStatus::Canceled);
}

#[tokio::test]
async fn a_warehouse_that_does_not_come_up_is_an_error_unless_nobody_waits() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let plan = SqlEndpoint { name: "a".into(), cluster_size: "Small".into(), ..SqlEndpoint::default() };
    let Ok(made) = Of::create(&cx, Of::from(plan)).await else { panic!("it is made") };
    let made = SqlEndpoint { state: "STARTING".into(), ..made.into_inner() };
    warehouses::command(cx.client(), "stop", made.id.text()).await.unwrap();
    let error = <SqlEndpoint as Rest>::ready(&cx, made.clone()).await.unwrap_err();
    assert!(error.diagnostic().summary.contains("did not start and is STOP"), "{error}");
    let patient = SqlEndpoint { no_wait: true.into(), ..made };
    assert_eq!(<SqlEndpoint as Rest>::ready(&cx, patient).await.unwrap().state.text(), "STARTING");
}

#[tokio::test]
async fn rows_are_all_of_them_with_their_names_and_nulls() {
    let cloud = Cloud::with(|options| options.sql.chunk_bytes = 1000).await;
    let (cx, id) = &warehouse(&cloud).await;
    let typed = |name: &str, value: Option<&str>, kind: &str| Parameter {
        name: name.into(),
        value: value.map(str::to_owned).into(),
        r#type: kind.into(),
    };
    let asked = SqlRows {
        parameters: vec![typed("a", Some("2"), "INT"), typed("b", None, "STRING")].into(),
        ..rows(id, "SELECT :a + 1 AS a, :b AS b, true AS c")
    };
    let read = SqlRows::read(cx, asked).await.unwrap();
    let columns: Vec<_> =
        read.columns.or_default().iter().map(|one| format!("{} {}", one.name.text(), one.r#type.text())).collect();
    assert_eq!(columns, ["a INT", "b STRING", "c BOOLEAN"]);
    let read = serde_json::to_value(&read.rows).unwrap();
    assert_eq!(read, json!([{ "a": "3", "b": null, "c": "true" }]));

    // The most rows, in several chunks; one more is an error.
    let all = values(cx, id, "SELECT id FROM range(1000) ORDER BY id").await;
    assert_eq!((all.len(), all[999].as_deref()), (1000, Some("999")));
    let error = SqlRows::read(cx, rows(id, "SELECT id FROM range(1001)")).await.unwrap_err();
    assert!(error.diagnostic().summary.contains("more than 1000 rows"), "{error}");
    let error = SqlRows::read(cx, rows(id, "SELECT 1 AS a, 2 AS a")).await.unwrap_err();
    assert!(error.diagnostic().summary.contains("two columns of the name \"a\""), "{error}");
}

#[tokio::test]
async fn rows_are_of_statements_that_only_read() {
    let refuses = |text: &str| DataSource::validate(&rows("1", text)).len();
    assert_eq!((refuses("SELECT 1"), refuses("DROP TABLE t"), refuses("SELECT 1; DROP TABLE t")), (0, 1, 1));
    assert_eq!(<SqlRows as Ephemeral>::validate(&rows("1", "DELETE FROM t")).len(), 1);

    let cloud = Cloud::start().await;
    let (cx, id) = &warehouse(&cloud).await;
    let opened = SqlRows::open(cx, rows(id, "SELECT 'x' AS api_token, 1 AS id")).await.unwrap();
    let said = SqlRows::warnings(&opened.result);
    assert_eq!(said.len(), 1);
    assert!(said[0].summary.ends_with(": api_token"), "{}", said[0].summary);
    assert!(!format!("{said:?}").contains("'x'"));
}
