//! What the official clients send is taken, and they find what they look for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::{Bench, reply};

/// A bench whose requests are nobody's of ours.
async fn foreign() -> Bench {
    let mut bench = Bench::new().await;
    bench.strict = false;
    bench
}

const SPEC: &str = r#"{"spark_version": "17.3.x-scala2.13", "node_type_id": "m5.large", "num_workers": 1}"#;

fn spec(change: Value) -> Value {
    let mut spec: Value = serde_json::from_str(SPEC).unwrap();
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    spec
}

#[tokio::test]
async fn fields_that_the_api_does_not_have_are_ignored() {
    let bench = foreign().await;
    let account = bench.cloud.account_id();
    let network = json!({
        "account_id": account, "network_name": "lake", "vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"],
        "security_group_ids": ["sg-1"], "of_next_year": true,
    });
    let made = bench.account_post("/networks", network).await.ok();
    assert_eq!((made["network_name"].as_str(), made.get("of_next_year")), (Some("lake"), None));
    let mut workspace = bench.workspace_body("a").await;
    workspace["account_id"] = json!(account);
    workspace["effective_compute_mode"] = json!("");
    let made = bench.account_post("/workspaces", workspace).await.ok();
    let name = made["deployment_name"].as_str().unwrap();
    assert_eq!(made["workspace_url"], format!("http://{name}.localhost:{}", bench.cloud.port()));
}

#[tokio::test]
async fn a_cluster_keeps_all_that_it_is_told() {
    let bench = foreign().await;
    let (_, at) = bench.workspace("a").await;
    let told = json!({
        "worker_node_type_flexibility": {"alternate_node_type_ids": ["m5.xlarge"]}, "remote_disk_throughput": 7,
        "total_initial_remote_disk_size": 8, "num_workers": "2",
    });
    let id = bench.post(&at, "/api/2.1/clusters/create", spec(told)).await.ok()["cluster_id"].clone();
    // A GET with its parameters as a body, which is how the API's reference writes it.
    let shown = bench.send(Method::GET, &at, "/api/2.1/clusters/get", Some(json!({"cluster_id": id}))).await.ok();
    assert_eq!(shown["worker_node_type_flexibility"]["alternate_node_type_ids"][0], "m5.xlarge");
    assert_eq!((&shown["remote_disk_throughput"], &shown["num_workers"]), (&json!(7), &json!(2)));
}

#[tokio::test]
async fn an_update_of_a_cluster_changes_what_its_mask_names() {
    let bench = foreign().await;
    let (_, at) = bench.workspace("a").await;
    let told = json!({
        "aws_attributes": {"availability": "ON_DEMAND", "zone_id": "eu-west-1b"}, "spark_conf": {"a": "1", "b": "2"},
    });
    let id = bench.post(&at, "/api/2.1/clusters/create", spec(told)).await.ok()["cluster_id"].clone();
    let id = id.as_str().unwrap().to_owned();
    let shown = async || bench.get(&at, &format!("/api/2.1/clusters/get?cluster_id={id}")).await.ok();
    let update = async |mask: &str, cluster: Value| {
        bench.until("it runs", async || shown().await["state"] == "RUNNING").await;
        let body = json!({"cluster_id": id, "update_mask": mask, "cluster": cluster});
        bench.post(&at, "/api/2.1/clusters/update", body).await
    };
    update("aws_attributes.zone_id", json!({"aws_attributes": {"zone_id": "eu-west-1c"}})).await.ok();
    let aws = shown().await["aws_attributes"].clone();
    assert_eq!((&aws["availability"], &aws["zone_id"]), (&json!("ON_DEMAND"), &json!("eu-west-1c")));
    update("spark_conf.a", json!({"spark_conf": {"a": "3"}})).await.ok();
    assert_eq!(shown().await["spark_conf"], json!({"a": "3", "b": "2"}));
    let message = update("spark_confs", json!({})).await.refused(400, "INVALID_PARAMETER_VALUE");
    assert!(message.contains("spark_conf,"), "{message}");
}

