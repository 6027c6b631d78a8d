//! Actions against a local cloud.

use std::time::Duration;

use databricks::api::clusters::{self, Cluster, ClusterId, ClusterState};
use databricks::api::tokens;
use databricks::api::warehouses::{self, Warehouse, WarehouseState};
use databricks::{Client, Request};
use jiff::Timestamp;
use localcloud::Fault;
use serde_json::{Value as Json, json};
use tfplugin::testing::invoked;
use tfplugin::{Action, Call, Ephemeral, Error, Marker};
use tokio_util::sync::CancellationToken;

use super::cluster_restart::ClusterRestart;
use super::cluster_start::ClusterStart;
use super::cluster_terminate::ClusterTerminate;
use super::command::Command;
use super::service_principal_secret_revoke::ServicePrincipalSecretRevoke;
use super::sql_statement::SqlStatement;
use super::sql_warehouse_start::SqlWarehouseStart;
use super::sql_warehouse_stop::SqlWarehouseStop;
use super::token_revoke::TokenRevoke;
use crate::clients::Workspace;
use crate::compute::ephemeral_command::EphemeralCommand;
use crate::sql::statement::Parameter;
use crate::testing::Cloud;

fn start(id: &str) -> ClusterStart {
    ClusterStart { cluster_id: id.into() }
}

fn restart(id: &str) -> ClusterRestart {
    ClusterRestart { cluster_id: id.into() }
}

fn terminate(id: &str) -> ClusterTerminate {
    ClusterTerminate { cluster_id: id.into() }
}

fn python(id: &str, command: &str) -> Command {
    Command { cluster_id: id.into(), language: "python".into(), command: command.into() }
}

/// A cluster that has just been asked for.
async fn new_cluster(client: &Client) -> String {
    let body = json!({
        "cluster_name": "example",
        "spark_version": "17.3.x-scala2.13",
        "node_type_id": "m6gd.large",
        "num_workers": 0,
        "autotermination_minutes": 30,
    });
    clusters::create(client, &body).await.unwrap().cluster_id
}

async fn cluster(client: &Client, id: &str) -> Cluster {
    clusters::get(client, id).await.unwrap()
}

/// The action's words, where it succeeds.
async fn says<A: Action<Client = Workspace>>(cx: &Call<Workspace>, config: A) -> Vec<String> {
    let (said, ended) = invoked(cx, config).await;
    ended.unwrap_or_else(|error| panic!("{}: {error}", A::NAME));
    said
}

/// The action's error.
async fn fails<A: Action<Client = Workspace>>(cx: &Call<Workspace>, config: A) -> Error {
    invoked(cx, config).await.1.unwrap_err()
}

fn accused(error: &Error) -> String {
    error.diagnostic().path.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// A call that is interrupted by the token.
fn interruptible(cx: &Call<Workspace>) -> (Call<Workspace>, CancellationToken) {
    let token = CancellationToken::new();
    let client = std::sync::Arc::new(Workspace::from((**cx.client()).clone()));
    let marker = Marker::new("", Timestamp::UNIX_EPOCH);
    (Call::new(client, token.clone(), Duration::from_secs(60), marker), token)
}

#[tokio::test]
async fn a_cluster_is_terminated_started_and_restarted_and_says_so() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let id = new_cluster(cx.client()).await;
    // It starts as it is: that is waited for.
    let said = says(&cx, start(&id)).await;
    assert_eq!(said.last().unwrap(), "The cluster example is RUNNING");
    assert_eq!(says(&cx, start(&id)).await, ["The cluster example is RUNNING already"]);
    assert_eq!(cloud.requests("POST", "/clusters/start"), 0, "what is so already is not asked for");

    let said = says(&cx, restart(&id)).await;
    assert!(said.first().unwrap().starts_with("The cluster example is RESTARTING"), "{said:?}");
    assert_eq!(said.last().unwrap(), "The cluster example is RUNNING");

    let said = says(&cx, terminate(&id)).await;
    assert!(said.last().unwrap().starts_with("The cluster example is TERMINATED"), "{said:?}");
    assert_eq!(says(&cx, terminate(&id)).await, ["The cluster example is TERMINATED already"]);
    says(&cx, start(&id)).await;
    assert_eq!(cluster(cx.client(), &id).await.state, ClusterState::Running);
    let counts = ["/clusters/start", "/clusters/restart", "/clusters/delete"].map(|end| cloud.requests("POST", end));
    assert_eq!(counts, [1, 1, 1]);
}

