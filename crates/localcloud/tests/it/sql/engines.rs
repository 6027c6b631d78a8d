//! The two engines side by side: what they tell of the same statements, but for the differences that are listed here.
//! `scripts/compare_sql_engines.sh` runs these tests, in an environment with PySpark.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use localcloud::SqlEngine;
use serde_json::{Value, json};

use super::Warehouse;
use super::sample::sample;

/// In what the engines differ.
struct Difference {
    why: &'static str,
    /// Parts of `seen`.
    parts: &'static [&'static str],
    statements: &'static [&'static str],
}

/// All differences: nothing else may differ, and each of them must.
const DIFFERENCES: &[Difference] = &[
    Difference {
        why: "Spark's tables are no Delta tables",
        parts: &["outcome"],
        statements: &[
            "UPDATE kept SET twice = 9 WHERE id = 7",
            "DELETE FROM kept WHERE id = 7",
            "MERGE INTO kept AS k USING (SELECT 7 AS id) AS s ON k.id = s.id WHEN MATCHED THEN UPDATE SET twice = 1",
        ],
    },
    Difference {
        why: "Spark's files keep no NOT NULL",
        parts: &["outcome"],
        statements: &["INSERT INTO filled VALUES (NULL)"],
    },
    Difference {
        why: "Spark's files keep no NOT NULL",
        parts: &["rows"],
        statements: &[
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_name = 'people' ORDER BY ordinal_position",
        ],
    },
    Difference {
        why: "Databricks has it, and Spark has not",
        parts: &["outcome"],
        statements: &[
            "SELECT split_part('a-b-c', '-', 2) AS a, left('hello', 2) AS b, right('hello', 2) AS c, charindex('l', 'hello') AS d",
            "WITH t AS (SELECT '{\"a\":{\"b\":3}}' AS j) SELECT j:a.b, get_json_object(j, '$.a.b') FROM t",
        ],
    },
    Difference {
        why: "sqlglot reads it, and Spark does not",
        parts: &["outcome"],
        statements: &["SELECT id FROM range(5) TABLESAMPLE (100 PERCENT) ORDER BY 1"],
    },
    Difference {
        why: "Spark takes FROM as the name of the column",
        parts: &["outcome"],
        statements: &["SELECT 1 FROM"],
    },
    Difference { why: "a plan is its engine's own", parts: &["rows"], statements: &["EXPLAIN SELECT 1"] },
    Difference {
        why: "DuckDB's engine has no such statement",
        parts: &["outcome"],
        statements: &["SHOW CREATE TABLE people"],
    },
    Difference {
        why: "DuckDB has no such function, or it takes other arguments",
        parts: &["outcome"],
        statements: &[
            "SELECT format_number(1234567.891, 2) AS a, lower('É') AS b, length('é') AS c, octet_length('é') AS d",
            "SELECT crc32('a') AS a, sha1('a') AS b, base64('ab') AS c, unbase64('YWI=') AS d",
            "SELECT try_to_number('x', '999') AS a, try_element_at(array(1), 5) AS b, try_subtract(-2147483648, 1) AS c",
            "SELECT explode(map('a', 1, 'b', 2))",
            "SELECT aggregate(array(1, 2, 3), 0, (a, x) -> a + x) AS a, exists(array(1, 2), x -> x > 1) AS b, forall(array(1, 2), x -> x > 1) AS c",
            "SELECT zip_with(array(1, 2), array(3, 4), (x, y) -> x * y) AS a, transform(array(5, 6), (x, i) -> x + i) AS b",
            "SELECT transform_values(map('a', 1), (k, v) -> v + 1) AS a, map_filter(map('a', 1, 'b', 2), (k, v) -> v > 1) AS b",
            "SELECT cardinality(map('a', 1)) AS a, size(NULL) AS b, map_contains_key(map('a', 1), 'a') AS c, map_concat(map('a', 1), map('b', 2)) AS d",
            "SELECT to_json(named_struct('a', 1, 'b', 'x')) AS a, from_json('{\"a\":1}', 'a INT') AS b",
            "SELECT from_json('[1,2]', 'ARRAY<INT>') AS a, get_json_object('{\"a\":[1,2]}', '$.a[1]') AS b",
        ],
    },
    Difference {
        why: "DuckDB makes other decimals of decimals",
        parts: &["types", "rows"],
        statements: &[
            "SELECT 1.10 + 2.2 AS a, 1.10 * 2.2 AS b, 1.10 / 3 AS c, 10 / 4 AS d",
            "SELECT sum(pay) AS a, avg(pay) AS b, max(pay) AS c FROM people",
        ],
    },
    Difference {
        why: "DuckDB makes other decimals of decimals",
        parts: &["types"],
        statements: &[
            "SELECT round(2.345, 2) AS a, round(-2.5D) AS b, bround(2.5) AS c, ceil(1.01) AS d, floor(-1.01) AS e",
        ],
    },
    Difference {
        why: "DuckDB's literals have no exponent in decimals, and no interval of years",
        parts: &["outcome"],
        statements: &[
            "SELECT CAST(1.5 AS DECIMAL(38,10)) AS a, CAST(-0.001 AS DECIMAL(5,3)) AS b, 1e-10BD AS c",
            "SELECT interval 1 day AS a, interval '1-2' year to month AS b",
        ],
    },
    Difference {
        why: "DuckDB has one type of intervals",
        parts: &["types", "rows"],
        statements: &[
            "SELECT timestamp '2024-03-01 12:00:00' - timestamp '2024-02-29 00:00:00' AS a",
            "SELECT date '2024-03-01' - date '2024-02-01' AS a",
        ],
    },
    Difference {
        why: "DuckDB has other types of whole numbers here",
        parts: &["types"],
        statements: &[
            "SELECT date_diff(DAY, date '2024-01-01', date '2024-01-31') AS a, dateadd(MONTH, 1, date '2024-01-31') AS b",
            "SELECT id % 2 AS k, sum(id) AS s, grouping(id % 2) AS g FROM range(4) GROUP BY ROLLUP (id % 2) ORDER BY k NULLS LAST",
            "SELECT posexplode(array('x', 'y'))",
            "SELECT array_join(array('a', 'b'), '-') AS a, flatten(array(array(1), array(2))) AS b, sequence(1, 3) AS c, array_position(array('a', 'b'), 'b') AS d",
        ],
    },
    Difference {
        why: "DuckDB adds to a date without a zone",
        parts: &["rows"],
        statements: &[
            "SELECT date_diff(DAY, date '2024-01-01', date '2024-01-31') AS a, dateadd(MONTH, 1, date '2024-01-31') AS b",
        ],
    },
    Difference {
        why: "DuckDB's JSON of nested values",
        parts: &["rows"],
        statements: &[
            "SELECT map(1, 'a', 2, NULL) AS a, map('k', array(1.50, 2.25)) AS b",
            "SELECT named_struct('a', NULL, 'b', 1.50, 'c', true) AS a, struct(1, 'x') AS b",
            "SELECT array(timestamp '2024-01-02 03:04:05', NULL) AS a, named_struct('d', date '2024-01-02') AS b",
            "SELECT array(1.0D, 1e20D) AS a, array(x'4142') AS b",
        ],
    },
    Difference {
        why: "fields without names are named otherwise",
        parts: &["types", "rows"],
        statements: &[
            "SELECT arrays_zip(array(1, 2), array('a', 'b')) AS a, array_max(array(1, 3)) AS b, array_repeat('x', 2) AS c, array_remove(array(1, 2), 1) AS d",
        ],
    },
    Difference {
        why: "sqlglot drops OUTER",
        parts: &["rows"],
        statements: &["SELECT id, c FROM range(1) LATERAL VIEW OUTER explode(array()) t AS c"],
    },
    Difference {
        why: "DuckDB answers NULL, or goes on, where ANSI wants an error",
        parts: &["outcome"],
        statements: &["SELECT array(1, 2)[5]", "SELECT element_at(array(1, 2), 5)", "SELECT -(-2147483648)"],
    },
    Difference {
        why: "a name of a column without an alias, and sqlglot keeps no spelling",
        parts: &["names"],
        statements: &[
            "SELECT NULL, sign(-2), bit_count(7), weekday(date '2024-05-06'), unix_date(date '1970-01-02')",
            "SELECT percentile(id, 0.5), every(id < 9), date_part('month', max(date '2024-05-06')) FROM range(4)",
            "SELECT CAST('é' AS BINARY), CAST(1e16 AS STRING), timestamp_seconds(1), arrays_overlap(array(1), array(1, 2))",
            "SELECT current_catalog(), current_schema(), length(current_user())",
            "SELECT CASE WHEN id > 0 THEN 'a' ELSE 'b' END, id IS NULL, id BETWEEN 1 AND 2 FROM range(1)",
            "SELECT 1, 'a', 1.5, true, 1e20, 0.0001D",
            "SELECT date '2024-01-02', timestamp '2024-01-02 03:04:05', timestamp_ntz '2024-01-02 03:04:05.123456'",
            "SELECT array(1, 2), map('a', 1), named_struct('x', 1, 'y', 'z'), x'4142'",
            "SELECT nvl(NULL, 2), coalesce(NULL, 3), nullif(1, 1), if(1 > 2, 'a', 'b'), nvl2(1, 2, 3)",
            "SELECT date_format(timestamp '2024-03-05 06:07:08', 'yyyy-MM-dd HH:mm')",
            "SELECT date_add(date '2024-02-28', 2), date_sub(date '2024-03-01', 1), add_months(date '2024-01-31', 1)",
            "SELECT datediff(date '2024-03-01', date '2024-02-01'), year(date '2024-05-06'), dayofweek(date '2024-05-06')",
            "SELECT last_day(date '2024-02-03'), trunc(date '2024-05-06', 'MM'), date '2024-01-01' + interval 1 month",
            "SELECT date_trunc('month', timestamp '2024-05-06 01:02:03'), to_timestamp('2024-01-02 03:04:05')",
            "SELECT to_date('2024-05-06'), unix_timestamp(timestamp '1970-01-01 00:01:00'), hour(timestamp '2024-01-02 03:04:05')",
            "SELECT cast(1.9 AS INT), cast(-1.9D AS BIGINT), cast('7' AS SMALLINT), cast(true AS INT), int('3')",
            "SELECT cast(timestamp '2024-01-02 03:04:05' AS STRING), string(1.0D), cast(12.345 AS DECIMAL(10,2))",
            "SELECT ceil(1.2D), floor(-1.2D), round(2.5), pmod(-7, 3), abs(-1)",
            "SELECT upper('a') || lower('B'), substring('hello', 2, 3), length('abc'), lpad('7', 3, '0')",
            "SELECT split('a,b', ','), concat_ws('-', 'a', 'b'), regexp_replace('abc', 'b', 'x'), 'abc' RLIKE 'b.'",
            "SELECT transform(array(1, 2), x -> x + 1), filter(array(1, 2, 3), x -> x > 1)",
            "SELECT map('a', 1)['a'], named_struct('x', 1).x",
            "SELECT id, row_number() OVER (ORDER BY id DESC) FROM range(2) ORDER BY id",
            "SELECT 1 <=> NULL, NULL <=> NULL, 5 & 3, 1 <> 2",
            "SELECT cast('NaN' AS DOUBLE), cast('Infinity' AS DOUBLE), 12345678.9D, -0.5D",
            "SELECT cast(year(date '2024-05-06') AS STRING), upper(cast(1.5 AS STRING)), cast(cast(1.9 AS INT) AS STRING)",
        ],
    },
    Difference {
        why: "DuckDB does not say where, or says where the operator is",
        parts: &["place"],
        statements: &[
            "SELECT 1/0",
            "SELECT id / (id - 1) FROM range(3)",
            "SELECT CAST('abc' AS INT)",
            "SELECT CAST('2024-13-01' AS DATE)",
            "SELECT 2147483647 + 1",
            "SELECT 9223372036854775807 + 1",
            "SELECT CAST(12345.6 AS DECIMAL(4,1))",
            "SELECT to_date('x')",
            "SELECT name, count(*) FROM people",
            "SELECT sum(count(*)) FROM people",
            "SELECT 1 UNION SELECT 1, 2",
            "SELECT (SELECT id FROM range(2))",
            "SELECT :bad",
        ],
    },
    Difference { why: "Spark does not say where", parts: &["place"], statements: &["DROP TABLE kept"] },
    Difference {
        why: "a place is another word of the same",
        parts: &["place"],
        statements: &["SELECT p.nope FROM people p", "SELECT 'a"],
    },
    Difference {
        why: "DuckDB finds it at another step, and in other words",
        parts: &["condition", "SQLSTATE"],
        statements: &["INSERT INTO kept SELECT 'x', 1", "SELECT date '2024-13-01'", "SELECT make_date(2024, 13, 1)"],
    },
    Difference {
        why: "DuckDB finds it at another step, and in other words",
        parts: &["condition", "place"],
        statements: &["SELECT mod(5, 0)"],
    },
    Difference {
        why: "DuckDB finds it at another step, and in other words",
        parts: &["condition", "SQLSTATE", "place"],
        statements: &["SELECT '1' + 'x'", "SELECT upper()", "SELECT upper('a', 'b')", "SELECT array(1) + 1"],
    },
];

