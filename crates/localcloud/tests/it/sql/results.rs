//! Results: inline, by links, in their formats, and their limits.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Warehouse, client};

#[tokio::test]
async fn a_statement_tells_its_result_with_its_answer() {
    let warehouse = Warehouse::new().await;
    let told = warehouse.run("SELECT 1 AS one, 'a' AS two", json!({})).await;
    assert_eq!(told["status"], json!({"state": "SUCCEEDED"}));
    let columns = json!([
        {"name": "one", "type_text": "INT", "type_name": "INT", "position": 0},
        {"name": "two", "type_text": "STRING", "type_name": "STRING", "position": 1},
    ]);
    assert_eq!(told["manifest"]["schema"], json!({"column_count": 2, "columns": columns}));
    assert_eq!(told["manifest"]["format"], "JSON_ARRAY");
    assert_eq!(told["manifest"]["total_row_count"], 1);
    assert_eq!(told["manifest"]["total_chunk_count"], 1);
    assert_eq!(told["manifest"]["truncated"], false);
    let result = json!({"chunk_index": 0, "row_offset": 0, "row_count": 1, "data_array": [["1", "a"]]});
    assert_eq!(told["result"], result);
    assert_eq!(warehouse.get(&told["statement_id"]).await, told);
    assert_eq!(warehouse.chunk(&told["statement_id"], 0).await, result);
}

#[tokio::test]
async fn columns_without_an_alias_are_named_after_what_they_are_made_of() {
    let warehouse = Warehouse::new().await;
    let check = async |statement: &str, names: &[&str]| {
        let told = warehouse.run(statement, json!({})).await;
        let columns = told["manifest"]["schema"]["columns"].as_array().unwrap().iter();
        assert_eq!(columns.map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>(), names, "{told}");
    };
    check("SELECT 1, 'a', true, 1 + 2 * 3, upper('a')", &["1", "a", "true", "(1 + (2 * 3))", "upper(a)"]).await;
    check("SELECT NOT true, CAST('7' AS INT), 7 div 2", &["(NOT true)", "CAST(7 AS INT)", "(7 div 2)"]).await;
    check("SELECT count(*), current_schema()", &["count(1)", "current_schema()"]).await;
}

#[tokio::test]
async fn a_large_result_is_chained_by_its_chunks_inline_and_by_links() {
    let warehouse = Warehouse::with(|options| options.sql.chunk_bytes = 2000).await;
    let rows = |data: &Value| data.as_array().unwrap().clone();
    let expected: Vec<Value> = (0..1000).map(|id| json!([id.to_string()])).collect();
    for disposition in ["INLINE", "EXTERNAL_LINKS"] {
        let told = warehouse.run("SELECT id FROM range(1000)", json!({"disposition": disposition})).await;
        let count = told["manifest"]["total_chunk_count"].as_u64().unwrap();
        assert!(count > 3, "{told}");
        let (mut all, mut result, mut at) = (Vec::new(), told["result"].clone(), 0);
        loop {
            let link = result["external_links"][0].clone();
            let of = if disposition == "INLINE" { result.clone() } else { link.clone() };
            let chunk = &told["manifest"]["chunks"][at];
            for field in ["chunk_index", "row_offset", "row_count"] {
                assert_eq!(of[field], chunk[field], "{field} of {of}");
            }
            let data = if disposition == "INLINE" {
                result["data_array"].clone()
            } else {
                let body = client().get(link["external_link"].as_str().unwrap()).send().await.unwrap();
                let body = body.error_for_status().unwrap().text().await.unwrap();
                assert_eq!(chunk["byte_count"], body.len());
                serde_json::from_str(&body).unwrap()
            };
            all.extend(rows(&data));
            at += 1;
            let Some(next) = of["next_chunk_internal_link"].as_str() else { break };
            assert_eq!(of["next_chunk_index"], at);
            result = warehouse.bench.get(&warehouse.at, next).await.ok();
        }
        assert_eq!((u64::try_from(at).unwrap(), &all), (count, &expected), "{disposition}");
    }
}

