//! The clients of others: the official Python SDK, the SQL connector, and commands of SQL in execution contexts.

use reqwest::Method;
use serde_json::{Value, json};

use super::Warehouse;
use crate::aws::venv;

/// What a client's program prints. The local cloud is its proxy: glibc knows no names below localhost.
async fn run(warehouse: &Warehouse, host: &str, program: &'static str) -> String {
    let bench = &warehouse.bench;
    let token = bench.post(&warehouse.at, "/api/2.0/token/create", json!({"comment": "sql"})).await.ok();
    let authorities = bench.dir().join("authorities.pem");
    std::fs::write(&authorities, bench.cloud.authorities()).unwrap();
    let mut command = tokio::process::Command::new(venv().join("bin/python"));
    command
        .args(["-c", program])
        .envs(bench.cloud.proxy_env(&authorities))
        .env("DATABRICKS_HOST", host)
        .env("DATABRICKS_TOKEN", token["token_value"].as_str().unwrap())
        .env_remove("DATABRICKS_ACCOUNT_ID")
        .env_remove("DATABRICKS_CLIENT_ID")
        .env_remove("DATABRICKS_CLIENT_SECRET")
        .env("WAREHOUSE", &warehouse.id)
        .kill_on_drop(true);
    let output = command.output().await.unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{error}");
    out.into_owned()
}

const SDK: &str = r#"
import os, time, requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.service.sql import Disposition, Format, StatementParameterListItem, StatementState
api = WorkspaceClient().statement_execution
of = {"warehouse_id": os.environ["WAREHOUSE"]}
told = api.execute_statement("SELECT :a + 1 AS n, 'x' AS s", parameters=[StatementParameterListItem("a", "INT", "41")], **of)
print(told.status.state, told.manifest.schema.columns[0].type_name, told.result.data_array)
told = api.execute_statement("SELECT id FROM range(100)", disposition=Disposition.EXTERNAL_LINKS, format=Format.CSV, **of)
count, lines = told.manifest.total_chunk_count, ""
for index in range(count):
    link = api.get_statement_result_chunk_n(told.statement_id, index).external_links[0]
    lines += requests.get(link.external_link).text
print(count > 1, lines.split()[0], lines.split()[-1])
told = api.execute_statement("SELECT count(*) FROM range(10000000) a CROSS JOIN range(10000000) b", wait_timeout="0s", **of)
api.cancel_execution(told.statement_id)
print(api.get_statement(told.statement_id).status.state)
told = api.execute_statement("SELECT 1/0", **of)
print(told.status.state, told.status.error.error_code, told.status.error.message[:16], told.status.sql_state)
try:
    api.get_statement("00000000-0000-0000-0000-000000000000")
except NotFound as error:
    print("not found")
"#;

#[tokio::test]
async fn the_official_sdk_runs_statements() {
    let warehouse = Warehouse::with(|options| options.sql.chunk_bytes = 200).await;
    let expected = "StatementState.SUCCEEDED ColumnInfoTypeName.INT [['42', 'x']]\n\
                    True id 99\n\
                    StatementState.CANCELED\n\
                    StatementState.FAILED ServiceErrorCode.BAD_REQUEST [DIVIDE_BY_ZERO] 22012\n\
                    not found\n";
    assert_eq!(run(&warehouse, &warehouse.bench.cloud.workspace_host(&warehouse.at), SDK).await, expected);
}

const CONNECTOR: &str = r#"
import os, logging
logging.disable(logging.CRITICAL)
from databricks import sql
def connect(**more):
    return sql.connect(
        server_hostname=os.environ["DATABRICKS_HOST"], http_path="/sql/1.0/warehouses/" + os.environ["WAREHOUSE"],
        access_token=os.environ["DATABRICKS_TOKEN"], _tls_trusted_ca_file=os.environ["SSL_CERT_FILE"], use_sea=True,
        enable_telemetry=False, **more,
    )
for more in ({"use_cloud_fetch": False}, {}, {"use_hybrid_disposition": True}):
    with connect(**more) as connection, connection.cursor() as cursor:
        cursor.execute("USE CATALOG hive_metastore")
        cursor.execute("CREATE OR REPLACE TABLE t AS SELECT id, 'x' || id AS s, CAST(id AS DECIMAL(5,2)) AS d FROM range(300)")
        # Inline it reads the first chunk alone.
        first = 200 if "use_cloud_fetch" in more else 0
        cursor.execute(f"SELECT * FROM t WHERE id >= {first} ORDER BY id")
        rows = cursor.fetchall()
        print(len(rows) + first, tuple(rows[-1]), [column[0] for column in cursor.description])
        cursor.execute("SELECT * FROM t WHERE id < :n ORDER BY id", {"n": 3})
        print(cursor.fetchall_arrow().num_rows if "use_cloud_fetch" not in more else len(cursor.fetchall()))
        try:
            cursor.execute("SELECT * FROM nope")
        except sql.Error as error:
            print(type(error).__name__, "TABLE_OR_VIEW_NOT_FOUND" in str(error))