/// What is run, one statement after the other, beside those of `sample`.
const COMPARED: &[&str] = &[
    // Tables.
    "CREATE TABLE people (id INT NOT NULL, name STRING, born DATE, pay DECIMAL(10,2), at TIMESTAMP)",
    "INSERT INTO people VALUES (1, 'Ada', date '1815-12-10', 12.50, timestamp '2024-01-02 03:04:05'), (2, 'Bob', NULL, 7, NULL), (3, NULL, date '2000-02-29', NULL, NULL)",
    "CREATE TABLE people (id INT)",
    "CREATE TABLE IF NOT EXISTS people (id INT)",
    "CREATE TABLE kept USING DELTA AS SELECT id, id * 2 AS twice FROM range(3)",
    "CREATE OR REPLACE VIEW named AS SELECT id, name FROM people WHERE name IS NOT NULL",
    "SELECT * FROM people ORDER BY id",
    "SELECT * FROM named ORDER BY 1",
    "SELECT default.people.name FROM default.people ORDER BY id LIMIT 1",
    "SELECT p.name, k.twice FROM hive_metastore.default.people AS p JOIN default.kept k ON p.id = k.id ORDER BY ALL",
    "INSERT INTO people (id, name) SELECT 4, 'Eve'",
    "INSERT INTO people VALUES (1)",
    "CREATE TABLE filled (id INT NOT NULL)",
    "INSERT INTO filled VALUES (NULL)",
    "DROP TABLE filled",
    "CREATE OR REPLACE TABLE kept AS SELECT id + 1 AS id, twice FROM default.kept WHERE id > 0",
    "SELECT * FROM hive_metastore.default.kept ORDER BY id",
    "INSERT OVERWRITE kept VALUES (7, 8)",
    "SELECT * FROM kept",
    "INSERT INTO kept SELECT 'x', 1",
    "UPDATE kept SET twice = 9 WHERE id = 7",
    "DELETE FROM kept WHERE id = 7",
    "MERGE INTO kept AS k USING (SELECT 7 AS id) AS s ON k.id = s.id WHEN MATCHED THEN UPDATE SET twice = 1",
    "ALTER TABLE kept ADD COLUMN more STRING",
    "TRUNCATE TABLE kept",
    "SELECT count(*) AS n FROM kept",
    "DESCRIBE TABLE people",
    "DESCRIBE people",
    "DESCRIBE TABLE nope",
    "SHOW TABLES",
    "SHOW TABLES IN hive_metastore.default LIKE 'pe*'",
    "SHOW COLUMNS IN people",
    "SHOW SCHEMAS",
    "SHOW CREATE TABLE people",
    "SELECT table_schema, table_name, table_type FROM information_schema.tables ORDER BY table_name",
    "SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_name = 'people' ORDER BY ordinal_position",
    "SELECT schema_name FROM hive_metastore.information_schema.schemata",
    "EXPLAIN SELECT 1",
    "DROP TABLE kept",
    "DROP TABLE kept",
    "DROP TABLE IF EXISTS kept",
    // Types and their text.
    "SELECT NULL AS n, CAST(NULL AS DOUBLE) AS d",
    "SELECT CAST(1 AS TINYINT) AS a, 2S AS b, 3L AS c, 1.5F AS d, 2.5BD AS e",
    "SELECT CAST(1.5 AS DECIMAL(38,10)) AS a, CAST(-0.001 AS DECIMAL(5,3)) AS b, 1e-10BD AS c",
    "SELECT 1.10 + 2.2 AS a, 1.10 * 2.2 AS b, 1.10 / 3 AS c, 10 / 4 AS d",
    "SELECT sum(pay) AS a, avg(pay) AS b, max(pay) AS c FROM people",
    "SELECT round(2.345, 2) AS a, round(-2.5D) AS b, bround(2.5) AS c, ceil(1.01) AS d, floor(-1.01) AS e",
    "SELECT CAST(0.1F AS DOUBLE) AS a, CAST(1e16 AS STRING) AS b, CAST(1.0 AS FLOAT) AS c",
    "SELECT CAST(' 7 ' AS INT) AS a, CAST('true' AS BOOLEAN) AS b, CAST('1.5' AS DECIMAL(3,1)) AS c",
    "SELECT CAST('2024-01-02T03:04:05.123456Z' AS TIMESTAMP) AS a, CAST('2024-01-02' AS TIMESTAMP) AS b",
    "SELECT CAST('2024-01-02 03:04:05+02:00' AS TIMESTAMP) AS a, CAST(date '2024-01-02' AS STRING) AS b",
    "SELECT timestamp '0001-01-01 00:00:00' AS a, date '9999-12-31' AS b, timestamp '2024-01-01 00:00:00.000001' AS c",
    "SELECT timestamp '2024-03-01 12:00:00' - timestamp '2024-02-29 00:00:00' AS a",
    "SELECT interval 1 day AS a, interval '1-2' year to month AS b",
    "SELECT date '2024-03-01' - date '2024-02-01' AS a",
    "SELECT array(1, NULL, 3) AS a, array() AS b, array('x\"y', 'é') AS c",
    "SELECT map(1, 'a', 2, NULL) AS a, map('k', array(1.50, 2.25)) AS b",
    "SELECT named_struct('a', NULL, 'b', 1.50, 'c', true) AS a, struct(1, 'x') AS b",
    "SELECT array(timestamp '2024-01-02 03:04:05', NULL) AS a, named_struct('d', date '2024-01-02') AS b",
    "SELECT array(1.0D, 1e20D) AS a, array(x'4142') AS b",
    "SELECT X'00ff' AS a, CAST('é' AS BINARY) AS b, hex('AB') AS c, unhex('4142') AS d",
    // Functions.
    "SELECT greatest(1, 3, 2) AS a, least('b', 'a') AS b, coalesce(NULL, 'x') AS c, nvl(NULL, 1.5) AS d",
    "SELECT concat('a', 1, true) AS a, repeat('ab', 2) AS b, reverse('abc') AS c, initcap('hello world') AS d",
    "SELECT trim('  a ') AS a, ltrim('  a') AS b, rtrim('a  ') AS c, instr('hello', 'l') AS d, locate('l', 'hello', 4) AS e",
    "SELECT substring_index('a.b.c', '.', 2) AS a, translate('abc', 'ab', 'xy') AS b, ascii('A') AS c, char(65) AS d",
    "SELECT regexp_extract('foo12', '([a-z]+)(\\\\d+)', 2) AS a, 'abc' LIKE 'a%' AS b, 'Abc' ILIKE 'a__' AS c",
    "SELECT split_part('a-b-c', '-', 2) AS a, left('hello', 2) AS b, right('hello', 2) AS c, charindex('l', 'hello') AS d",
    "SELECT format_number(1234567.891, 2) AS a, lower('É') AS b, length('é') AS c, octet_length('é') AS d",
    "SELECT crc32('a') AS a, sha1('a') AS b, base64('ab') AS c, unbase64('YWI=') AS d",
    "SELECT power(2, 10) AS a, sqrt(2) AS b, mod(7, 3) AS c, sign(-2) AS d, exp(0) AS e, ln(1) AS f",
    "SELECT bit_count(7) AS a, 5 | 2 AS b, 5 ^ 1 AS c, ~5 AS d, shiftleft(1, 3) AS e",
    "SELECT date_format(date '2024-05-06', 'EEEE d MMM yy') AS a, to_date('06/05/2024', 'dd/MM/yyyy') AS b",
    "SELECT months_between(date '2024-03-31', date '2024-02-29') AS a, next_day(date '2024-05-06', 'Mon') AS b",
    "SELECT weekofyear(date '2024-01-01') AS a, quarter(date '2024-05-06') AS b, dayofyear(date '2024-03-01') AS c, weekday(date '2024-05-06') AS d",
    "SELECT extract(YEAR FROM date '2024-05-06') AS a, date_part('month', timestamp '2024-05-06 00:00:00') AS b",
    "SELECT timestampdiff(HOUR, timestamp '2024-01-01 00:00:00', timestamp '2024-01-02 01:00:00') AS a, timestampadd(DAY, 1, timestamp '2024-01-01 00:00:00') AS b",
    "SELECT make_date(2024, 2, 29) AS a, from_unixtime(0) AS b, unix_date(date '1970-01-02') AS c, timestamp_seconds(1) AS d",
    "SELECT date_diff(DAY, date '2024-01-01', date '2024-01-31') AS a, dateadd(MONTH, 1, date '2024-01-31') AS b",
    "SELECT try_to_number('x', '999') AS a, try_element_at(array(1), 5) AS b, try_subtract(-2147483648, 1) AS c",
    // Aggregates and windows.
    "SELECT count(name) AS a, count(DISTINCT id) AS b, min(born) AS c, max(at) AS d FROM people",
    "SELECT any_value(1) AS a, bool_and(true) AS b, every(false) AS c, count_if(true) AS d, approx_count_distinct(1) AS e",
    "SELECT stddev(id) AS a, var_pop(id) AS b, median(id) AS c, percentile(id, 0.5) AS d FROM range(4)",
    "SELECT collect_set(1) AS a, array_agg(id) AS b, string_agg(CAST(id AS STRING), ',') AS c FROM range(3)",
    "SELECT max_by(id, -id) AS a, min_by(id, -id) AS b, first(id) AS c, sum(DISTINCT id % 2) AS d FROM range(4)",
    "SELECT id % 2 AS k, sum(id) AS s, grouping(id % 2) AS g FROM range(4) GROUP BY ROLLUP (id % 2) ORDER BY k NULLS LAST",
    "SELECT id % 2 AS k, count(*) AS n FROM range(5) GROUP BY 1 HAVING count(*) > 2",
    "SELECT id, lag(id) OVER (ORDER BY id) AS a, lead(id, 1, -1L) OVER (ORDER BY id) AS b, ntile(2) OVER (ORDER BY id) AS c FROM range(3) ORDER BY id",
    "SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS a, percent_rank() OVER (ORDER BY id) AS b FROM range(3) ORDER BY id",
    "SELECT rank() OVER (ORDER BY id DIV 2) AS a, dense_rank() OVER (ORDER BY id DIV 2) AS b FROM range(3) ORDER BY 1, 2",
    // Joins, sets and shapes.
    "SELECT a.id FROM range(3) a LEFT SEMI JOIN range(2) b ON a.id = b.id ORDER BY 1",
    "SELECT a.id AS x, b.id AS y FROM range(2) a FULL OUTER JOIN range(1, 3) b ON a.id = b.id ORDER BY 1 NULLS LAST",
    "SELECT 1 AS a UNION SELECT 1 UNION ALL SELECT 2 ORDER BY a",
    "SELECT id FROM range(3) EXCEPT SELECT 1L ORDER BY id",
    "SELECT id FROM range(3) INTERSECT SELECT 1L",
    "SELECT id FROM people WHERE id IN (SELECT max(id) FROM people) AND EXISTS (SELECT 1)",
    "SELECT id, (SELECT max(p.id) FROM people p) AS m FROM range(1)",
    "SELECT * FROM (SELECT 1 AS a, 2 AS b) UNPIVOT (v FOR k IN (a, b)) ORDER BY k",
    "SELECT * FROM VALUES ('a', 'x', 1), ('a', 'y', 2) AS t(k, c, v) PIVOT (sum(v) FOR c IN ('x' AS x, 'y' AS y))",
    "SELECT posexplode(array('x', 'y'))",
    "SELECT explode(map('a', 1, 'b', 2))",
    "SELECT id, c FROM range(1) LATERAL VIEW OUTER explode(array()) t AS c",
    "SELECT inline(array(struct(1, 'a'), struct(2, 'b')))",
    "SELECT * EXCEPT (b) FROM (SELECT 1 AS a, 2 AS b)",
    "SELECT t.* FROM people t WHERE id BETWEEN 1 AND 1",
    "SELECT id FROM range(10) ORDER BY id LIMIT 2 OFFSET 3",
    "SELECT id FROM range(5) TABLESAMPLE (100 PERCENT) ORDER BY 1",
    "FROM people SELECT id ORDER BY id LIMIT 1",
    // Arrays, maps and functions of higher order.
    "SELECT aggregate(array(1, 2, 3), 0, (a, x) -> a + x) AS a, exists(array(1, 2), x -> x > 1) AS b, forall(array(1, 2), x -> x > 1) AS c",
    "SELECT zip_with(array(1, 2), array(3, 4), (x, y) -> x * y) AS a, transform(array(5, 6), (x, i) -> x + i) AS b",
    "SELECT map_keys(map('a', 1)) AS a, map_values(map('a', 1)) AS b, map_from_arrays(array('x'), array(2)) AS c, map_entries(map('a', 1)) AS d",
    "SELECT transform_values(map('a', 1), (k, v) -> v + 1) AS a, map_filter(map('a', 1, 'b', 2), (k, v) -> v > 1) AS b",
    "SELECT sort_array(array(3, 1, 2)) AS a, array_sort(array('b', 'a')) AS b, sort_array(array_distinct(array(2, 1, 1))) AS c, slice(array(1, 2, 3), 2, 2) AS d",
    "SELECT array_join(array('a', 'b'), '-') AS a, flatten(array(array(1), array(2))) AS b, sequence(1, 3) AS c, array_position(array('a', 'b'), 'b') AS d",
    "SELECT arrays_zip(array(1, 2), array('a', 'b')) AS a, array_max(array(1, 3)) AS b, array_repeat('x', 2) AS c, array_remove(array(1, 2), 1) AS d",
    "SELECT sort_array(array_union(array(1), array(2))) AS a, array_intersect(array(1, 2), array(2)) AS b, array_except(array(1, 2), array(2)) AS c, arrays_overlap(array(1), array(1)) AS d",
    "SELECT cardinality(map('a', 1)) AS a, size(NULL) AS b, map_contains_key(map('a', 1), 'a') AS c, map_concat(map('a', 1), map('b', 2)) AS d",
    "SELECT to_json(named_struct('a', 1, 'b', 'x')) AS a, from_json('{\"a\":1}', 'a INT') AS b",
    "SELECT from_json('[1,2]', 'ARRAY<INT>') AS a, get_json_object('{\"a\":[1,2]}', '$.a[1]') AS b",
    "SELECT array(1, 2)[5]",
    "SELECT element_at(array(1, 2), 5)",
    "SELECT map('a', 1)['b'] AS a",
    // Names.
    "SELECT 1 + 1, upper('a'), CAST(1 AS STRING), -1, NOT true",
    "SELECT max(id), count(*), count(DISTINCT id) FROM range(2)",
    "SELECT current_catalog(), current_schema(), length(current_user())",
    "SELECT CASE WHEN id > 0 THEN 'a' ELSE 'b' END, id IS NULL, id BETWEEN 1 AND 2 FROM range(1)",
    // Errors.
    "SELECT 1/0",
    "SELECT id / (id - 1) FROM range(3)",
    "SELECT mod(5, 0)",
    "SELECT CAST('abc' AS INT)",
    "SELECT CAST('2024-13-01' AS DATE)",
    "SELECT date '2024-13-01'",
    "SELECT CAST(300 AS TINYINT)",
    "SELECT CAST(1e10 AS INT)",
    "SELECT 2147483647 + 1",
    "SELECT 9223372036854775807 + 1",
    "SELECT -(-2147483648)",
    "SELECT abs(CAST(-128 AS TINYINT))",
    "SELECT CAST(12345.6 AS DECIMAL(4,1))",
    "SELECT to_date('x')",
    "SELECT make_date(2024, 13, 1)",
    "SELECT '1' + 'x'",
    "SELECT *\nFROM nope",
    "SELECT * FROM default.people p, nope.t",
    "SELECT * FROM nowhere.default.t",
    "SELECT nope FROM range(3)",
    "SELECT *\nFROM hive_metastore.default.people AS q WHERE nope = 1",
    "SELECT p.nope FROM people p",
    "SELECT id FROM people a JOIN people b ON a.id = b.id",
    "SELECT nofun(1)",
    "SELECT upper()",
    "SELECT upper('a', 'b')",
    "SELECT array(1) + 1",
    "SELECT name, count(*) FROM people",
    "SELECT sum(count(*)) FROM people",
    "SELECT 1 UNION SELECT 1, 2",
    "SELECT (SELECT id FROM range(2))",
    "SELECT raise_error('my words')",
    "SELECT assert_true(1 > 2)",
    "SELCT 1",
    "SELECT 1 +",
    "SELECT *\nFORM x y",
    "SELECT 'a",
    "SELECT 1; SELECT 2",
    "SELECT (1",
    "SELECT 1 FROM",
    "CREATE TABLE",
    "DROP TABLE people people",
    "SELECT :missing",
];

