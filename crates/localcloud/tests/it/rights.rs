//! Who may do what with clusters, workspace files, secrets and runs: what admins may is refused to others until it is given to them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use crate::bench::{Bench, Reply, reply};

/// Somebody who may enter a workspace, and no more.
pub struct Person {
    /// SCIM id.
    pub id: String,
    pub application_id: String,
    pub token: String,
}

impl Person {
    pub async fn new(bench: &Bench, workspace: i64, at: &str) -> Self {
        let made = bench.account_post("/scim/v2/ServicePrincipals", json!({"displayName": "robot"})).await.ok();
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        let (id, application_id) = (text("id"), text("applicationId"));
        let assigned = format!("/workspaces/{workspace}/permissionassignments/principals/{id}");
        bench.account_put(&assigned, json!({"permissions": ["USER"]})).await.ok();
        let secret = bench.account_post(&format!("/servicePrincipals/{id}/credentials/secrets"), json!({})).await.ok();
        let token = bench.token_as(at, &application_id, secret["secret"].as_str().unwrap()).await.ok();
        Self { id, application_id, token: token["access_token"].as_str().unwrap().to_owned() }
    }

    pub async fn get(&self, bench: &Bench, at: &str, path: &str) -> Reply {
        reply(bench.request(Method::GET, at, path).bearer_auth(&self.token)).await
    }

    pub async fn post(&self, bench: &Bench, at: &str, path: &str, body: Value) -> Reply {
        reply(bench.request(Method::POST, at, path).bearer_auth(&self.token).json(&body)).await
    }
}

async fn cluster(bench: &Bench, at: &str, more: Value) -> String {
    let mut body = json!({"spark_version": "17.3.x-scala2.13", "node_type_id": "m5d.large", "num_workers": 0});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    bench.post(at, "/api/2.1/clusters/create", body).await.ok()["cluster_id"].as_str().unwrap().to_owned()
}

pub async fn give(bench: &Bench, at: &str, object: &str, to: &str, level: &str) {
    let list = json!({"access_control_list": [{"service_principal_name": to, "permission_level": level}]});
    bench.send(Method::PATCH, at, &format!("/api/2.0/permissions/{object}"), Some(list)).await.ok();
}

async fn until_is(bench: &Bench, at: &str, id: &str, state: &str) {
    bench
        .until("the cluster's state", async || {
            bench.get(at, &format!("/api/2.1/clusters/get?cluster_id={id}")).await.ok()["state"] == state
        })
        .await;
}

#[tokio::test]
async fn a_cluster_is_used_by_those_whom_it_was_given_to() {
    let bench = Bench::new().await;
    let (workspace, at) = bench.workspace("a").await;
    let ada = Person::new(&bench, workspace, &at).await;
    let id = cluster(&bench, &at, json!({})).await;
    until_is(&bench, &at, &id, "RUNNING").await;
    let object = format!("clusters/{id}");
    let (get, body) = (format!("/api/2.1/clusters/get?cluster_id={id}"), json!({"cluster_id": id}));
    let may = async |path: &str, level: &str| {
        let answer = ada.post(&bench, &at, path, body.clone()).await;
        let is_denied = answer.status == 403 && answer.text.contains("PERMISSION_DENIED");
        assert_eq!(is_denied, !level.is_empty(), "{path}: {}", answer.text);
        assert!(!is_denied || answer.text.contains(&format!("{level} permissions")), "{}", answer.text);
    };
    assert!(ada.get(&bench, &at, &get).await.refused(403, "PERMISSION_DENIED").contains("Attach"));
    assert_eq!(ada.get(&bench, &at, "/api/2.1/clusters/list").await.ok()["clusters"], json!([]));
    may("/api/2.1/clusters/restart", "Restart").await;

    give(&bench, &at, &object, &ada.application_id, "CAN_ATTACH_TO").await;
    ada.get(&bench, &at, &get).await.ok();
    assert_eq!(ada.get(&bench, &at, "/api/2.1/clusters/list").await.ok()["clusters"][0]["cluster_id"], id.as_str());
    may("/api/2.1/clusters/start", "Restart").await;

    give(&bench, &at, &object, &ada.application_id, "CAN_RESTART").await;
    may("/api/2.1/clusters/restart", "").await;
    may("/api/2.1/clusters/pin", "Manage").await;
    may("/api/2.1/clusters/permanent-delete", "Manage").await;
    let list = json!({"access_control_list": [{"service_principal_name": ada.application_id, "permission_level": "CAN_MANAGE"}]});
    let path = format!("/api/2.0/permissions/{object}");
    let own = reply(bench.request(Method::PATCH, &at, &path).bearer_auth(&ada.token).json(&list)).await;
    own.refused(403, "PERMISSION_DENIED");

    // Who made it manages it, whoever looks at its list.
    let shown = bench.get(&at, &path).await.ok();
    let of = |name: &str| {
        let all = shown["access_control_list"].as_array().unwrap();
        all.iter().find(|one| one["service_principal_name"] == name).map(|one| one["all_permissions"][0].clone())
    };
    assert_eq!(of(&ada.application_id).unwrap()["permission_level"], "CAN_RESTART");
}

