//! The history of queries.

use serde_json::{Value, json};

use super::Warehouse;
use crate::rights::Person;

const HISTORY: &str = "/api/2.0/sql/history/queries";

#[tokio::test]
async fn the_history_has_ones_own_queries_as_they_were_asked_for() {
    let warehouse = Warehouse::new().await;
    let (bench, at) = (&warehouse.bench, &warehouse.at);
    warehouse.rows("SELECT 1 /* first */").await;
    warehouse.fails("SELECT 1 / 0", "22012").await;
    let list = async |query: &str| bench.get(at, &format!("{HISTORY}?{query}")).await.ok();
    let texts = |told: &Value| -> Vec<String> {
        told["res"].as_array().unwrap().iter().map(|one| one["query_text"].as_str().unwrap().to_owned()).collect()
    };
    let all = list("").await;
    assert_eq!(texts(&all), ["SELECT 1 / 0", "SELECT 1 /* first */"], "the newest first");
    let (failed, first) = (&all["res"][0], &all["res"][1]);
    assert_eq!((&failed["status"], &first["status"]), (&json!("FAILED"), &json!("FINISHED")));
    assert!(failed["error_message"].as_str().unwrap().contains("DIVIDE_BY_ZERO"));
    assert_eq!((&first["warehouse_id"], &first["rows_produced"]), (&json!(warehouse.id), &json!(1)));
    assert_eq!(all["has_next_page"], false);

    let page = list("max_results=1").await;
    assert_eq!((texts(&page), &page["has_next_page"]), (vec!["SELECT 1 / 0".to_owned()], &json!(true)));
    let page = list(&format!("max_results=1&page_token={}", page["next_page_token"].as_str().unwrap())).await;
    assert_eq!((texts(&page), &page["has_next_page"]), (vec!["SELECT 1 /* first */".to_owned()], &json!(false)));

    let id = first["query_id"].as_str().unwrap();
    let since = |offset: i64| {
        let began = failed["query_start_time_ms"].as_i64().unwrap();
        format!("filter_by.query_start_time_range.start_time_ms={}", began + offset)
    };
    for (filter, expected) in [
        (format!("filter_by.statement_ids={id}"), 1),
        (format!("filter_by.warehouse_ids={}", warehouse.id), 2),
        (format!("filter_by.warehouse_ids=0000&filter_by.warehouse_ids={}", warehouse.id), 2),
        ("filter_by.warehouse_ids=0000".to_owned(), 0),
        ("filter_by.statuses=FAILED".to_owned(), 1),
        ("filter_by.statuses=FAILED&filter_by.statuses=FINISHED".to_owned(), 2),
        (since(-60_000), 2),
        (since(1), 0),
        (format!("filter_by.user_ids={}", first["user_id"]), 2),
        ("filter_by.user_ids=1".to_owned(), 0),
    ] {
        assert_eq!(texts(&list(&filter).await).len(), expected, "{filter}");
    }
    bench.get(at, &format!("{HISTORY}?max_results=0")).await.refused(400, "INVALID_PARAMETER_VALUE");

    let other = Person::new(bench, warehouse.workspace, at).await;
    assert_eq!(texts(&other.get(bench, at, HISTORY).await.ok()), [""; 0]);
}
