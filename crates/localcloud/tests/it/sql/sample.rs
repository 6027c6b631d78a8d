//! Statements as people write them for Databricks, with what they give there. Values are those of its documentation.
//! <https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-functions-builtin-alpha>

use serde_json::{Value, json};

use super::Warehouse;

#[tokio::test]
async fn statements_give_what_they_give_on_databricks() {
    let warehouse = Warehouse::new().await;
    let mut failed = Vec::new();
    for (statement, types, row) in sample() {
        let told = warehouse.run(statement, json!({})).await;
        let columns = told["manifest"]["schema"]["columns"].as_array().cloned().unwrap_or_default();
        let found: Vec<&str> = columns.iter().map(|one| one["type_text"].as_str().unwrap()).collect();
        if told["result"]["data_array"] != row || found.join(" ") != types {
            let (row, error) = (&told["result"]["data_array"], &told["status"]["error"]);
            failed.push(format!("{statement}\n    {row} of {}\n    {error}", found.join(" ")));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Statements, the types of their columns, and their rows.
pub(super) fn sample() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        (
            "SELECT 1, 'a', 1.5, true, 1e20, 0.0001D",
            "INT STRING DECIMAL(2,1) BOOLEAN DOUBLE DOUBLE",
            json!([["1", "a", "1.5", "true", "1.0E20", "1.0E-4"]]),
        ),
        (
            "SELECT date '2024-01-02', timestamp '2024-01-02 03:04:05', timestamp_ntz '2024-01-02 03:04:05.123456'",
            "DATE TIMESTAMP TIMESTAMP_NTZ",
            json!([["2024-01-02", "2024-01-02T03:04:05.000Z", "2024-01-02T03:04:05.123456"]]),
        ),
        (
            "SELECT array(1, 2), map('a', 1), named_struct('x', 1, 'y', 'z'), x'4142'",
            "ARRAY<INT> MAP<STRING, INT> STRUCT<x: INT, y: STRING> BINARY",
            json!([["[1,2]", "{\"a\":1}", "{\"x\":1,\"y\":\"z\"}", "QUI="]]),
        ),
        (
            "SELECT count(*), sum(id), avg(id), max(id) FROM range(4)",
            "BIGINT BIGINT DOUBLE BIGINT",
            json!([["4", "6", "1.5", "3"]]),
        ),
        (
            "SELECT 7 div 2, 7 % 3, 5 / 2, '1' + 1, -7 div 2",
            "BIGINT INT DOUBLE BIGINT BIGINT",
            json!([["3", "1", "2.5", "2", "-3"]]),
        ),
        (
            "SELECT nvl(NULL, 2), coalesce(NULL, 3), nullif(1, 1), if(1 > 2, 'a', 'b'), nvl2(1, 2, 3)",
            "INT INT INT STRING INT",
            json!([["2", "3", null, "b", "2"]]),
        ),
        (
            "SELECT date_format(timestamp '2024-03-05 06:07:08', 'yyyy-MM-dd HH:mm')",
            "STRING",
            json!([["2024-03-05 06:07"]]),
        ),
        (
            "SELECT sha2('a', 256), md5('a')",
            "STRING STRING",
            json!([[
                "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
                "0cc175b9c0f1b6a831c399e269772661"
            ]]),
        ),
        ("SELECT stack(2, 1, 'a', 2, 'b')", "INT STRING", json!([["1", "a"], ["2", "b"]])),
        ("SELECT explode(array('x', 'y'))", "STRING", json!([["x"], ["y"]])),
        (
            "SELECT id, c FROM range(2) LATERAL VIEW explode(array('x', 'y')) t AS c ORDER BY 1, 2",
            "BIGINT STRING",
            json!([["0", "x"], ["0", "y"], ["1", "x"], ["1", "y"]]),
        ),
        (
            "WITH t AS (SELECT '{\"a\":{\"b\":3}}' AS j) SELECT j:a.b, get_json_object(j, '$.a.b') FROM t",
            "STRING STRING",
            json!([["3", "3"]]),
        ),
        (
            "SELECT date_add(date '2024-02-28', 2), date_sub(date '2024-03-01', 1), add_months(date '2024-01-31', 1)",
            "DATE DATE DATE",
            json!([["2024-03-01", "2024-02-29", "2024-02-29"]]),
        ),
        (
            "SELECT datediff(date '2024-03-01', date '2024-02-01'), year(date '2024-05-06'), dayofweek(date '2024-05-06')",
            "INT INT INT",
            json!([["29", "2024", "2"]]),
        ),
        (
            "SELECT last_day(date '2024-02-03'), trunc(date '2024-05-06', 'MM'), date '2024-01-01' + interval 1 month",
            "DATE DATE DATE",
            json!([["2024-02-29", "2024-05-01", "2024-02-01"]]),
        ),
        (
            "SELECT date_trunc('month', timestamp '2024-05-06 01:02:03'), to_timestamp('2024-01-02 03:04:05')",
            "TIMESTAMP TIMESTAMP",
            json!([["2024-05-01T00:00:00.000Z", "2024-01-02T03:04:05.000Z"]]),
        ),
        (
            "SELECT to_date('2024-05-06'), unix_timestamp(timestamp '1970-01-01 00:01:00'), hour(timestamp '2024-01-02 03:04:05')",
            "DATE BIGINT INT",
            json!([["2024-05-06", "60", "3"]]),
        ),
        (
            "SELECT cast(1.9 AS INT), cast(-1.9D AS BIGINT), cast('7' AS SMALLINT), cast(true AS INT), int('3')",
            "INT BIGINT SMALLINT INT INT",
            json!([["1", "-1", "7", "1", "3"]]),
        ),
        (
            "SELECT cast(timestamp '2024-01-02 03:04:05' AS STRING), string(1.0D), cast(12.345 AS DECIMAL(10,2))",
            "STRING STRING DECIMAL(10,2)",
            json!([["2024-01-02 03:04:05", "1.0", "12.35"]]),
        ),
        (
            "SELECT try_cast('x' AS INT), try_divide(1, 0), try_add(2147483647, 1)",
            "INT DOUBLE INT",
            json!([[null, null, null]]),
        ),
        (
            "SELECT ceil(1.2D), floor(-1.2D), round(2.5), pmod(-7, 3), abs(-1)",
            "BIGINT BIGINT DECIMAL(2,0) INT INT",
            json!([["2", "-2", "3", "2", "1"]]),
        ),
        (
            "SELECT upper('a') || lower('B'), substring('hello', 2, 3), length('abc'), lpad('7', 3, '0')",
            "STRING STRING INT STRING",
            json!([["Ab", "ell", "3", "007"]]),
        ),
        (
            "SELECT split('a,b', ','), concat_ws('-', 'a', 'b'), regexp_replace('abc', 'b', 'x'), 'abc' RLIKE 'b.'",
            "ARRAY<STRING> STRING STRING BOOLEAN",
            json!([["[\"a\",\"b\"]", "a-b", "axc", "true"]]),
        ),
        (
            "SELECT size(array(1, 2)), array_contains(array(1), 1), element_at(array(1, 2), 2), array(5, 6)[0]",
            "INT BOOLEAN INT INT",
            json!([["2", "true", "2", "5"]]),
        ),
        (
            "SELECT transform(array(1, 2), x -> x + 1), filter(array(1, 2, 3), x -> x > 1)",
            "ARRAY<INT> ARRAY<INT>",
            json!([["[2,3]", "[2,3]"]]),
        ),
        ("SELECT map('a', 1)['a'], named_struct('x', 1).x", "INT INT", json!([["1", "1"]])),
        (
            "SELECT id, row_number() OVER (ORDER BY id DESC) FROM range(2) ORDER BY id",
            "BIGINT INT",
            json!([["0", "2"], ["1", "1"]]),
        ),
        (
            "SELECT id % 2 AS k, collect_list(id) FROM range(4) GROUP BY ALL ORDER BY k",
            "BIGINT ARRAY<BIGINT>",
            json!([["0", "[0,2]"], ["1", "[1,3]"]]),
        ),
        ("SELECT a FROM VALUES (1, 'x'), (2, 'y') AS t(a, b) WHERE b = 'y'", "INT", json!([["2"]])),
        ("VALUES (1, 'a')", "INT STRING", json!([["1", "a"]])),
        ("SELECT * FROM range(2, 6, 2)", "BIGINT", json!([["2"], ["4"]])),
        (
            "SELECT a.id, b.id FROM range(2) a LEFT JOIN range(1) b ON a.id = b.id ORDER BY a.id",
            "BIGINT BIGINT",
            json!([["0", "0"], ["1", null]]),
        ),
        ("SELECT id FROM range(3) LEFT ANTI JOIN range(1) b USING (id) ORDER BY id", "BIGINT", json!([["1"], ["2"]])),
        (
            "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r",
            "INT",
            json!([["1"], ["2"], ["3"]]),
        ),
        ("SELECT id FROM range(4) QUALIFY row_number() OVER (ORDER BY id DESC) = 1", "BIGINT", json!([["3"]])),
        (
            "SELECT \"double quoted\", 'it\\'s', `id` FROM range(1)",
            "STRING STRING BIGINT",
            json!([["double quoted", "it's", "0"]]),
        ),
        (
            "SELECT 1 <=> NULL, NULL <=> NULL, 5 & 3, 1 <> 2",
            "BOOLEAN BOOLEAN INT BOOLEAN",
            json!([["false", "true", "1", "true"]]),
        ),
        (
            "SELECT typeof(1), typeof('a'), current_timezone()",
            "STRING STRING STRING",
            json!([["int", "string", "Etc/UTC"]]),
        ),
        ("/* a comment */ SELECT 1 -- another", "INT", json!([["1"]])),
        (
            "SELECT * FROM (SELECT 'a' AS k, 1 AS v UNION ALL SELECT 'b', 2) PIVOT (max(v) FOR k IN ('a', 'b'))",
            "INT INT",
            json!([["1", "2"]]),
        ),
        (
            "SELECT cast('NaN' AS DOUBLE), cast('Infinity' AS DOUBLE), 12345678.9D, -0.5D",
            "DOUBLE DOUBLE DOUBLE DOUBLE",
            json!([["NaN", "Infinity", "1.23456789E7", "-0.5"]]),
        ),
        (
            "SELECT cast(year(date '2024-05-06') AS STRING), upper(cast(1.5 AS STRING)), cast(cast(1.9 AS INT) AS STRING)",
            "STRING STRING STRING",
            json!([["2024", "1.5", "1"]]),
        ),
        (
            "SELECT NULL, sign(-2), bit_count(7), weekday(date '2024-05-06'), unix_date(date '1970-01-02')",
            "VOID DOUBLE INT INT INT",
            json!([[null, "-1.0", "3", "0", "1"]]),
        ),
        (
            "SELECT percentile(id, 0.5), every(id < 9), date_part('month', max(date '2024-05-06')) FROM range(4)",
            "DOUBLE BOOLEAN INT",
            json!([["1.5", "true", "5"]]),
        ),
        (
            "SELECT substring_index('a.b.c', '.', 2), substring_index('a.b.c', '.', -1), substring_index('a.b.c', '.', 0)",
            "STRING STRING STRING",
            json!([["a.b", "c", ""]]),
        ),
        (
            "SELECT CAST('é' AS BINARY), CAST(1e16 AS STRING), timestamp_seconds(1), arrays_overlap(array(1), array(1, 2))",
            "BINARY STRING TIMESTAMP BOOLEAN",
            json!([["w6k=", "1.0E16", "1970-01-01T00:00:01.000Z", "true"]]),
        ),
        ("SELECT array_repeat('x', 2)", "ARRAY<STRING>", json!([["[\"x\",\"x\"]"]])),
        ("OPTIMIZE t", "STRING", json!([])),
    ]
}