/// Parameters, of all statements that have them.
fn parameters() -> Value {
    json!([
        {"name": "i", "value": "41", "type": "INT"}, {"name": "s", "value": "x'); DROP TABLE t; --"}, {"name": "v"},
        {"name": "d", "value": "2024-02-03", "type": "DATE"}, {"name": "e", "value": "1.50", "type": "DECIMAL(5,2)"},
        {"name": "t", "value": "2024-02-03 04:05:06", "type": "TIMESTAMP"}, {"name": "b", "value": "true", "type": "BOOLEAN"},
        {"name": "l", "value": "7", "type": "LONG"}, {"name": "f", "value": "0.5", "type": "DOUBLE"},
        {"name": "n", "value": "2", "type": "INT"}, {"name": "table", "value": "default.people"},
        {"name": "column", "value": "name"}, {"name": "bad", "value": "x", "type": "INT"},
        {"name": "odd", "value": "x", "type": "SHAPE"},
    ])
}

const WITH_PARAMETERS: &[&str] = &[
    "SELECT :i + 1 AS a, :s AS b, :v AS c, :d AS d, :e AS e",
    "SELECT :t, :b, :l, :f",
    "SELECT id FROM range(10) LIMIT :n",
    "SELECT id FROM IDENTIFIER(:table) WHERE id < :n",
    "SELECT IDENTIFIER(:column) FROM people ORDER BY id LIMIT 1",
    "SELECT array(:i, :n) AS a, concat(:s, ':i') AS b -- :s",
    "SELECT :bad",
    "SELECT :odd",
    "INSERT INTO people (id, name) VALUES (:i, :s)",
];

