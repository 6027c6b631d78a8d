//! Catalogs, schemas and volumes, which statements share with their REST API; tables, which are SQL's.

use serde_json::json;

use super::Warehouse;

#[tokio::test]
async fn what_sql_makes_of_catalogs_is_seen_by_their_api_and_the_other_way_round() {
    let warehouse = Warehouse::new().await;
    let (bench, at) = (&warehouse.bench, &warehouse.at);
    let rows = async |statement: &str| warehouse.rows(statement).await;
    rows("CREATE CATALOG IF NOT EXISTS main COMMENT 'of SQL'").await;
    rows("CREATE CATALOG IF NOT EXISTS main").await;
    let made = bench.get(at, "/api/2.1/unity-catalog/catalogs/main").await.ok();
    assert_eq!((&made["comment"], &made["owner"]), (&json!("of SQL"), &json!(bench.cloud.client_id())));
    let schema = json!({"name": "rest", "catalog_name": "main"});
    bench.post(at, "/api/2.1/unity-catalog/schemas", schema).await.ok();
    rows("CREATE SCHEMA main.words").await;
    assert_eq!(rows("SHOW CATALOGS LIKE 'ma*'").await, json!([["main"]]));
    assert_eq!(rows("SHOW SCHEMAS IN main").await, json!([["default"], ["information_schema"], ["rest"], ["words"]]));
    assert!(warehouse.fails("CREATE SCHEMA main.words", "42P06").await.contains("[SCHEMA_ALREADY_EXISTS]"));
    assert!(warehouse.fails("USE CATALOG nope", "42704").await.contains("'nope'"));
    rows("CREATE VOLUME main.words.files").await;
    assert_eq!(rows("SHOW VOLUMES IN main.words").await, json!([["words", "files"]]));
    bench.get(at, "/api/2.1/unity-catalog/volumes/main.words.files").await.ok();
    rows("DROP VOLUME main.words.files").await;
    assert_eq!(rows("DESCRIBE CATALOG main").await[0], json!(["Catalog Name", "main"]));

    rows("CREATE TABLE main.rest.t AS SELECT id, 'a' AS s FROM range(3)").await;
    assert!(warehouse.fails("DROP SCHEMA main.rest", "2BP01").await.contains("[SCHEMA_NOT_EMPTY]"));
    rows("DROP SCHEMA main.rest CASCADE").await;
    bench.get(at, "/api/2.1/unity-catalog/schemas/main.rest").await.refused(404, "SCHEMA_DOES_NOT_EXIST");
    warehouse.fails("SELECT * FROM main.rest.t", "42704").await;
    // Another catalog of the same name has none of its tables.
    rows("CREATE TABLE main.words.t (a INT)").await;
    rows("DROP CATALOG main CASCADE").await;
    rows("CREATE CATALOG main").await;
    rows("CREATE SCHEMA main.words").await;
    assert_eq!(rows("SHOW TABLES IN main.words").await, json!([]));
}

#[tokio::test]
async fn tables_are_named_by_one_two_or_three_words() {
    let warehouse = Warehouse::new().await;
    warehouse.rows("CREATE CATALOG main").await;
    for more in [json!({"catalog": "nope"}), json!({"schema": "nope"}), json!({"catalog": "main", "schema": "nope"})] {
        assert_eq!(warehouse.run("SELECT 1", more).await["status"]["sql_state"], "42704");
    }
    let rows = async |statement: &str| {
        let told = warehouse.run(statement, json!({"catalog": "main", "schema": "default"})).await;
        assert_eq!(told["status"]["state"], "SUCCEEDED", "{statement}: {told}");
        told["result"]["data_array"].clone()
    };
    rows("CREATE TABLE t (a INT, b STRING, c DECIMAL(5,2), d ARRAY<INT>, e TIMESTAMP)").await;
    assert_eq!(rows("INSERT INTO default.t (a, b) VALUES (1, 'x'), (2, NULL)").await, json!([["2", "2"]]));
    assert_eq!(rows("UPDATE main.default.t SET b = 'y' WHERE a = 2").await, json!([["1"]]));
    let merge = "MERGE INTO t USING (SELECT 3 AS a, 'z' AS b) s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = s.b WHEN NOT MATCHED \
                 THEN INSERT (a, b) VALUES (s.a, s.b)";
    assert_eq!(rows(merge).await, json!([["1"]]));
    assert_eq!(rows("DELETE FROM t WHERE a = 1").await, json!([["1"]]));
    assert_eq!(rows("SELECT a, t.b FROM t ORDER BY a").await, json!([["2", "y"], ["3", "z"]]));
    assert_eq!(rows("SELECT current_catalog(), current_schema()").await, json!([["main", "default"]]));
    let types = [["a", "int"], ["b", "string"], ["c", "decimal(5,2)"], ["d", "array<int>"], ["e", "timestamp"]];
    let expected: Vec<_> = types.iter().map(|[name, kind]| json!([name, kind, null])).collect();
    assert_eq!(rows("DESCRIBE TABLE t").await, json!(expected));
    assert_eq!(rows("SHOW TABLES").await, json!([["default", "t", "false"]]));
    let tables = "SELECT table_schema, table_type FROM main.information_schema.tables WHERE table_name = 't'";
    assert_eq!(rows(tables).await, json!([["default", "MANAGED"]]));
    let columns =
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 't' AND ordinal_position < 2";
    assert_eq!(rows(columns).await, json!([["a", "INT"], ["b", "STRING"]]));
    rows("INSERT OVERWRITE t SELECT 9, 'o', 1.5, array(1), NULL").await;
    assert_eq!(rows("SELECT a, c, d FROM t").await, json!([["9", "1.50", "[1]"]]));
    rows("CREATE VIEW v AS SELECT a FROM t").await;
    assert_eq!(warehouse.rows("SELECT v.a FROM main.default.v").await, json!([["9"]]));
}

#[tokio::test]
async fn a_workspace_has_a_catalog_of_its_own_and_no_files_of_this_machine() {
    let warehouse = Warehouse::new().await;
    assert_eq!(warehouse.rows("SHOW CATALOGS LIKE 'hive*'").await, json!([["hive_metastore"]]));
    warehouse.rows("CREATE TABLE hive_metastore.default.t AS SELECT 1 AS a").await;
    assert_eq!(warehouse.rows("SELECT * FROM t").await, json!([["1"]]));
    let (_, other) = warehouse.bench.workspace("b").await;
    let id = warehouse.bench.post(&other, "/api/2.0/sql/warehouses", json!({"name": "w"})).await.ok()["id"].clone();
    let body = json!({"warehouse_id": id, "statement": "SELECT * FROM t"});
    let told = warehouse.bench.post(&other, super::STATEMENTS, body).await.ok();
    assert_eq!(told["status"]["sql_state"], "42P01", "{told}");
    for statement in ["SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')"] {
        let told = warehouse.run(statement, json!({})).await;
        assert_eq!(told["status"]["state"], "FAILED", "{told}");
    }
    for statement in ["ATTACH '/tmp/x' AS x", "COPY (SELECT 1) TO '/tmp/x'", "INSTALL httpfs", "PRAGMA version"] {
        warehouse.fails(statement, "42601").await;
    }
}