#[tokio::test]
async fn csv_has_its_header_in_the_first_chunk_and_null_in_words() {
    let warehouse = Warehouse::with(|options| options.sql.chunk_bytes = 30).await;
    let statement = "SELECT id, 'x,\"' || id AS `a b`, null AS n FROM range(3)";
    let told = warehouse.run(statement, json!({"disposition": "EXTERNAL_LINKS", "format": "CSV"})).await;
    let mut all = Vec::new();
    for index in 0..told["manifest"]["total_chunk_count"].as_u64().unwrap() {
        let chunk = warehouse.chunk(&told["statement_id"], usize::try_from(index).unwrap()).await;
        let link = chunk["external_links"][0]["external_link"].as_str().unwrap().to_owned();
        all.push(client().get(link).send().await.unwrap().text().await.unwrap());
    }
    assert_eq!(all, ["id,a b,n\r\n0,\"x,\"\"0\",null\r\n", "1,\"x,\"\"1\",null\r\n", "2,\"x,\"\"2\",null\r\n"]);
}

#[tokio::test]
async fn an_arrow_stream_is_one_of_its_own_in_each_chunk() {
    let warehouse = Warehouse::with(|options| options.sql.chunk_bytes = 4000).await;
    let statement = "SELECT id, CAST(id AS STRING) AS s FROM range(1000)";
    let told = warehouse.run(statement, json!({"disposition": "EXTERNAL_LINKS", "format": "ARROW_STREAM"})).await;
    let count = told["manifest"]["total_chunk_count"].as_u64().unwrap();
    assert!(count > 3, "{told}");
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for index in 0..count {
        let chunk = warehouse.chunk(&told["statement_id"], usize::try_from(index).unwrap()).await;
        let link = chunk["external_links"][0]["external_link"].as_str().unwrap().to_owned();
        let bytes = client().get(link).send().await.unwrap().bytes().await.unwrap();
        let file = folder.path().join(index.to_string());
        std::fs::write(&file, bytes).unwrap();
        files.push(file);
    }
    let program = "import sys, pyarrow as pa\n\
                   t = pa.concat_tables(pa.ipc.open_stream(open(f, 'rb')).read_all() for f in sys.argv[1:])\n\
                   print(t.num_rows, t.schema.names, sum(t['id'].to_pylist()), t['s'][999])";
    assert_eq!(python(program, &files), "1000 ['id', 's'] 499500 999\n");
}

fn python(program: &str, files: &[PathBuf]) -> String {
    let python = crate::aws::venv().join("bin/python");
    let output = std::process::Command::new(python).args(["-c", program]).args(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn limits_cut_a_result_off() {
    let warehouse = Warehouse::new().await;
    let told = warehouse.run("SELECT id FROM range(1000)", json!({"row_limit": 3})).await;
    assert_eq!(told["result"]["data_array"], json!([["0"], ["1"], ["2"]]));
    assert_eq!((&told["manifest"]["truncated"], &told["manifest"]["total_row_count"]), (&json!(true), &json!(3)));
    let told = warehouse.run("SELECT id FROM range(3)", json!({"row_limit": 3})).await;
    assert_eq!(told["manifest"]["truncated"], false);
    let more = json!({"byte_limit": 30, "disposition": "EXTERNAL_LINKS"});
    let told = warehouse.run("SELECT id FROM range(1000)", more).await;
    assert_eq!(told["manifest"]["truncated"], true);
    assert!(told["manifest"]["total_byte_count"].as_u64().unwrap() <= 30, "{told}");
}

#[tokio::test]
async fn a_result_that_is_too_large_for_an_answer_fails_or_comes_by_links() {
    let warehouse = Warehouse::new().await;
    let statement = "SELECT repeat('x', 1000) FROM range(30000)";
    let told = warehouse.run(statement, json!({})).await;
    assert_eq!(told["status"]["state"], "FAILED");
    let message = told["status"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("Inline byte limit exceeded") && message.contains("26214400"), "{message}");
    assert_eq!((told.get("result"), told.get("manifest")), (None, None));
    let told = warehouse.run(statement, json!({"disposition": "INLINE_OR_EXTERNAL_LINKS"})).await;
    assert_eq!(told["manifest"]["total_chunk_count"], 2);
    assert!(told["result"]["external_links"][0]["external_link"].is_string(), "{}", told["status"]);
    let told = warehouse.run("SELECT 1", json!({"disposition": "INLINE_OR_EXTERNAL_LINKS"})).await;
    assert_eq!(told["result"]["data_array"], json!([["1"]]));
}