#[tokio::test]
async fn lists_of_clusters_and_runs_are_selected() {
    let bench = foreign().await;
    let (_, at) = bench.workspace("a").await;
    let mut ids = Vec::new();
    for name in ["b", "a"] {
        let made = bench.post(&at, "/api/2.1/clusters/create", spec(json!({"cluster_name": name}))).await.ok();
        ids.push(made["cluster_id"].clone());
    }
    bench.post(&at, "/api/2.1/clusters/pin", json!({"cluster_id": ids[1]})).await.ok();
    let names = async |query: &str| -> Vec<String> {
        let listed = bench.get(&at, &format!("/api/2.1/clusters/list?{query}")).await.ok();
        listed["clusters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["cluster_name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("filter_by.is_pinned=true&page_size=100").await, ["a"]);
    assert_eq!(names("filter_by.is_pinned=false").await, ["b"]);
    assert_eq!(names("sort_by.field=CLUSTER_NAME&sort_by.direction=DESC").await, ["b", "a"]);
    assert_eq!(names("filter_by.cluster_states=TERMINATED").await, Vec::<String>::new());
    assert_eq!(
        names("filter_by.cluster_states=TERMINATED&filter_by.cluster_states=PENDING&filter_by.cluster_states=RUNNING")
            .await
            .len(),
        2
    );
    // The words that the official provider looks for.
    let refused = bench.post(&at, "/api/2.1/clusters/permanent-delete", json!({"cluster_id": ids[1]})).await;
    assert!(refused.refused(400, "INVALID_PARAMETER_VALUE").contains("unpin the cluster first"));

    python(&bench, &at, "/Shared/fine.py", "print('fine')").await;
    for _ in 0..2 {
        let task = json!({"task_key": "a", "existing_cluster_id": ids[0], "spark_python_task": {"python_file": "/Shared/fine.py"}});
        bench.post(&at, "/api/2.2/jobs/runs/submit", json!({"tasks": [task]})).await.ok();
    }
    let runs = async |query: &str| bench.get(&at, &format!("/api/2.2/jobs/runs/list?{query}")).await.ok();
    assert_eq!(runs("run_type=JOB_RUN").await["runs"], json!([]));
    let first = runs("limit=1&run_type=SUBMIT_RUN").await;
    assert_eq!((first["runs"].as_array().unwrap().len(), &first["has_more"]), (1, &json!(true)));
    let next = runs(&format!("limit=1&page_token={}", first["next_page_token"].as_str().unwrap())).await;
    assert_ne!(next["runs"][0]["run_id"], first["runs"][0]["run_id"]);
    assert_eq!(next["has_more"], false);
}

async fn python(bench: &Bench, at: &str, path: &str, text: &str) {
    bench.post(at, "/api/2.0/workspace/mkdirs", json!({"path": "/Shared"})).await.ok();
    let file = json!({"path": path, "format": "RAW", "content": STANDARD.encode(text), "overwrite": true});
    bench.post(at, "/api/2.0/workspace/import", file).await.ok();
}

async fn over(bench: &Bench, at: &str, id: &Value) -> Value {
    let path = format!("/api/2.2/jobs/runs/get?run_id={id}");
    bench
        .until("it is over", async || bench.get(at, &path).await.ok()["state"]["life_cycle_state"] == "TERMINATED")
        .await;
    bench.get(at, &path).await.ok()
}

#[tokio::test]
async fn tasks_run_in_the_order_of_what_they_depend_on() {
    let bench = foreign().await;
    let (workspace, at) = bench.workspace("a").await;
    let log = tempfile::NamedTempFile::new().unwrap();
    let log = log.path().to_str().unwrap();
    python(
        &bench,
        &at,
        "/Shared/a.py",
        &format!("import sys\nopen({log:?}, 'a').write(sys.argv[1])\nprint('out', sys.argv[1])"),
    )
    .await;
    python(&bench, &at, "/Shared/bad.py", "raise ValueError('no')").await;
    let task = |key: &str, file: &str, depends_on: &[&str]| {
        json!({
            "task_key": key, "new_cluster": serde_json::from_str::<Value>(SPEC).unwrap(),
            "spark_python_task": {"python_file": file, "parameters": [key]}, "email_notifications": {},
            "min_retry_interval_millis": 0, "depends_on": depends_on.iter().map(|key| json!({"task_key": key})).collect::<Vec<_>>(),
        })
    };
    let run = json!({
        "webhook_notifications": {}, "notification_settings": {"no_alert_for_skipped_runs": true},
        "tasks": [task("b", "/Shared/a.py", &["a"]), task("a", "/Shared/a.py", &[])],
    });
    let id = bench.post(&at, "/api/2.2/jobs/runs/submit", run).await.ok()["run_id"].clone();
    let done = over(&bench, &at, &id).await;
    assert_eq!(done["state"]["result_state"], "SUCCESS", "{done}");
    assert_eq!(std::fs::read_to_string(log).unwrap(), "ab");
    assert!(done["run_page_url"].as_str().unwrap().ends_with(&format!("?o={workspace}#job/{id}/run/{id}")));
    let output =
        bench.get(&at, &format!("/api/2.2/jobs/runs/get-output?run_id={}", done["tasks"][0]["run_id"])).await.ok();
    assert_eq!(output["logs"], "out b\n");
    bench.get(&at, &format!("/api/2.2/jobs/runs/get-output?run_id={id}")).await.refused(400, "INVALID_PARAMETER_VALUE");
    // The clusters of a run go with it.
    assert_eq!(bench.get(&at, "/api/2.1/clusters/list").await.ok()["clusters"], json!([]));

    let job =
        json!({"name": "nightly", "tasks": [task("a", "/Shared/bad.py", &[]), task("b", "/Shared/a.py", &["a"])]});
    let job = bench.post(&at, "/api/2.2/jobs/create", job).await.ok()["job_id"].clone();
    let id = bench.post(&at, "/api/2.2/jobs/run-now", json!({"job_id": job})).await.ok()["run_id"].clone();
    let done = over(&bench, &at, &id).await;
    assert_eq!(
        (&done["state"]["result_state"], &done["run_type"], &done["job_id"]),
        (&json!("FAILED"), &json!("JOB_RUN"), &job)
    );
    assert_eq!(done["tasks"][1]["state"]["result_state"], "UPSTREAM_FAILED");

    let circle = json!({"tasks": [task("a", "/Shared/a.py", &["b"]), task("b", "/Shared/a.py", &["a"])]});
    bench.post(&at, "/api/2.2/jobs/runs/submit", circle).await.refused(400, "INVALID_PARAMETER_VALUE");
    let other = json!({"tasks": [{"task_key": "a", "new_cluster": {}, "dbt_task": {"commands": []}}]});
    let message = bench.post(&at, "/api/2.2/jobs/runs/submit", other).await.refused(400, "INVALID_PARAMETER_VALUE");
    assert!(message.contains("dbt_task"), "{message}");
}

#[tokio::test]
async fn libraries_are_installed_after_a_while_and_gone_after_a_restart() {
    let bench = foreign().await;
    let (_, at) = bench.workspace("a").await;
    let id = bench.post(&at, "/api/2.1/clusters/create", spec(json!({}))).await.ok()["cluster_id"].clone();
    let id = id.as_str().unwrap();
    let library = json!({"pypi": {"package": "simplejson"}});
    let body = json!({"cluster_id": id, "libraries": [library]});
    bench.post(&at, "/api/2.0/libraries/install", body.clone()).await.ok();
    let status = async || {
        bench.get(&at, &format!("/api/2.0/libraries/cluster-status?cluster_id={id}")).await.ok()["library_statuses"]
            .clone()
    };
    assert_eq!(status().await[0]["library"], library);
    bench.until("it is installed", async || status().await[0]["status"] == "INSTALLED").await;
    let cluster = format!("/api/2.1/clusters/get?cluster_id={id}");
    bench.until("it runs", async || bench.get(&at, &cluster).await.ok()["state"] == "RUNNING").await;
    bench.post(&at, "/api/2.0/libraries/uninstall", body).await.ok();
    assert_eq!(status().await[0]["status"], "UNINSTALL_ON_RESTART");
    let before = bench.get(&at, &cluster).await.ok()["last_restarted_time"].as_i64().unwrap();
    bench.post(&at, "/api/2.1/clusters/restart", json!({"cluster_id": id})).await.ok();
    assert_eq!(status().await, json!([]));
    assert!(bench.get(&at, &cluster).await.ok()["last_restarted_time"].as_i64().unwrap() > before);
}

#[tokio::test]
async fn uploads_come_as_forms_and_notebooks_by_their_first_line() {
    let bench = foreign().await;
    let (_, at) = bench.workspace("a").await;
    bench.post(&at, "/api/2.0/workspace/mkdirs", json!({"path": "/Shared"})).await.ok();
    let form = "--b\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\n/Shared/f.txt\r\n\
        --b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\nhello\r\n\
        --b\r\nContent-Disposition: form-data; name=\"format\"\r\n\r\nRAW\r\n\
        --b\r\nContent-Disposition: form-data; name=\"overwrite\"\r\n\r\ntrue\r\n--b--\r\n";
    let request = bench.request(Method::POST, &at, "/api/2.0/workspace/import").bearer_auth(&bench.token);
    reply(request.header("content-type", "multipart/form-data; boundary=b").body(form)).await.ok();
    assert_eq!(
        bench.get(&at, "/api/2.0/workspace/export?path=/Shared/f.txt").await.ok()["content"],
        STANDARD.encode("hello")
    );

    let path = "/api/2.0/workspace-files/import-file/Shared%2Fnb.py?overwrite=true";
    let request = bench.request(Method::POST, &at, path).bearer_auth(&bench.token);
    reply(request.body("# Databricks notebook source\nprint(1)")).await.ok();
    let status = bench.get(&at, "/api/2.0/workspace/get-status?path=/Shared/nb&return_export_info=true").await.ok();
    assert_eq!((&status["object_type"], &status["repos_export_format"]), (&json!("NOTEBOOK"), &json!("SOURCE")));

    let book = json!({"cells": [{"cell_type": "code", "source": "print(2)"}], "metadata": {}, "nbformat": 4});
    let book = json!({"path": "/Shared/book", "format": "JUPYTER", "content": STANDARD.encode(book.to_string())});
    bench.post(&at, "/api/2.0/workspace/import", book).await.ok();
    let source = bench.get(&at, "/api/2.0/workspace/export?path=/Shared/book").await.ok()["content"].clone();
    let source = STANDARD.decode(source.as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(source).unwrap(), "# Databricks notebook source\nprint(2)\n");
    let back =
        bench.get(&at, "/api/2.0/workspace/export?path=/Shared/book&format=JUPYTER").await.ok()["content"].clone();
    let back: Value = serde_json::from_slice(&STANDARD.decode(back.as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(back["cells"][0]["source"], "print(2)");
}

#[tokio::test]
async fn principals_are_patched_as_the_official_provider_does_it() {
    let bench = foreign().await;
    let (workspace, at) = bench.workspace("a").await;
    let body = json!({
        "displayName": "robot", "active": true, "entitlements": [{}],
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal"],
    });
    let made = bench.account_post("/scim/v2/ServicePrincipals", body).await.ok();
    assert!(made.get("entitlements").is_none());
    let id = made["id"].as_str().unwrap();
    bench
        .account_put(
            &format!("/workspaces/{workspace}/permissionassignments/principals/{id}"),
            json!({"permissions": ["USER"]}),
        )
        .await
        .ok();
    let patch = |operation: Value| json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
    let profile = "arn:aws:iam::123456789012:instance-profile/x";
    let roles = patch(json!({"op": "add", "path": "roles", "value": [{"value": profile}]}));
    let one = format!("/api/2.0/preview/scim/v2/ServicePrincipals/{id}");
    assert_eq!(bench.send(Method::PATCH, &at, &one, Some(roles)).await.status, 204);
    let shown = bench.get(&at, &format!("{one}?attributes=roles")).await.ok();
    assert_eq!((&shown["roles"], shown.get("displayName")), (&json!([{"value": profile}]), None));
    let shown = bench.get(&at, &format!("{one}?excludedAttributes=roles")).await.ok();
    assert_eq!((shown.get("roles"), &shown["displayName"]), (None, &json!("robot")));
    let inactive = patch(json!({"op": "replace", "path": "active", "value": [{"value": "false"}]}));
    assert_eq!(bench.account_patch(&format!("/scim/v2/ServicePrincipals/{id}"), inactive).await.status, 204);
    let listed = bench
        .account_get("/scim/v2/ServicePrincipals?sortBy=displayName&sortOrder=descending&filter=displayName%20eq%20robot%20or%20active%20eq%20true")
        .await
        .ok();
    let names: Vec<&Value> = listed["Resources"].as_array().unwrap().iter().map(|one| &one["displayName"]).collect();
    assert_eq!(names, ["robot", "account-admin"]);
    assert_eq!(listed["Resources"][0]["active"], false);
    let refused = bench.account_get("/scim/v2/ServicePrincipals?filter=displayName%20eq%20a%20b").await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn node_types_say_whether_they_have_disks_and_versions_whether_they_have_gpus() {
    let bench = foreign().await;
    let (_, at) = bench.workspace("a").await;
    let types = bench.get(&at, "/api/2.1/clusters/list-node-types").await.ok();
    let disks = |name: &str| {
        let types = types["node_types"].as_array().unwrap();
        types.iter().find(|one| one["node_type_id"] == name).unwrap()["node_instance_type"]["local_disks"].clone()
    };
    assert_eq!((disks("m5.large"), disks("m5d.large"), disks("i3.xlarge")), (json!(0), json!(1), json!(1)));
    let versions = bench.get(&at, "/api/2.1/clusters/spark-versions").await.ok().to_string();
    assert!(versions.contains("-gpu-ml-"));
}

#[tokio::test]
async fn a_browser_is_told_how_to_sign_in() {
    let bench = foreign().await;
    let (_, at) = bench.workspace("a").await;
    let metadata = bench.get(&at, "/oidc/.well-known/oauth-authorization-server").await.ok();
    let path = metadata["authorization_endpoint"].as_str().unwrap().split_once("/oidc/").unwrap().1.to_owned();
    let ask = async |query: &str| bench.get(&at, &format!("/oidc/{path}?{query}")).await;
    let client = "client_id=databricks-cli&redirect_uri=http%3A%2F%2Flocalhost%3A8020";
    let rest = format!("response_type=code&code_challenge_method=S256&code_challenge={}", "x".repeat(43));
    for (query, code) in [
        ("response_type=code".to_owned(), "invalid_request"),
        (format!("client_id=databricks-cli&redirect_uri=https%3A%2F%2Fevil.example.com&{rest}"), "invalid_request"),
        (format!("client_id=other&redirect_uri=http%3A%2F%2Flocalhost&{rest}"), "invalid_client"),
        (format!("{client}&response_type=code&code_challenge=short&code_challenge_method=S256"), "invalid_request"),
        (format!("{client}&response_type=token"), "unsupported_response_type"),
    ] {
        let refused = ask(&query).await;
        assert!(refused.status == 400 && refused.text.contains(code), "{query}: {}", refused.text);
    }
    let page = ask(&format!("{client}&{rest}")).await;
    assert!(page.status == 200 && page.text.contains("no users yet"), "{}", page.text);
    let user = serde_json::json!({"userName": "a&<b>@example.com"});
    bench.post(&at, "/api/2.0/preview/scim/v2/Users", user).await;
    let page = ask(&format!("{client}&{rest}&state=s")).await;
    assert!(
        page.text.contains("a&amp;&lt;b&gt;@example.com</a>") && page.text.contains("login_hint=a%26%3Cb"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn admins_see_the_tokens_of_others_and_settings_are_kept() {
    let bench = Bench::with(|options| options.delays.cluster = Duration::from_millis(10)).await;
    let (workspace, at) = bench.workspace("a").await;
    let made = bench.account_post("/scim/v2/ServicePrincipals", json!({"displayName": "robot"})).await.ok();
    let application = made["applicationId"].clone();
    let body = json!({"application_id": application, "lifetime_seconds": 60, "comment": "for it"});
    bench
        .post(&at, "/api/2.0/token-management/on-behalf-of/tokens", body.clone())
        .await
        .refused(404, "RESOURCE_DOES_NOT_EXIST");
    let path = format!("/workspaces/{workspace}/permissionassignments/principals/{}", made["id"].as_str().unwrap());
    bench.account_put(&path, json!({"permissions": ["USER"]})).await.ok();
    let token = bench.post(&at, "/api/2.0/token-management/on-behalf-of/tokens", body).await.ok();
    let id = token["token_info"]["token_id"].as_str().unwrap().to_owned();
    let one = format!("/api/2.0/token-management/tokens/{id}");
    assert_eq!(bench.get(&at, &one).await.ok()["token_info"]["created_by_username"], application);
    let listed = bench
        .get(&at, &format!("/api/2.0/token-management/tokens?created_by_username={}", application.as_str().unwrap()))
        .await
        .ok();
    assert_eq!(listed["token_infos"].as_array().unwrap().len(), 1);
    bench.send(Method::DELETE, &at, &one, None).await.ok();
    bench.get(&at, &one).await.refused(404, "RESOURCE_DOES_NOT_EXIST");

    let conf = "/api/2.0/workspace-conf";
    let changed = bench.send(Method::PATCH, &at, conf, Some(json!({"enableIpAccessLists": "true"}))).await;
    assert_eq!(changed.status, 204);
    let shown = bench.get(&at, &format!("{conf}?keys=enableIpAccessLists,other")).await.ok();
    assert_eq!(shown, json!({"enableIpAccessLists": "true", "other": null}));
}