/// What is told of a statement, in the parts that are compared.
fn seen(told: &Value) -> Vec<(&'static str, Value)> {
    if told["status"]["state"] == "SUCCEEDED" {
        let columns = told["manifest"]["schema"]["columns"].as_array().unwrap();
        let all = |field: &str| columns.iter().map(|one| one[field].clone()).collect::<Value>();
        let types: Value =
            ["type_text", "type_name", "type_precision", "type_scale"].into_iter().map(all).collect::<Value>();
        return vec![
            ("outcome", json!("SUCCEEDED")),
            ("names", all("name")),
            ("types", types),
            ("rows", told["result"]["data_array"].clone()),
        ];
    }
    let message = told["status"]["error"]["message"].as_str().unwrap();
    let condition = message.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(condition, _)| condition);
    let end = message.rsplit_once("SQLSTATE: ").map_or("", |(_, end)| end);
    let place = end.split_once("; ").or_else(|| end.split_once(" (")).map(|(_, place)| place);
    vec![
        ("outcome", told["status"]["state"].clone()),
        ("condition", json!([condition, told["status"]["error"]["error_code"]])),
        ("SQLSTATE", told["status"]["sql_state"].clone()),
        ("place", json!(place)),
    ]
}

async fn on(engine: SqlEngine) -> Warehouse {
    Warehouse::with(|options| options.sql.engine = engine).await
}