#[tokio::test]
async fn a_cluster_that_is_being_terminated_is_started_once_it_is() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let id = new_cluster(cx.client()).await;
    says(&cx, start(&id)).await;
    clusters::command(cx.client(), clusters::TERMINATE, &ClusterId { cluster_id: id.clone() }).await.unwrap();
    // It has begun to change since it was looked at.
    cloud.running.fault(Fault::once("POST /api/*/clusters/start", 400, "INVALID_STATE"));
    says(&cx, start(&id)).await;
    assert_eq!(cluster(cx.client(), &id).await.state, ClusterState::Running);
}

#[tokio::test]
async fn a_stopped_cluster_neither_restarts_nor_runs_commands() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let id = new_cluster(cx.client()).await;
    says(&cx, terminate(&id)).await;
    let error = fails(&cx, restart(&id)).await;
    assert!(error.to_string().contains("TERMINATED, and only one that runs is restarted"), "{error}");
    assert!(error.to_string().contains("databricks_cluster_start") && accused(&error) == "cluster_id", "{error}");
    let error = fails(&cx, python(&id, "1")).await;
    assert!(error.to_string().contains("is TERMINATED, and runs nothing: Start it before"), "{error}");
    assert_eq!((accused(&error).as_str(), cloud.requests("POST", "/clusters/restart")), ("cluster_id", 0));
}

#[tokio::test]
async fn what_is_not_there_is_said_where_it_stands() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let none = "0101-010101-none0000";
    let errors = [
        fails(&cx, start(none)).await,
        fails(&cx, restart(none)).await,
        fails(&cx, terminate(none)).await,
        fails(&cx, python(none, "1")).await,
    ];
    for error in errors {
        assert_eq!(error.diagnostic().summary, format!("there is no cluster {none:?}"));
        assert_eq!(accused(&error), "cluster_id");
    }
    for error in [
        fails(&cx, SqlWarehouseStart { id: "0123".into() }).await,
        fails(&cx, SqlWarehouseStop { id: "0123".into() }).await,
    ] {
        assert_eq!(
            (error.diagnostic().summary.as_str(), accused(&error).as_str()),
            ("there is no SQL warehouse \"0123\"", "id")
        );
    }
}

#[tokio::test]
async fn who_may_not_is_told_by_the_service() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let id = new_cluster(cx.client()).await;
    says(&cx, start(&id)).await;
    let refuse = |path: &str| {
        let fault = Fault::once(&format!("POST {path}"), 403, "PERMISSION_DENIED");
        cloud.running.fault(Fault { message: Some("ada may not.".into()), ..fault });
    };
    let check = |error: Error| assert!(error.to_string().contains("ada may not."), "{error}");
    refuse("/api/*/clusters/restart");
    check(fails(&cx, restart(&id)).await);
    refuse("/api/1.2/contexts/create");
    check(fails(&cx, python(&id, "1")).await);
    refuse("/api/*/clusters/delete");
    check(fails(&cx, terminate(&id)).await);
    says(&cx, terminate(&id)).await;
    refuse("/api/*/clusters/start");
    check(fails(&cx, start(&id)).await);
    let warehouse = new_warehouse(cx.client()).await;
    refuse("/api/2.0/sql/warehouses/*/stop");
    check(fails(&cx, SqlWarehouseStop { id: warehouse.as_str().into() }).await);
}

