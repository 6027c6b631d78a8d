//! The commands of the workspace, which need no endpoint: clusters, node types, warehouses, who is signed in, and any request.

use std::fs;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::bench::text;
use crate::cloud::Cloud;

/// A command in the workspace, as its administrator.
fn tunnel(cloud: &Cloud, words: &[&str]) -> Command {
    let mut tunnel = cloud.tunnel("ada");
    tunnel.current_dir(cloud.folder.path()).args(words).args(["--host", &cloud.endpoint.host]);
    tunnel
}

async fn run(cloud: &Cloud, words: &[&str]) -> (i32, String, String) {
    text(&tunnel(cloud, words).output().await.unwrap())
}

async fn json(cloud: &Cloud, words: &[&str]) -> Value {
    let (code, out, errors) = run(cloud, words).await;
    assert_eq!(code, 0, "{words:?}: {errors}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{words:?}: {error}: {out}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_looked_at_started_restarted_and_terminated_by_its_id_or_name() {
    let cloud = Cloud::start().await;
    let id = cloud.endpoint.cluster_id.as_str();
    assert_eq!(run(&cloud, &["cluster", "start", "demo", "--wait"]).await.0, 0);
    let (_, _, words) = run(&cloud, &["cluster", "start", id]).await;
    assert!(words.contains("is RUNNING already"), "{words}");
    let (code, out, _) = run(&cloud, &["cluster", "list"]).await;
    assert!(code == 0 && out.contains(id) && out.contains("RUNNING") && out.contains("m6gd.large"), "{out}");
    let (code, _, words) = run(&cloud, &["cluster", "restart", id, "--wait"]).await;
    assert!(code == 0 && words.contains("is RUNNING"), "{words}");
    let restarted = json(&cloud, &["cluster", "events", "demo", "--json"]).await;
    let kinds: Vec<&str> = restarted.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"RESTARTING"), "{kinds:?}");
    let (code, _, words) = run(&cloud, &["cluster", "terminate", "demo", "--wait"]).await;
    assert!(code == 0 && words.contains("is TERMINATED"), "{words}");
    let found = json(&cloud, &["cluster", "get", "demo", "--json"]).await;
    assert_eq!((found["cluster_id"].as_str(), found["state"].as_str()), (Some(id), Some("TERMINATED")));
    let (_, out, _) = run(&cloud, &["cluster", "get", id]).await;
    assert!(out.contains("state        TERMINATED") && out.contains("17.3.x-scala2.13"), "{out}");
    assert_eq!(run(&cloud, &["cluster", "list", "--state", "running", "--json"]).await.1, "[]\n");
    let (code, out, _) = run(&cloud, &["cluster", "events", id, "--limit", "1"]).await;
    assert!(code == 0 && out.lines().count() == 2 && out.contains("TERMINAT"), "{out}");
    // Without --wait it is only asked for.
    let (code, _, words) = run(&cloud, &["cluster", "start", "demo"]).await;
    assert!(code == 0 && words.contains("is asked to start"), "{words}");

    for wanted in ["none", "0123-456789-abcdefgh"] {
        let (code, _, words) = run(&cloud, &["cluster", "get", wanted]).await;
        assert!(code == 3 && words.contains(wanted), "{code} {words}");
    }
    let twin = json!({"cluster_name": "demo", "spark_version": "17.3.x-scala2.13", "node_type_id": "m5d.large", "num_workers": 1});
    let twin = cloud.post("/api/2.1/clusters/create", twin).await["cluster_id"].as_str().unwrap().to_owned();
    let (code, _, words) = run(&cloud, &["cluster", "terminate", "demo"]).await;
    assert!(code == 1 && words.contains(id) && words.contains(&twin), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_several_pages_is_whole_and_in_order() {
    let cloud = Cloud::start().await;
    for number in 0..105 {
        let cluster = json!({"cluster_name": format!("c{number}"), "spark_version": "17.3.x-scala2.13", "node_type_id": "m5d.large", "num_workers": 1});
        cloud.post("/api/2.1/clusters/create", cluster).await;
    }
    let all = json(&cloud, &["cluster", "list", "--json"]).await;
    let names: std::collections::BTreeSet<&str> =
        all.as_array().unwrap().iter().map(|cluster| cluster["cluster_name"].as_str().unwrap()).collect();
    assert_eq!((all.as_array().unwrap().len(), names.len()), (106, 106));
    let (_, out, _) = run(&cloud, &["cluster", "list"]).await;
    assert_eq!(out.lines().count(), 107);
    // The same, as it comes.
    let (code, out, words) =
        run(&cloud, &["api", "GET", "2.1/clusters/list", "--query", "page_size=50", "--paginate"]).await;
    assert_eq!(code, 0, "{words}");
    let pages: Vec<Value> = serde_json::Deserializer::from_str(&out).into_iter().map(Result::unwrap).collect();
    let found: usize = pages.iter().map(|page| page["clusters"].as_array().unwrap().len()).sum();
    assert_eq!((pages.len(), found), (3, 106));
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warehouses_are_started_and_stopped_and_node_types_chosen() {
    let cloud = Cloud::start().await;
    let made = cloud.post("/api/2.0/sql/warehouses", json!({"name": "reports", "cluster_size": "Small"})).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(run(&cloud, &["warehouse", "start", "reports", "--wait"]).await.0, 0);
    let (code, _, words) = run(&cloud, &["warehouse", "stop", id, "--wait"]).await;
    assert!(code == 0 && words.contains("reports is STOPPED"), "{words}");
    let (_, _, words) = run(&cloud, &["warehouse", "stop", "reports"]).await;
    assert!(words.contains("is STOPPED already"), "{words}");
    let (_, out, _) = run(&cloud, &["warehouse", "list"]).await;
    assert!(out.contains(id) && out.contains("STOPPED") && out.contains("Small") && out.contains("120m"), "{out}");
    for (state, is_listed) in [("stopped", true), ("RUNNING", false)] {
        let (_, out, _) = run(&cloud, &["warehouse", "list", "--state", state]).await;
        assert_eq!(out.contains(id), is_listed, "{state}: {out}");
        let (_, out, _) = run(&cloud, &["warehouse", "list", "--state", state, "--json"]).await;
        assert_eq!(out.contains(id), is_listed, "{state}: {out}");
    }
    let found = json(&cloud, &["warehouse", "get", id, "--json"]).await;
    assert_eq!((found["name"].as_str(), found["state"].as_str()), (Some("reports"), Some("STOPPED")));
    let (code, _, words) = run(&cloud, &["warehouse", "start", "none"]).await;
    assert!(code == 3 && words.contains("no warehouse has the name \"none\""), "{words}");
    assert_eq!(run(&cloud, &["warehouse", "get", "0123456789abcdef"]).await.0, 3);

    let (_, out, _) = run(&cloud, &["node-types", "--graviton"]).await;
    assert!(out.contains("m6gd.large") && out.contains("aarch64") && !out.contains("x86_64"), "{out}");
    let all = json(&cloud, &["node-types", "--json"]).await;
    assert!(all.as_array().unwrap().iter().any(|one| one["node_type_id"] == "m5d.large"), "{all}");
    assert_eq!(run(&cloud, &["node-types", "--min-cores", "100000", "--json"]).await.1, "[]\n");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_and_where_that_works_is_said() {
    let cloud = Cloud::start().await;
    let me = cloud.client.me().await.unwrap();
    let found = json(&cloud, &["whoami", "--json"]).await;
    assert_eq!(
        (found["user_name"].as_str(), found["auth_type"].as_str()),
        (Some(me.user_name.as_str()), Some("oauth-m2m"))
    );
    assert_eq!(found["workspace_id"].as_str(), Some(cloud.endpoint.workspace_id.as_str()));
    assert!(found["token_expires_in_seconds"].as_u64().is_some_and(|seconds| (1..=3600).contains(&seconds)), "{found}");
    let (_, out, _) = run(&cloud, &["whoami"]).await;
    assert!(out.contains(&me.user_name) && out.contains("oauth-m2m") && out.contains("is renewed before"), "{out}");

    let works = json(&cloud, &["auth", "test", "--json"]).await;
    let levels: Vec<(&str, bool)> = works["levels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|level| (level["level"].as_str().unwrap(), level["works"].as_bool().unwrap()))
        .collect();
    assert_eq!(levels, [("workspace", true), ("account", true)], "{works}");

    // A token of the workspace is no good in the account.
    let token =
        cloud.post("/api/2.0/token/create", json!({"comment": "a"})).await["token_value"].as_str().unwrap().to_owned();
    let with_token = |words: &[&str]| {
        let mut tunnel = tunnel(&cloud, words);
        for name in ["DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"] {
            tunnel.env_remove(name);
        }
        tunnel.env("DATABRICKS_TOKEN", &token).env("DATABRICKS_HOST", &cloud.endpoint.host);
        tunnel
    };
    let (code, out, words) = text(&with_token(&["auth", "test"]).output().await.unwrap());
    assert!(
        code == 4 && out.contains("signing in by pat") && out.contains("works") && out.contains("fails"),
        "{out}{words}"
    );
    assert!(!out.contains(&token) && !words.contains(&token));

    for words in [&["whoami"][..], &["cluster", "list"], &["api", "GET", "2.1/clusters/list"]] {
        let mut wrong = tunnel(&cloud, words);
        let (code, _, errors) = text(&wrong.env("DATABRICKS_CLIENT_SECRET", "wrong").output().await.unwrap());
        assert!(code == 4 && errors.contains("cannot sign in"), "{words:?} {code}: {errors}");
        assert!(!errors.contains("wrong\""), "{errors}");
    }
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_request_is_sent_and_shown_as_it_is() {
    let cloud = Cloud::start().await;
    let home = cloud.folder.path();
    let (code, out, _) = run(&cloud, &["api", "get", "/api/2.1/clusters/list"]).await;
    assert!(code == 0 && serde_json::from_str::<Value>(&out).unwrap()["clusters"].is_array(), "{out}");
    let (code, out, _) = run(&cloud, &["api", "GET", "2.0/accounts/{account_id}/workspaces"]).await;
    assert!(code == 0 && out.contains("\"workspace_name\""), "{out}");
    let (code, out, words) = run(&cloud, &["api", "GET", "2.1/clusters/get", "-q", "cluster_id=none"]).await;
    assert!(code == 1 && out.contains("error_code") && words.contains("was answered with 400"), "{out}{words}");
    assert_eq!(run(&cloud, &["api", "GET", "2.0/sql/warehouses/0123456789abcdef"]).await.0, 3);
    let (code, _, words) = run(&cloud, &["api", "GET", "https://evil.example.com/api/2.0/x"]).await;
    assert!(code == 1 && words.contains("is neither the workspace"), "{words}");

    // Every command shows its requests, and no secret of them.
    let (code, out, words) = run(&cloud, &["--debug", "whoami"]).await;
    assert!(code == 0 && !out.contains("GET /api"), "{out}");
    assert!(words.contains("GET /api/2.0/preview/scim/v2/Me") && words.contains("status=200"), "{words}");
    let token = cloud.client.bearer().await.unwrap();
    assert!(!words.contains(token.expose().as_str()) && !words.contains(cloud.cloud.client_secret().expose().as_str()));
    let (code, _, words) = run(&cloud, &["cluster", "get", "nowhere", "--debug"]).await;
    assert!(code == 3 && words.contains("GET /api/2.1/clusters/list"), "{words}");

    // A body from the line, from a file and from stdin; a secret is not shown by --debug.
    let scope = json!({"scope": "s"}).to_string();
    assert_eq!(run(&cloud, &["api", "POST", "2.0/secrets/scopes/create", "--data", &scope]).await.0, 0);
    fs::write(home.join("put.json"), json!({"scope": "s", "key": "k", "string_value": "hunter2"}).to_string()).unwrap();
    let (code, _, words) = run(&cloud, &["api", "POST", "2.0/secrets/put", "--data", "@put.json", "--debug"]).await;
    assert!(code == 0 && words.contains("> POST") && words.contains("Bearer [redacted]"), "{words}");
    assert!(!words.contains("hunter2"), "{words}");
    let token = cloud.client.bearer().await.unwrap();
    assert!(!words.contains(token.expose().as_str()));
    let (_, out, _) = run(&cloud, &["api", "GET", "2.0/secrets/get?scope=s&key=k"]).await;
    assert!(out.contains("aHVudGVyMg=="), "{out}");
    let inline = json!({"scope": "s", "key": "l", "string_value": "hunter3"}).to_string();
    let (_, _, words) = run(&cloud, &["api", "POST", "2.0/secrets/put", "--data", &inline, "--debug"]).await;
    assert!(words.contains("\"key\":\"l\"") && !words.contains("hunter3"), "{words}");

    // A form with a file, and bytes that come back as they were, whole or not at all.
    let bytes = crate::bench::noise(7, 300_000);
    fs::write(home.join("a.bin"), &bytes).unwrap();
    let form = [
        "api",
        "POST",
        "2.0/workspace/import",
        "--form",
        "path=/Shared/a.bin",
        "--form",
        "format=AUTO",
        "--file",
        "content=@a.bin;b.bin",
    ];
    let (code, out, words) = run(&cloud, &form).await;
    assert_eq!(code, 0, "{out}{words}");
    let export = ["api", "GET", "2.0/workspace/export", "-q", "path=/Shared/a.bin", "-q", "direct_download=true"];
    let to_file = [&export[..], &["--output", "binary", "--output-file", "b.bin"]].concat();
    assert_eq!(run(&cloud, &to_file).await.0, 0);
    assert!(fs::read(home.join("b.bin")).unwrap() == bytes);
    let output = tunnel(&cloud, &export).output().await.unwrap();
    assert!(output.stdout == bytes);
    let (code, out, _) = run(&cloud, &["api", "GET", "2.1/clusters/list", "--include"]).await;
    assert!(code == 0 && out.starts_with("HTTP 200\n") && out.contains("content-type: application/json"), "{out}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_sent_again_as_often_as_the_person_says() {
    let cloud = Cloud::start().await;
    let ask = async |words: &[&str]| {
        cloud.cloud.clear_faults();
        let fault = json!({"match": "GET /api/2.1/clusters/list", "times": 2, "status": 503, "code": "TEMPORARILY_UNAVAILABLE"});
        cloud.cloud.fault(serde_json::from_value(fault).unwrap());
        run(&cloud, &[&["api", "GET", "2.1/clusters/list"], words].concat()).await
    };
    let (code, out, words) = ask(&[]).await;
    assert!(code == 1 && out.contains("TEMPORARILY_UNAVAILABLE") && words.contains("503"), "{out}{words}");
    assert_eq!(ask(&["--retries", "1"]).await.0, 1);
    assert_eq!(ask(&["--retries", "2"]).await.0, 0);
    assert_eq!(ask(&["--retries", "2", "--backoff"]).await.0, 0);
    let ask_refused = async |words: &[&str]| {
        cloud.cloud.clear_faults();
        let fault = json!({"match": "GET /api/2.1/clusters/list", "times": 1, "status": 409, "code": "ABORTED"});
        cloud.cloud.fault(serde_json::from_value(fault).unwrap());
        run(&cloud, &[&["api", "GET", "2.1/clusters/list"], words].concat()).await
    };
    assert_eq!(ask_refused(&["--retries", "2"]).await.0, 1);
    assert_eq!(ask_refused(&["--retries", "2", "--retry-all"]).await.0, 0);
    // A lost answer is one more.
    cloud.cloud.clear_faults();
    let cut = json!({"match": "GET /api/2.1/clusters/list", "times": 1, "cut": true});
    cloud.cloud.fault(serde_json::from_value(cut).unwrap());
    let (code, _, words) = run(&cloud, &["api", "GET", "2.1/clusters/list"]).await;
    assert!(code == 1 && words.contains("no answer"), "{words}");
    cloud.cloud.fault(
        serde_json::from_value(json!({"match": "GET /api/2.1/clusters/list", "times": 1, "cut": true})).unwrap(),
    );
    assert_eq!(run(&cloud, &["api", "GET", "2.1/clusters/list", "--retries", "1"]).await.0, 0);
    // What takes longer than the person waits is given up.
    cloud.cloud.fault(
        serde_json::from_value(json!({"match": "GET /api/2.1/clusters/list", "times": 1, "delay_ms": 5000})).unwrap(),
    );
    let (code, _, words) = run(&cloud, &["api", "GET", "2.1/clusters/list", "--timeout", "300ms"]).await;
    assert!(code == 1 && words.contains("no answer within"), "{words}");
    cloud.cloud.stop().await;
}
