//! What all kinds have in common: lists in pages, what admins alone may do, permissions, and a state that outlives the process.

use reqwest::Method;
use serde_json::json;

use crate::bench::{Bench, reply};

#[tokio::test]
async fn lists_come_in_pages() {
    let bench = Bench::new().await;
    let (_, at) = bench.workspace("a").await;
    for at_most in 0..5 {
        let body = json!({"name": format!("c{at_most}")});
        bench.post(&at, "/api/2.1/unity-catalog/catalogs", body).await.ok();
    }
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!("/api/2.1/unity-catalog/catalogs?max_results=2&page_token={token}");
        let page = bench.get(&at, &path).await.ok();
        let names = page["catalogs"].as_array().unwrap();
        assert!(names.len() <= 2);
        seen.extend(names.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["c0", "c1", "c2", "c3", "c4"]);
    let refused = bench.get(&at, "/api/2.1/unity-catalog/catalogs?page_token=%00").await;
    refused.refused(400, "INVALID_PARAMETER_VALUE");
}

#[tokio::test]
async fn lists_of_jobs_say_whether_there_are_more() {
    let bench = Bench::new().await;
    let (_, at) = bench.workspace("a").await;
    for name in ["a", "b", "c"] {
        bench.post(&at, "/api/2.2/jobs/create", json!({"name": name})).await.ok();
    }
    for (query, names, more) in [
        ("", vec!["a", "b", "c"], false),
        ("?limit=2", vec!["a", "b"], true),
        ("?limit=2&offset=1", vec!["b", "c"], false),
        ("?offset=2", vec!["c"], false),
        ("?offset=3", vec![], false),
    ] {
        let page = bench.get(&at, &format!("/api/2.2/jobs/list{query}")).await.ok();
        let jobs = page["jobs"].as_array().into_iter().flatten();
        let shown: Vec<&str> = jobs.map(|job| job["settings"]["name"].as_str().unwrap()).collect();
        assert_eq!((shown, page["has_more"].as_bool()), (names, Some(more)), "{query}");
    }
}

#[tokio::test]
async fn an_update_mask_says_what_changes() {
    let bench = Bench::new().await;
    let (_, at) = bench.workspace("a").await;
    let uc = "/api/2.1/unity-catalog";
    let role = json!({"name": "lake", "aws_iam_role": {"role_arn": "arn:aws:iam::123456789012:role/lake"}});
    bench.post(&at, &format!("{uc}/storage-credentials"), role).await.ok();
    let made = json!({"name": "root", "url": "s3://lake/root", "credential_name": "lake", "comment": "made"});
    bench.post(&at, &format!("{uc}/external-locations"), made).await.ok();
    let one = format!("{uc}/external-locations/root");
    let fields = async || {
        let shown = bench.get(&at, &one).await.ok();
        json!([shown["comment"], shown["read_only"]])
    };
    let first = fields().await;
    assert_eq!(first[0], "made");
    let body = json!({"comment": "changed", "read_only": true});
    for (mask, body, expected) in [
        ("comment", body.clone(), json!(["changed", first[1]])),
        ("read_only", json!({"comment": "not named", "read_only": true}), json!(["changed", true])),
        ("comment", json!({}), json!([null, true])),
        ("*", body, json!(["changed", true])),
    ] {
        bench.send(Method::PATCH, &at, &format!("{one}?update_mask={mask}"), Some(body)).await.ok();
        assert_eq!(fields().await, expected, "{mask}");
    }
    let unknown = bench.send(Method::PATCH, &at, &format!("{one}?update_mask=nothing"), Some(json!({}))).await;
    assert!(unknown.refused(400, "INVALID_PARAMETER_VALUE").contains("nothing"));
}