#[tokio::test]
async fn a_cluster_that_does_not_start_says_why() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let id = new_cluster(cx.client()).await;
    says(&cx, terminate(&id)).await;
    let fault = Fault::once("localcloud:StartCluster", 0, "");
    cloud.running.fault(Fault { message: Some("No capacity in eu-west-1a.".into()), ..fault });
    let error = fails(&cx, start(&id)).await.to_string();
    assert!(error.contains("did not start and is TERMINATED") && error.contains("No capacity"), "{error}");
}

#[tokio::test]
async fn an_interruption_ends_the_waiting_and_not_the_cluster() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let id = new_cluster(cx.client()).await;
    let (cx, token) = interruptible(&cx);
    token.cancel();
    let error = fails(&cx, start(&id)).await;
    assert_eq!(error.diagnostic().summary, "Interrupted");
    assert_ne!(cluster(cx.client(), &id).await.state, ClusterState::Terminated);
}

async fn new_warehouse(client: &Client) -> String {
    let body = json!({ "name": "example" });
    let made: Json = client.send(Request::post("/api/2.0/sql/warehouses").json(&body).unwrap()).await.unwrap();
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_warehouse_is_stopped_and_started_and_says_so() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let id = new_warehouse(cx.client()).await;
    let (begin, end) =
        (|| SqlWarehouseStart { id: id.as_str().into() }, || SqlWarehouseStop { id: id.as_str().into() });
    let said = says(&cx, begin()).await;
    assert_eq!(said.last().unwrap().split(" already").next().unwrap(), "The SQL warehouse example is RUNNING");
    assert_eq!(says(&cx, begin()).await, ["The SQL warehouse example is RUNNING already"]);
    assert_eq!(says(&cx, end()).await.last().unwrap(), "The SQL warehouse example is STOPPED");
    assert_eq!(says(&cx, end()).await, ["The SQL warehouse example is STOPPED already"]);
    // One that is being stopped is started once it is.
    says(&cx, begin()).await;
    warehouses::command(cx.client(), "stop", &id).await.unwrap();
    says(&cx, begin()).await;
    let now: Warehouse = warehouses::get(cx.client(), &id).await.unwrap();
    assert_eq!(now.state, WarehouseState::Running);
    let (cx, token) = interruptible(&cx);
    token.cancel();
    assert_eq!(fails(&cx, end()).await.diagnostic().summary, "Interrupted");
}

fn statement(id: &str, text: &str) -> SqlStatement {
    SqlStatement { warehouse_id: id.into(), statement: text.into(), ..SqlStatement::default() }
}

#[tokio::test]
async fn a_statement_runs_and_says_what_it_has_changed() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let id = new_warehouse(cx.client()).await;
    let said = says(&cx, statement(&id, "CREATE TABLE default.t (a INT)")).await;
    assert_eq!(said.last().unwrap(), "The statement has ended");
    let parameter = Parameter { name: "a".into(), value: "7".into(), r#type: "INT".into() };
    let insert = SqlStatement {
        parameters: vec![parameter].into(),
        schema: "default".into(),
        ..statement(&id, "INSERT INTO t VALUES (:a), (:a + 1)")
    };
    let said = says(&cx, insert).await;
    assert_eq!(said.last().unwrap(), "The statement has ended: num_affected_rows = 2, num_inserted_rows = 2");
    let said = says(&cx, statement(&id, "SELECT 'hidden' AS password")).await;
    assert!(said.iter().all(|text| !text.contains("hidden")), "{said:?}");
    let error = fails(&cx, statement(&id, "SELECT * FROM nowhere")).await;
    assert!(error.diagnostic().summary.contains("42P01") && accused(&error) == "statement", "{error}");
}