#[tokio::test]
#[ignore = "PySpark is a big download: scripts/compare_sql_engines.sh runs it"]
async fn the_engines_differ_in_what_is_listed_alone() {
    let (duckdb, spark) = (on(SqlEngine::Duckdb).await, on(SqlEngine::Spark).await);
    let sample = sample();
    let plain = sample.iter().map(|(statement, ..)| *statement).chain(COMPARED.iter().copied());
    let all: Vec<(&str, Value)> = plain
        .map(|statement| (statement, json!([])))
        .chain(WITH_PARAMETERS.iter().map(|statement| (*statement, parameters())))
        .collect();
    assert!(all.len() >= 60);
    let listed: BTreeSet<(&str, &str)> = DIFFERENCES
        .iter()
        .inspect(|one| assert!(!one.why.is_empty(), "{:?}", one.statements))
        .flat_map(|one| one.statements.iter().flat_map(|statement| one.parts.iter().map(|part| (*statement, *part))))
        .collect();
    let (mut found, mut words) = (BTreeSet::new(), String::new());
    for (statement, parameters) in &all {
        let more = json!({"parameters": parameters});
        let (one, other) = tokio::join!(duckdb.run(statement, more.clone()), spark.run(statement, more));
        let (of_duckdb, of_spark) = (seen(&one), seen(&other));
        // Where one of them fails there is nothing more to compare.
        for ((part, of_duckdb), (_, of_spark)) in of_duckdb.iter().zip(&of_spark) {
            if of_duckdb == of_spark {
                continue;
            }
            found.insert((*statement, *part));
            if !listed.contains(&(*statement, *part)) {
                let error = |told: &Value| told["status"]["error"]["message"].as_str().unwrap_or_default().to_owned();
                write!(
                    words,
                    "\n{statement}\n  {part}\n    DuckDB: {of_duckdb} {}\n    Spark:  {of_spark} {}",
                    error(&one),
                    error(&other)
                )
                .unwrap();
            }
            if *part == "outcome" {
                break;
            }
        }
    }
    for (statement, part) in listed.difference(&found) {
        write!(words, "\n{statement}\n  {part}: it is listed, and the engines do not differ in it").unwrap();
    }
    assert!(words.is_empty(), "{words}");
}
