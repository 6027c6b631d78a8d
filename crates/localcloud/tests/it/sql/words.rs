//! Errors of statements, in Databricks' words.

use serde_json::json;

use super::Warehouse;

#[tokio::test]
async fn errors_are_told_with_their_state_and_their_place() {
    let warehouse = Warehouse::new().await;
    let check = async |statement: &str, state: &str, words: &[&str]| {
        let message = warehouse.fails(statement, state).await;
        for word in words {
            assert!(message.contains(word), "{statement}: {word:?} is not in {message}");
        }
    };
    check("SELECT 1/0", "22012", &["[DIVIDE_BY_ZERO] Division by zero."]).await;
    check("SELECT 5 % 0", "22012", &["[DIVIDE_BY_ZERO]"]).await;
    check("SELECT 5 div 0", "22012", &["[DIVIDE_BY_ZERO]"]).await;
    check("SELECT id / (id - 1) FROM range(3)", "22012", &["[DIVIDE_BY_ZERO]"]).await;
    let cast = ["[CAST_INVALID_INPUT]", "'abc'", "\"STRING\"", "\"INT\"", "SQLSTATE: 22018"];
    check("SELECT CAST('abc' AS INT)", "22018", &cast).await;
    check("SELECT CAST('2024-13-01' AS DATE)", "22018", &["[CAST_INVALID_INPUT]", "\"DATE\""]).await;
    check("SELECT 2147483647 + 1", "22003", &["[ARITHMETIC_OVERFLOW] integer overflow."]).await;
    check("SELECT CAST(300 AS TINYINT)", "22003", &["[CAST_OVERFLOW]", "\"TINYINT\""]).await;
    check("SELECT *\nFROM nope", "42P01", &["[TABLE_OR_VIEW_NOT_FOUND]", "`nope`", "line 2 pos 5"]).await;
    check("SELECT * FROM nope.t", "42704", &["[SCHEMA_NOT_FOUND]", "`nope`"]).await;
    let column = ["[UNRESOLVED_COLUMN.WITH_SUGGESTION]", "`nope`", "[`id`]", "line 1 pos 7"];
    check("SELECT nope FROM range(3)", "42703", &column).await;
    check("SELECT nofun(1)", "42883", &["[UNRESOLVED_ROUTINE]", "`nofun`"]).await;
    check("SELCT 1", "42601", &["[PARSE_SYNTAX_ERROR] Syntax error at or near 'SELCT'.", "(line 1, pos 0)", "^^^"])
        .await;
    check("SELECT *\nFORM x y", "42601", &["[PARSE_SYNTAX_ERROR]", "(line 2, pos "]).await;
    check("SELECT raise_error('my words')", "P0001", &["[USER_RAISED_EXCEPTION] my words"]).await;
    check("SELECT :a", "42P02", &["[UNBOUND_SQL_PARAMETER]", "a", "line 1 pos 7"]).await;
    check("SELECT 1 +", "42601", &["[PARSE_SYNTAX_ERROR] Syntax error at or near end of input.", "(line 1, pos 10)"])
        .await;
    check("DROP TABLE a b", "42601", &["[PARSE_SYNTAX_ERROR] Syntax error at or near 'b'.", "(line 1, pos 13)"]).await;
    check("SELECT assert_true(1 > 2)", "P0001", &["[USER_RAISED_EXCEPTION]"]).await;
    let ambiguous =
        ["[AMBIGUOUS_REFERENCE] Reference `id` is ambiguous, could be: [`a`.`id`, `b`.`id`]", "line 1 pos 7"];
    check("SELECT id FROM range(1) a JOIN range(1) b ON a.id = b.id", "42704", &ambiguous).await;
    check("SELECT sum(count(*)) FROM range(1)", "42607", &["[NESTED_AGGREGATE_FUNCTION]"]).await;
    check("SELECT 1 UNION SELECT 1, 2", "42826", &["[NUM_COLUMNS_MISMATCH]"]).await;
    check("SELECT (SELECT id FROM range(2))", "21000", &["[SCALAR_SUBQUERY_TOO_MANY_ROWS]"]).await;
    check("SELECT id, count(*) FROM range(1)", "42803", &["[MISSING_GROUP_BY]"]).await;
    check("SELECT id % 2, id FROM range(1) GROUP BY id % 2", "42803", &["[MISSING_AGGREGATION]"]).await;
    check("SELECT CAST(12345.6 AS DECIMAL(4,1))", "22003", &["[NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION]"]).await;
    warehouse.rows("CREATE TABLE filled (id INT NOT NULL)").await;
    check("INSERT INTO filled VALUES (NULL)", "23502", &["[DELTA_NOT_NULL_CONSTRAINT_VIOLATED]", "column: id"]).await;
    check("SELECT mod(5, 0)", "22012", &["[DIVIDE_BY_ZERO]"]).await;
    let told = warehouse.run("SELECT 1/0", json!({})).await;
    assert_eq!(told["status"]["error"]["error_code"], "BAD_REQUEST");
}

#[tokio::test]
async fn parameters_are_values_of_their_types() {
    let warehouse = Warehouse::new().await;
    let run = async |statement: &str, parameters| warehouse.run(statement, json!({"parameters": parameters})).await;
    let parameters = json!([
        {"name": "a", "value": "41", "type": "INT"}, {"name": "b", "value": "x'); DROP TABLE t; --"}, {"name": "c"},
        {"name": "d", "value": "2024-02-03", "type": "DATE"}, {"name": "e", "value": "1.50", "type": "DECIMAL(5,2)"},
        {"name": "f", "value": "7", "type": "LONG"}, {"name": "unused", "value": "1"},
    ]);
    let told = run("SELECT :a + 1, :b, :c, :d, :e, :f", parameters).await;
    assert_eq!(told["result"]["data_array"], json!([["42", "x'); DROP TABLE t; --", null, "2024-02-03", "1.50", "7"]]));
    let types: Vec<&str> = told["manifest"]["schema"]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["type_text"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["INT", "STRING", "STRING", "DATE", "DECIMAL(5,2)", "BIGINT"]);
    let bad = run("SELECT :a", json!([{"name": "a", "value": "x", "type": "INT"}])).await;
    assert_eq!(bad["status"]["sql_state"], "22018", "{bad}");
    let told = run("SELECT id FROM range(10) LIMIT :n", json!([{"name": "n", "value": "2", "type": "INT"}])).await;
    assert_eq!(told["manifest"]["total_row_count"], 2);
}