#[tokio::test]
async fn a_token_and_a_secret_are_revoked_and_what_is_gone_is_no_error() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let issue = tokens::CreateToken { comment: "x".into(), ..Default::default() };
    let issued = tokens::create(cx.client(), &issue).await.unwrap();
    let id = issued.token_info.token_id;
    let revoke = || TokenRevoke { token_id: id.as_str().into() };
    assert_eq!(says(&cx, revoke()).await, [format!("The token {id} is revoked")]);
    assert_eq!(tokens::list(cx.client(), false).await.unwrap(), []);
    assert_eq!(says(&cx, revoke()).await, [format!("The token {id} is gone already")]);

    let either = cloud.either();
    let post = async |path: String, body: Json| -> Json {
        either.client().send(Request::post_account(path).json(&body).unwrap()).await.unwrap()
    };
    let principal = post("/scim/v2/ServicePrincipals".into(), json!({ "displayName": "x" })).await["id"].clone();
    let principal = principal.as_str().unwrap();
    let path = format!("/servicePrincipals/{principal}/credentials/secrets");
    let secret = post(path.clone(), json!({})).await["id"].as_str().unwrap().to_owned();
    let revoke =
        || ServicePrincipalSecretRevoke { service_principal_id: principal.into(), secret_id: secret.as_str().into() };
    let words = async || invoked(&either, revoke()).await.0;
    assert_eq!(words().await, [format!("The secret {secret} is revoked")]);
    let left: Json = either.client().send(Request::get_account(path)).await.unwrap();
    assert_eq!(left["secrets"].as_array().map_or(0, Vec::len), 0);
    assert_eq!(words().await, [format!("The secret {secret} is gone already")]);
}

/// How many contexts were made, and are there.
fn contexts(cloud: &Cloud) -> (usize, usize) {
    let all = cloud.running.requests();
    let answered = |end: &str| all.iter().filter(|one| one.status == 200 && one.path.ends_with(end)).count();
    let made = answered("/contexts/create");
    (made, made - answered("/contexts/destroy"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_runs_says_what_it_prints_and_leaves_no_context() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let id = new_cluster(cx.client()).await;
    says(&cx, start(&id)).await;
    let said = says(&cx, python(&id, "print('hello')\n6 * 7")).await;
    assert!(said.last().unwrap().contains("hello") && said.last().unwrap().contains("42"), "{said:?}");
    assert_eq!(contexts(&cloud), (1, 0));

    let error = fails(&cx, python(&id, "x = 1\nx / 0")).await;
    assert!(error.diagnostic().summary.contains("the command failed: ZeroDivisionError"), "{error}");
    assert!(error.diagnostic().detail.contains("line 2") && accused(&error) == "command", "{error}");
    assert_eq!(contexts(&cloud), (2, 0));

    // The same as an ephemeral resource.
    let ask = |text: &str| EphemeralCommand {
        cluster_id: id.as_str().into(),
        language: "python".into(),
        command: text.into(),
        ..EphemeralCommand::default()
    };
    let opened = EphemeralCommand::open(&cx, ask("print(' a')\n'b'")).await.unwrap();
    assert_eq!(opened.result.output.text(), " a\n'b'");
    let error = EphemeralCommand::open(&cx, ask("raise ValueError('no')")).await.unwrap_err();
    assert!(error.diagnostic().summary.contains("the command failed: ValueError"), "{error}");
    assert_eq!(contexts(&cloud), (4, 0));

    let scala = Command { language: "scala".into(), ..python(&id, "1") };
    let error = fails(&cx, scala).await;
    assert!(error.to_string().contains("cannot run scala") && accused(&error) == "language", "{error}");
    assert_eq!(contexts(&cloud), (5, 0));
    cloud.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_command_ends_with_its_context() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let id = new_cluster(cx.client()).await;
    says(&cx, start(&id)).await;
    let (cx, token) = interruptible(&cx);
    let begun = std::time::Instant::now();
    let interrupt = async {
        while cloud.requests("GET", "/commands/status") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        token.cancel();
    };
    let ((_, ended), ()) = tokio::join!(invoked(&cx, python(&id, "import time\ntime.sleep(300)")), interrupt);
    assert_eq!(ended.unwrap_err().diagnostic().summary, "Interrupted");
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(contexts(&cloud), (1, 0));
    cloud.running.stop().await;
}