#[tokio::test]
async fn a_warehouse_is_seen_by_those_whom_it_was_given_to_and_stopped_by_those_who_manage_it() {
    let bench = Bench::new().await;
    let (workspace, at) = bench.workspace("a").await;
    let ada = Person::new(&bench, workspace, &at).await;
    let made = bench.post(&at, "/api/2.0/sql/warehouses", json!({"name": "w", "cluster_size": "Small"})).await.ok();
    let path = format!("/api/2.0/sql/warehouses/{}", made["id"].as_str().unwrap());
    let object = path.trim_start_matches("/api/2.0/").to_owned();
    let list = async || ada.get(&bench, &at, "/api/2.0/sql/warehouses").await.ok()["warehouses"].clone();
    let edit = json!({"name": "mine", "cluster_size": "Small"});
    ada.get(&bench, &at, &path).await.refused(403, "PERMISSION_DENIED");
    assert_eq!(list().await, json!([]));
    ada.post(&bench, &at, &format!("{path}/start"), json!({})).await.refused(403, "PERMISSION_DENIED");

    give(&bench, &at, &object, &ada.application_id, "CAN_USE").await;
    assert_eq!(ada.get(&bench, &at, &path).await.ok()["name"], "w");
    assert_eq!(list().await[0]["id"], made["id"]);
    ada.post(&bench, &at, &format!("{path}/start"), json!({})).await.ok();
    ada.post(&bench, &at, &format!("{path}/stop"), json!({})).await.refused(403, "PERMISSION_DENIED");
    ada.post(&bench, &at, &format!("{path}/edit"), edit.clone()).await.refused(403, "PERMISSION_DENIED");
    let own = json!({"access_control_list": [{"service_principal_name": ada.application_id, "permission_level": "CAN_MANAGE"}]});
    let permissions = format!("/api/2.0/permissions/{object}");
    let given = reply(bench.request(Method::PATCH, &at, &permissions).bearer_auth(&ada.token).json(&own)).await;
    given.refused(403, "PERMISSION_DENIED");

    give(&bench, &at, &object, &ada.application_id, "CAN_MANAGE").await;
    ada.post(&bench, &at, &format!("{path}/edit"), edit).await.ok();
    ada.post(&bench, &at, &format!("{path}/stop"), json!({})).await.ok();
    reply(bench.request(Method::DELETE, &at, &path).bearer_auth(&ada.token)).await.ok();
}

#[tokio::test]
async fn workspace_files_are_their_owners_until_a_folder_is_given() {
    let bench = Bench::new().await;
    let (workspace, at) = bench.workspace("a").await;
    let ada = Person::new(&bench, workspace, &at).await;
    let folder = "/Workspace/Users/ops/endpoint";
    bench.post(&at, "/api/2.0/workspace/mkdirs", json!({"path": format!("{folder}/server")})).await.ok();
    let file = |path: &str| json!({"path": path, "format": "RAW", "content": STANDARD.encode("1"), "overwrite": true});
    let (old, new) = (format!("{folder}/server/old"), format!("{folder}/server/new"));
    bench.post(&at, "/api/2.0/workspace/import", file(&old)).await.ok();
    let id = async |path: &str| {
        let shown = bench.get(&at, &format!("/api/2.0/workspace/get-status?path={path}")).await.ok();
        format!("directories/{}", shown["object_id"])
    };
    // Status codes of reading, overwriting, adding, and removing what is not there.
    let may = async |expected: [u16; 4]| {
        let read = ada.get(&bench, &at, &format!("/api/2.0/workspace/export?path={old}")).await;
        let overwritten = ada.post(&bench, &at, "/api/2.0/workspace/import", file(&old)).await;
        let added = ada.post(&bench, &at, "/api/2.0/workspace/import", file(&new)).await;
        let gone = json!({"path": format!("{folder}/server/gone")});
        let removed = ada.post(&bench, &at, "/api/2.0/workspace/delete", gone).await;
        assert_eq!([read, overwritten, added, removed].map(|reply| reply.status.as_u16()), expected);
    };
    may([403, 403, 403, 403]).await;
    give(&bench, &at, &id(folder).await, &ada.application_id, "CAN_RUN").await;
    may([200, 403, 403, 403]).await;
    give(&bench, &at, &id(folder).await, &ada.application_id, "CAN_EDIT").await;
    may([200, 200, 403, 403]).await;
    give(&bench, &at, &id(&format!("{folder}/server")).await, &ada.application_id, "CAN_MANAGE").await;
    may([200, 200, 200, 404]).await;
    // A folder above is not given with it, and one's own home needs nobody.
    let beside = json!({"path": format!("{folder}/beside")});
    ada.post(&bench, &at, "/api/2.0/workspace/mkdirs", beside).await.refused(403, "PERMISSION_DENIED");
    let home = json!({"path": format!("/Workspace/Users/{}/a/b", ada.application_id)});
    ada.post(&bench, &at, "/api/2.0/workspace/mkdirs", home).await.ok();
}

