//! Who may use an SSH endpoint, against a local cloud.

use std::collections::BTreeMap;

use databricks::Request;
use databricks::api::permissions;
use databricks::api::secrets;
use localcloud::Fault;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tfplugin::{Attr, Call, Resource, Set};

use super::ssh_endpoint::SshEndpoint;
use super::tests::{cluster, endpoint, planned};
use crate::clients::Workspace;
use crate::testing::{Cloud, create, reads_back, update};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";

/// A workspace with two users and a group.
struct Bench {
    cloud: Cloud,
    cx: Call<Workspace>,
    folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let cloud = Cloud::start().await;
        let (workspace, host) = cloud.new_workspace().await;
        let account = cloud.account();
        let made = async |path: &str, body: Json| {
            let made: Json = account.client().send(Request::post_account(path).json(&body).unwrap()).await.unwrap();
            let id = made["id"].as_str().unwrap().to_owned();
            let path = format!("/workspaces/{workspace}/permissionassignments/principals/{id}");
            let path = account.client().account_path(&path).unwrap();
            let body = json!({"permissions": ["USER"]});
            account.client().send::<Json>(Request::put(path).json(&body).unwrap()).await.unwrap();
        };
        for user in [ADA, GRACE] {
            made("/scim/v2/Users", json!({"userName": user})).await;
        }
        made("/scim/v2/Groups", json!({"displayName": "engineers"})).await;
        let cx = cloud.at(host);
        Self { cloud, cx, folder: tempfile::tempdir().unwrap() }
    }

    /// An endpoint on a cluster that is dedicated to the group.
    async fn endpoint(&self, name: &str, cluster_id: &str) -> SshEndpoint {
        let cluster_id = cluster_id.to_owned().into();
        SshEndpoint { cluster_id, ..endpoint(&self.cx, &self.folder, name).await }
    }

    async fn create(&self, plan: SshEndpoint) -> SshEndpoint {
        create(&self.cx, planned(None, plan)).await
    }

    async fn update(&self, made: &SshEndpoint, plan: SshEndpoint) -> SshEndpoint {
        update(&self.cx, made.clone(), planned(Some(made), plan)).await
    }

    /// What a name has on the cluster, the folders and the scopes of an endpoint.
    async fn rights(&self, made: &SshEndpoint, name: &str) -> Vec<String> {
        let endpoint = made.endpoint.known().unwrap();
        let mut found = Vec::new();
        let mut objects = vec![format!("clusters/{}", endpoint.cluster_id)];
        for path in [endpoint.directory.clone(), endpoint.server_directory()] {
            let status = databricks::api::workspace::status(self.cx.client(), &path).await.unwrap().unwrap();
            objects.push(format!("directories/{}", status.object_id.unwrap()));
        }
        for object in objects {
            let list = permissions::get(self.cx.client(), &object).await.unwrap();
            let entry = list.iter().find(|entry| entry.principal() == name);
            found.push(entry.and_then(|entry| entry.direct()).unwrap_or_default().to_owned());
        }
        for scope in [endpoint.secret_scope.clone(), endpoint.clients_scope()] {
            let acls = secrets::acls(self.cx.client(), &scope).await.unwrap();
            let acl = acls.iter().find(|acl| acl.principal == name);
            found.push(acl.map(|acl| acl.permission.clone()).unwrap_or_default());
        }
        found
    }
}

fn names(names: &[&str]) -> Attr<Set<String>> {
    Set(names.iter().map(|name| (*name).to_owned()).collect()).into()
}

const ALL: [&str; 5] = ["CAN_RESTART", "CAN_RUN", "CAN_MANAGE", "READ", "WRITE"];
const NOTHING: [&str; 5] = [""; 5];