"#;

#[tokio::test]
async fn the_sql_connector_runs_statements() {
    let warehouse = Warehouse::with(|options| options.sql.chunk_bytes = 4000).await;
    let one = "300 (299, 'x299', Decimal('299.00')) ['id', 's', 'd']\n3\nServerOperationError True\n";
    // It sends nothing but the path to a proxy of http, and through one of https it connects.
    let host = format!("{}.localhost", warehouse.at);
    assert_eq!(run(&warehouse, &host, CONNECTOR).await, one.repeat(3));
}

#[tokio::test]
async fn a_session_goes_on_where_its_last_statement_ended() {
    let warehouse = Warehouse::new().await;
    let (bench, at) = (&warehouse.bench, &warehouse.at);
    warehouse.rows("CREATE CATALOG main").await;
    let made = bench.post(at, "/api/2.0/sql/sessions", json!({"warehouse_id": warehouse.id})).await.ok();
    let session = json!({"session_id": made["session_id"]});
    warehouse.run("USE CATALOG main", session.clone()).await;
    let told = warehouse.run("SELECT current_catalog()", session.clone()).await;
    assert_eq!(told["result"]["data_array"], json!([["main"]]));
    assert_eq!(warehouse.rows("SELECT current_catalog()").await, json!([["hive_metastore"]]));
    let path = format!("/api/2.0/sql/sessions/{}", made["session_id"].as_str().unwrap());
    bench.send(Method::DELETE, at, &path, None).await.ok();
    warehouse.send("SELECT 1", session).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
}

#[tokio::test]
async fn commands_of_sql_run_on_the_same_engine() {
    let warehouse = Warehouse::new().await;
    let (bench, at) = (&warehouse.bench, &warehouse.at);
    let spec = json!({"spark_version": "17.3.x-scala2.13", "node_type_id": "m5d.large", "num_workers": 0});
    let cluster = bench.post(at, "/api/2.1/clusters/create", spec).await.ok()["cluster_id"].clone();
    let get = format!("/api/2.1/clusters/get?cluster_id={}", cluster.as_str().unwrap());
    bench.until("the cluster runs", async || bench.get(at, &get).await.ok()["state"] == "RUNNING").await;
    let body = json!({"clusterId": cluster, "language": "sql"});
    let context = bench.post(at, "/api/1.2/contexts/create", body).await.ok()["id"].clone();
    let start = async |code: &str| -> String {
        let body = json!({"clusterId": cluster, "contextId": context, "language": "sql", "command": code});
        bench.post(at, "/api/1.2/commands/execute", body).await.ok()["id"].as_str().unwrap().to_owned()
    };
    let look = async |id: &str| -> Value {
        let (cluster, context) = (cluster.as_str().unwrap(), context.as_str().unwrap());
        let path = format!("/api/1.2/commands/status?clusterId={cluster}&contextId={context}&commandId={id}");
        bench.get(at, &path).await.ok()
    };
    let execute = async |code: &str| {
        let id = start(code).await;
        bench.until("the command ends", async || look(&id).await["status"] == "Finished").await;
        look(&id).await["results"].clone()
    };
    execute("CREATE TABLE t AS SELECT 1 AS a").await;
    warehouse.rows("CREATE CATALOG main").await;
    let told = execute("SELECT a, 'x' AS b, 1.5 AS c, NULL AS d FROM t").await;
    assert_eq!((&told["resultType"], &told["data"]), (&json!("table"), &json!([[1, "x", "1.5", null]])));
    assert_eq!(told["schema"][0], json!({"name": "a", "type": "\"integer\"", "metadata": "{}"}));
    let told = execute("SELECT 1/0").await;
    assert_eq!(told["resultType"], "error");
    assert!(told["summary"].as_str().unwrap().contains("[DIVIDE_BY_ZERO]"), "{told}");
    execute("USE CATALOG main").await;
    assert_eq!(execute("SELECT current_catalog()").await["data"], json!([["main"]]));
    let endless = start("SELECT count(*) FROM range(10000000) a CROSS JOIN range(10000000) b").await;
    bench.until("it runs", async || look(&endless).await["status"] == "Running").await;
    let body = json!({"clusterId": cluster, "contextId": context, "commandId": endless});
    bench.post(at, "/api/1.2/commands/cancel", body).await.ok();
    bench.until("it is cancelled", async || look(&endless).await["status"] == "Cancelled").await;
    assert_eq!(execute("SELECT 1").await["data"], json!([[1]]));
}