#[tokio::test]
async fn a_scope_is_given_to_principals_that_there_are() {
    let bench = Bench::new().await;
    let (workspace, at) = bench.workspace("a").await;
    let ada = Person::new(&bench, workspace, &at).await;
    bench.post(&at, "/api/2.0/secrets/scopes/create", json!({"scope": "s"})).await.ok();
    let acl = |who: &str| json!({"scope": "s", "principal": who, "permission": "READ"});
    let put = "/api/2.0/secrets/acls/put";
    let nobody = bench.post(&at, put, acl("nobody@example.com")).await;
    assert!(nobody.refused(400, "INVALID_PARAMETER_VALUE").contains("nobody@example.com"));
    let scopes = async || ada.get(&bench, &at, "/api/2.0/secrets/scopes/list").await.ok()["scopes"].clone();
    assert_eq!(scopes().await, json!([]));
    bench.post(&at, put, acl(&ada.application_id)).await.ok();
    assert_eq!(scopes().await[0]["name"], "s");
    ada.get(&bench, &at, "/api/2.0/secrets/list?scope=s").await.ok();
    let secret = json!({"scope": "s", "key": "k", "string_value": "v"});
    ada.post(&bench, &at, "/api/2.0/secrets/put", secret).await.refused(403, "PERMISSION_DENIED");
    ada.get(&bench, &at, "/api/2.0/secrets/acls/list?scope=s").await.refused(403, "PERMISSION_DENIED");
}

#[tokio::test]
async fn a_dedicated_cluster_runs_what_its_user_or_group_asks_for() {
    let bench = Bench::new().await;
    let (workspace, at) = bench.workspace("a").await;
    let (ada, grace) = (Person::new(&bench, workspace, &at).await, Person::new(&bench, workspace, &at).await);
    let members = json!({"displayName": "engineers", "members": [{"value": ada.id}]});
    let group = bench.account_post("/scim/v2/Groups", members).await.ok();
    let assigned =
        format!("/workspaces/{workspace}/permissionassignments/principals/{}", group["id"].as_str().unwrap());
    bench.account_put(&assigned, json!({"permissions": ["USER"]})).await.ok();
    let notebook = json!({
        "path": "/Workspace/Shared/n", "format": "SOURCE", "language": "PYTHON", "content": STANDARD.encode("1"),
    });
    bench.post(&at, "/api/2.0/workspace/import", notebook).await.ok();
    let dedicated = json!({"data_security_mode": "SINGLE_USER", "single_user_name": "engineers"});
    let id = cluster(&bench, &at, dedicated).await;
    until_is(&bench, &at, &id, "RUNNING").await;
    let task = json!({
        "task_key": "t", "existing_cluster_id": id, "notebook_task": {"notebook_path": "/Workspace/Shared/n"},
    });
    let submission = json!({"tasks": [task]});
    let submit = "/api/2.2/jobs/runs/submit";
    grace.post(&bench, &at, submit, submission.clone()).await.refused(403, "PERMISSION_DENIED");
    for person in [&ada, &grace] {
        give(&bench, &at, &format!("clusters/{id}"), &person.application_id, "CAN_ATTACH_TO").await;
    }
    for (person, expected) in [(&ada, "SUCCESS"), (&grace, "FAILED")] {
        let run = person.post(&bench, &at, submit, submission.clone()).await.ok()["run_id"].clone();
        let path = format!("/api/2.2/jobs/runs/get?run_id={run}");
        let state = async || person.get(&bench, &at, &path).await.ok()["state"].clone();
        bench.until("the run is over", async || state().await["result_state"].is_string()).await;
        let state = state().await;
        assert_eq!(state["result_state"], expected, "{state}");
        assert_eq!(state["state_message"].as_str().unwrap().contains("Single-user check failed"), expected == "FAILED");
        // A run is its submitter's to look at.
        let other = if person.id == ada.id { &grace } else { &ada };
        other.get(&bench, &at, &path).await.refused(403, "PERMISSION_DENIED");
    }
    assert_eq!(ada.get(&bench, &at, "/api/2.2/jobs/runs/list").await.ok()["runs"].as_array().unwrap().len(), 1);
    // Nobody listens on it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let driver = format!("/driver-proxy-api/o/{workspace}/{id}/{port}/metadata");
    assert!(grace.get(&bench, &at, &driver).await.refused(403, "PERMISSION_DENIED").contains("Single-user"));
    assert_eq!(ada.get(&bench, &at, &driver).await.status, 502);
}