#[tokio::test]
async fn users_and_groups_are_given_what_it_takes_and_no_more_in_place() {
    let bench = Bench::new().await;
    let id = cluster(&bench.cx, json!({})).await;
    let made = bench.create(SshEndpoint { users: names(&[ADA]), ..bench.endpoint("example", &id).await }).await;
    assert_eq!(bench.rights(&made, ADA).await, ALL);
    assert_eq!(bench.rights(&made, GRACE).await, NOTHING);
    reads_back(&bench.cx, &made).await;

    // Another is added, one is removed, and the key, the cluster and the endpoint stay what they are.
    let plan = SshEndpoint { users: names(&[GRACE]), groups: names(&["engineers"]), ..made.clone() };
    let changed = bench.update(&made, plan).await;
    assert_eq!((&changed.server_host_key, &changed.endpoint), (&made.server_host_key, &made.endpoint));
    assert_eq!(bench.rights(&made, ADA).await, NOTHING);
    assert_eq!(bench.rights(&made, GRACE).await, ALL);
    assert_eq!(bench.rights(&made, "engineers").await, ALL);
    reads_back(&bench.cx, &changed).await;

    // Who may not start the cluster needs not.
    let plan = SshEndpoint { auto_start: false.into(), users: names(&[ADA, GRACE]), ..changed.clone() };
    let changed = bench.update(&changed, plan).await;
    assert_eq!(bench.rights(&made, ADA).await[0], "CAN_ATTACH_TO");
    let none = SshEndpoint { users: Attr::Null, groups: Attr::Null, ..changed.clone() };
    let nobody = bench.update(&changed, none).await;
    for name in [ADA, GRACE, "engineers"] {
        assert_eq!(bench.rights(&made, name).await, NOTHING, "{name}");
    }
    reads_back(&bench.cx, &nobody).await;
}

#[tokio::test]
async fn what_is_missing_is_seen_and_given_again() {
    let bench = Bench::new().await;
    let id = cluster(&bench.cx, json!({})).await;
    let plan = SshEndpoint { users: names(&[ADA, GRACE]), ..bench.endpoint("example", &id).await };
    let made = bench.create(plan).await;
    let exported = made.endpoint.known().unwrap().clone();
    let client = bench.cx.client();
    let removals: [(&str, Json); 3] = [
        ("/api/2.0/secrets/acls/delete", json!({"scope": exported.secret_scope, "principal": ADA})),
        ("/api/2.0/secrets/acls/delete", json!({"scope": exported.clients_scope(), "principal": ADA})),
        ("", json!({})),
    ];
    for (path, body) in removals {
        if path.is_empty() {
            permissions::replace(client, &format!("clusters/{id}"), Vec::new()).await.unwrap();
        } else {
            client.send::<Json>(Request::post(path).json(&body).unwrap()).await.unwrap();
        }
        let seen = SshEndpoint::read(&bench.cx, made.clone()).await.unwrap().unwrap();
        let left = if path.is_empty() { names(&[]) } else { names(&[GRACE]) };
        assert_eq!(seen.users, left, "{path} {body}");
        let plan = SshEndpoint { users: made.users.clone(), ..seen.clone() };
        let mended = bench.update(&seen, plan).await;
        assert_eq!(bench.rights(&mended, ADA).await, ALL);
        reads_back(&bench.cx, &mended).await;
    }
}

#[tokio::test]
async fn what_others_gave_is_theirs_to_take() {
    let bench = Bench::new().await;
    let id = cluster(&bench.cx, json!({})).await;
    let object = format!("clusters/{id}");
    let entry = |name: &str, level: &str| {
        serde_json::from_value(json!({"user_name": name, "permission_level": level})).unwrap()
    };
    permissions::add(bench.cx.client(), &object, vec![entry(ADA, "CAN_MANAGE"), entry(GRACE, "CAN_RESTART")])
        .await
        .unwrap();
    let one = SshEndpoint { users: names(&[ADA]), ..bench.endpoint("one", &id).await };
    let one = bench.create(one).await;
    let two = SshEndpoint { users: names(&[ADA]), groups: names(&["engineers"]), ..bench.endpoint("two", &id).await };
    let two = bench.create(two).await;
    let three = SshEndpoint { groups: names(&["engineers"]), ..bench.endpoint("three", &id).await };
    let three = bench.create(three).await;
    let levels = async || -> BTreeMap<String, String> {
        let list = permissions::get(bench.cx.client(), &object).await.unwrap();
        let of = |name: &str| list.iter().find(|entry| entry.principal() == name).and_then(|entry| entry.direct());
        [ADA, GRACE, "engineers"].map(|name| (name.to_owned(), of(name).unwrap_or_default().to_owned())).into()
    };
    let expected = |engineers: &str| {
        BTreeMap::from(
            [(ADA, "CAN_MANAGE"), (GRACE, "CAN_RESTART"), ("engineers", engineers)]
                .map(|(a, b)| (a.to_owned(), b.to_owned())),
        )
    };
    assert_eq!(levels().await, expected("CAN_RESTART"));
    SshEndpoint::delete(&bench.cx, one).await.unwrap();
    SshEndpoint::delete(&bench.cx, two).await.unwrap();
    assert_eq!(levels().await, expected("CAN_RESTART"), "the third endpoint needs it");
    assert_eq!(bench.rights(&three, "engineers").await, ALL);
    SshEndpoint::delete(&bench.cx, three).await.unwrap();
    assert_eq!(levels().await, expected(""));
    let scopes: Json = bench.cx.client().send(Request::get("/api/2.0/secrets/scopes/list")).await.unwrap();
    assert_eq!(scopes, json!({ "scopes": [] }));
}