/// The token of a service principal that may enter a workspace, and no more.
async fn member(bench: &Bench, workspace: i64, at: &str) -> String {
    let made = bench.account_post("/scim/v2/ServicePrincipals", json!({"displayName": "robot"})).await.ok();
    let (id, application) = (made["id"].as_str().unwrap(), made["applicationId"].as_str().unwrap());
    let assigned = format!("/workspaces/{workspace}/permissionassignments/principals/{id}");
    bench.account_put(&assigned, json!({"permissions": ["USER"]})).await.ok();
    let secret = bench.account_post(&format!("/servicePrincipals/{id}/credentials/secrets"), json!({})).await.ok();
    let token = bench.token_as(at, application, secret["secret"].as_str().unwrap()).await.ok();
    token["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_admins_manage_is_refused_to_others() {
    let bench = Bench::new().await;
    let (workspace, at) = bench.workspace("a").await;
    let token = member(&bench, workspace, &at).await;
    let arn = "arn:aws:iam::123456789012:instance-profile/lake";
    for (path, body) in [
        ("/api/2.0/policies/clusters/create", json!({"name": "p", "definition": "{}"})),
        ("/api/2.0/instance-pools/create", json!({"instance_pool_name": "p", "node_type_id": "m5.large"})),
        ("/api/2.0/instance-profiles/add", json!({"instance_profile_arn": arn})),
        ("/api/2.0/ip-access-lists", json!({"label": "l", "list_type": "ALLOW", "ip_addresses": ["192.0.2.1"]})),
        ("/api/2.1/unity-catalog/metastores", json!({"name": "own", "region": "eu-west-1"})),
    ] {
        let request = bench.request(Method::POST, &at, path).bearer_auth(&token).json(&body);
        let message = reply(request).await.refused(403, "PERMISSION_DENIED");
        assert!(message.contains("Only workspace admins can manage"), "{path}: {message}");
        bench.post(&at, path, body).await.ok();
    }
    for (path, status) in [
        ("/api/2.0/policies/clusters/list", 200),
        ("/api/2.0/instance-pools/list", 200),
        ("/api/2.0/token-management/tokens", 403),
    ] {
        let answer = reply(bench.request(Method::GET, &at, path).bearer_auth(&token)).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn permissions_have_the_levels_of_their_type() {
    let bench = Bench::new().await;
    let (_, at) = bench.workspace("a").await;
    let job = bench.post(&at, "/api/2.2/jobs/create", json!({"name": "j"})).await.ok()["job_id"].to_string();
    let policy = json!({"name": "p", "definition": "{}"});
    let policy = bench.post(&at, "/api/2.0/policies/clusters/create", policy).await.ok()["policy_id"].clone();
    let policy = policy.as_str().unwrap();
    for (object, good, bad) in [
        (format!("jobs/{job}"), "CAN_MANAGE_RUN", "CAN_USE"),
        (format!("cluster-policies/{policy}"), "CAN_USE", "CAN_MANAGE"),
        ("authorization/tokens".to_owned(), "CAN_USE", "CAN_RUN"),
    ] {
        let path = format!("/api/2.0/permissions/{object}");
        let list = |level: &str| json!({"access_control_list": [{"group_name": "users", "permission_level": level}]});
        for method in [Method::PUT, Method::PATCH] {
            let refused = bench.send(method.clone(), &at, &path, Some(list(bad))).await;
            assert!(refused.refused(400, "INVALID_PARAMETER_VALUE").contains(bad), "{object}");
            bench.send(method, &at, &path, Some(list(good))).await.ok();
        }
        // A PATCH leaves the entries of others.
        let entry = json!({"service_principal_name": bench.cloud.client_id(), "permission_level": good});
        let more = json!({"access_control_list": [entry]});
        bench.send(Method::PATCH, &at, &path, Some(more)).await.ok();
        let shown = bench.get(&at, &path).await.ok();
        let entries = shown["access_control_list"].as_array().unwrap();
        let added = entries.iter().any(|entry| entry["service_principal_name"] == bench.cloud.client_id());
        assert!(added, "{object}: {shown}");
        let users = entries.iter().find(|entry| entry["group_name"] == "users").unwrap();
        assert_eq!(users["all_permissions"], json!([{"permission_level": good, "inherited": false}]), "{object}");
    }
}

#[tokio::test]
async fn every_store_outlives_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.json");
    let start = || {
        Bench::with(|options| {
            options.state_file = Some(file.clone());
            // Files of the workspace and of volumes are files here.
            options.dir = dir.path().to_owned();
        })
    };
    let first = start().await;
    let (_, at) = first.workspace("a").await;
    let user = json!({"userName": "ada@example.com", "displayName": "Ada"});
    let user = first.account_post("/scim/v2/Users", user).await.ok()["id"].as_str().unwrap().to_owned();
    for (path, body) in [
        ("/api/2.1/unity-catalog/catalogs", json!({"name": "main", "comment": "c"})),
        ("/api/2.0/secrets/scopes/create", json!({"scope": "s"})),
        ("/api/2.0/secrets/put", json!({"scope": "s", "key": "k", "string_value": "v"})),
        ("/api/2.0/workspace/mkdirs", json!({"path": "/Shared/a"})),
    ] {
        assert!(first.post(&at, path, body).await.status.is_success(), "{path}");
    }
    let job = first.post(&at, "/api/2.2/jobs/create", json!({"name": "j"})).await.ok()["job_id"].to_string();
    let permissions = format!("/api/2.0/permissions/jobs/{job}");
    let list = json!({"access_control_list": [{"group_name": "users", "permission_level": "CAN_VIEW"}]});
    first.send(Method::PUT, &at, &permissions, Some(list)).await.ok();
    let grants = "/api/2.1/unity-catalog/permissions/catalog/main";
    let change = json!({"changes": [{"principal": "users", "add": ["USE_CATALOG"]}]});
    first.send(Method::PATCH, &at, grants, Some(change)).await.ok();
    let (job, user) = (format!("/api/2.2/jobs/get?job_id={job}"), format!("/scim/v2/Users/{user}"));
    let paths = [
        "/api/2.1/unity-catalog/catalogs/main",
        "/api/2.0/secrets/scopes/list",
        "/api/2.0/secrets/list?scope=s",
        "/api/2.0/workspace/get-status?path=/Shared/a",
        &job,
        &permissions,
        grants,
    ];
    let all = async |bench: &Bench| {
        let mut all = Vec::new();
        for path in paths {
            all.push(bench.get(&at, path).await.ok());
        }
        all.push(bench.account_get("/networks").await.ok());
        all.push(bench.account_get(&user).await.ok());
        all
    };
    let (before, counted) = (all(&first).await, first.cloud.summary());
    first.cloud.stop().await;
    let second = start().await;
    assert_eq!(second.cloud.summary(), counted);
    assert_eq!(all(&second).await, before);
    // A name that is taken is still taken.
    let again = second.post(&at, "/api/2.1/unity-catalog/catalogs", json!({"name": "main"})).await;
    assert_eq!(again.status, 400, "{}", again.text);
}