#[tokio::test]
async fn an_apply_that_breaks_off_at_any_call_is_put_right_by_the_next() {
    let bench = Bench::new().await;
    let id = cluster(&bench.cx, json!({})).await;
    let made = bench.create(SshEndpoint { users: names(&[ADA]), ..bench.endpoint("example", &id).await }).await;
    let mut state = made.clone();
    // Each call that changes something, and a look.
    for (number, call) in [
        "PATCH /api/2.0/permissions/*",
        "PUT /api/2.0/permissions/*",
        "POST /api/2.0/secrets/acls/*",
        "POST /api/2.0/secrets/put",
        "GET /api/2.0/permissions/*",
    ]
    .into_iter()
    .flat_map(|call| [(0, call), (1, call), (2, call)])
    {
        let (old, new) = if state.users == names(&[ADA]) { (ADA, GRACE) } else { (GRACE, ADA) };
        let plan = SshEndpoint { users: names(&[new]), ..state.clone() };
        bench.cloud.running.fault(Fault { skip: number, ..Fault::once(call, 403, "PERMISSION_DENIED") });
        let broken = SshEndpoint::update(&bench.cx, state.clone(), planned(Some(&state), plan.clone())).await;
        bench.cloud.running.clear_faults();
        let seen = SshEndpoint::read(&bench.cx, broken.unwrap_or(state)).await.unwrap().unwrap();
        let plan = SshEndpoint { users: names(&[new]), endpoint: seen.endpoint.clone(), ..plan };
        state = bench.update(&seen, plan).await;
        assert_eq!(bench.rights(&made, new).await, ALL, "{call} {number}");
        assert_eq!(bench.rights(&made, old).await, NOTHING, "{call} {number}");
    }
    SshEndpoint::delete(&bench.cx, state).await.unwrap();
    let list = permissions::get(bench.cx.client(), &format!("clusters/{id}")).await.unwrap();
    assert!(list.iter().all(|entry| ![ADA, GRACE].contains(&entry.principal())), "{list:?}");
}

#[tokio::test]
async fn who_cannot_be_served_is_said_before_anything_is_made() {
    let bench = Bench::new().await;
    let check = async |single_user: &str, users: &[&str], groups: &[&str], at: &str, words: &str| {
        let id = cluster(&bench.cx, json!({"single_user_name": single_user})).await;
        let list = |of: &[&str]| if of.is_empty() { Attr::Null } else { names(of) };
        let plan = SshEndpoint { users: list(users), groups: list(groups), ..bench.endpoint("example", &id).await };
        let plan = planned(None, plan);
        let foreseen = SshEndpoint::check_change(&bench.cx, &plan).await.unwrap();
        let failed = SshEndpoint::create(&bench.cx, plan).await.unwrap_err();
        assert!(failed.error.to_string().contains(words), "{}", failed.error);
        assert_eq!(failed.error.diagnostic().path, Some(at.into()));
        assert_eq!(foreseen.len(), usize::from(failed.partial.is_none()), "{foreseen:?}");
        if let Some(partial) = failed.partial {
            SshEndpoint::delete(&bench.cx, *partial).await.unwrap();
        }
    };
    check(ADA, &[ADA, GRACE], &[], "users", "dedicated to ada@example.com").await;
    check("engineers", &[ADA], &[], "users", "groups = [\"engineers\"]").await;
    check("", &["nobody@example.com"], &[], "users", "does not know \"nobody@example.com\"").await;
    check("", &[ADA], &["nobody"], "groups", "does not know \"nobody\"").await;
    let scopes: Json = bench.cx.client().send(Request::get("/api/2.0/secrets/scopes/list")).await.unwrap();
    assert_eq!(scopes, json!({ "scopes": [] }));
}
