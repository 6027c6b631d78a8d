//! Three people and one endpoint: who made it, who may use it, and who may not.

use databricks::{Client, Request};
use serde_json::{Value, json};
use ssh_endpoint::access::{self, Access};
use ssh_endpoint::client_secret_name;
use tokio::process::Command;

use crate::bench::text;
use crate::cloud::Cloud;

/// Somebody who may enter the workspace, and signs in with an own secret.
pub struct Person {
    id: String,
    name: String,
    secret: String,
}

impl Person {
    pub async fn new(cloud: &Cloud, name: &str) -> Self {
        let post = async |path: String, body: Value| -> Value {
            cloud.account().send(Request::post_account(path).json(&body).unwrap()).await.unwrap()
        };
        let made = post("/scim/v2/ServicePrincipals".to_owned(), json!({"displayName": name})).await;
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        let (id, name) = (text("id"), text("applicationId"));
        assign(cloud, &id).await;
        let secret = post(format!("/servicePrincipals/{id}/credentials/secrets"), json!({})).await;
        Self { id, name, secret: secret["secret"].as_str().unwrap().to_owned() }
    }

    /// `tunnel` with this person's own credentials.
    pub fn signed_in(&self, mut tunnel: Command) -> Command {
        tunnel.env("DATABRICKS_CLIENT_ID", &self.name).env("DATABRICKS_CLIENT_SECRET", &self.secret);
        tunnel
    }
}

async fn assign(cloud: &Cloud, id: &str) {
    let path = format!("/workspaces/{}/permissionassignments/principals/{id}", cloud.endpoint.workspace_id);
    let account: Client = cloud.account();
    let path = account.account_path(&path).unwrap();
    account.send::<Value>(Request::put(path).json(&json!({"permissions": ["USER"]})).unwrap()).await.unwrap();
}

/// Dedicates the endpoint's cluster to a user or a group.
async fn dedicate(cloud: &Cloud, to: &str) {
    let body = json!({
        "cluster_id": cloud.endpoint.cluster_id, "cluster_name": "demo", "spark_version": "17.3.x-scala2.13",
        "node_type_id": "m6gd.large", "num_workers": 0, "is_single_node": true, "kind": "CLASSIC_PREVIEW",
        "data_security_mode": "SINGLE_USER", "single_user_name": to,
    });
    crate::cloud::until("the cluster takes its new configuration", async || {
        let request = Request::post("/api/2.1/clusters/edit").json(&body).unwrap();
        cloud.client.send::<Value>(request).await.is_ok()
    })
    .await;
}

async fn group(cloud: &Cloud, name: &str, members: &[&Person]) {
    let members: Vec<Value> = members.iter().map(|person| json!({"value": person.id})).collect();
    let body = json!({"displayName": name, "members": members});
    let made: Value =
        cloud.account().send(Request::post_account("/scim/v2/Groups").json(&body).unwrap()).await.unwrap();
    assign(cloud, made["id"].as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_given_an_endpoint_connects_with_its_file_and_an_own_login_and_others_read_whom_to_ask() {
    let cloud = Cloud::start().await;
    let (ada, ben, eve) =
        (Person::new(&cloud, "ada").await, Person::new(&cloud, "ben").await, Person::new(&cloud, "eve").await);
    group(&cloud, "engineers", &[&ada, &ben]).await;
    dedicate(&cloud, "engineers").await;
    let given = Access { groups: ["engineers".to_owned()].into(), ..Access::default() };
    access::give(&cloud.client, &cloud.endpoint, &given).await.unwrap();

    // The first one starts the server, another uses the same one, and each registers an own key.
    for (person, home) in [(&ada, "ada"), (&ben, "ben")] {
        let (code, out, words) = text(&person.signed_in(cloud.connect(home, &["echo", "hi"])).output().await.unwrap());
        assert_eq!((code, out.as_str()), (0, "hi\n"), "{words}");
    }
    assert_eq!(cloud.runs().await.len(), 1);
    let publisher = cloud.endpoint.publisher().unwrap();
    let asks = |words: &str| {
        for part in
            [&format!("Ask {publisher}"), &format!("add {} to users", eve.name), "databricks_ssh_endpoint \"demo\""]
        {
            assert!(words.contains(part), "{words}");
        }
    };
    let (code, _, words) = text(&eve.signed_in(cloud.connect("eve", &["true"])).output().await.unwrap());
    assert_eq!(code, 1);
    asks(&words);

    // With the secrets alone the cluster is still another's.
    for (scope, permission) in
        [(cloud.endpoint.secret_scope.clone(), "READ"), (cloud.endpoint.clients_scope(), "WRITE")]
    {
        databricks::api::secrets::put_acl(&cloud.client, &scope, &eve.name, permission).await.unwrap();
    }
    let (code, _, words) = text(&eve.signed_in(cloud.connect("eve", &["true"])).output().await.unwrap());
    assert_eq!(code, 1);
    asks(&words);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_can_change_nothing_that_others_rely_on() {
    let cloud = Cloud::start().await;
    let ada = Person::new(&cloud, "ada").await;
    dedicate(&cloud, &ada.name).await;
    let given = Access { users: [ada.name.clone()].into(), ..Access::default() };
    access::give(&cloud.client, &cloud.endpoint, &given).await.unwrap();
    let connect = async || text(&ada.signed_in(cloud.connect("ada", &["true"])).output().await.unwrap());
    let (code, _, words) = connect().await;
    assert_eq!(code, 0, "{words}");

    let theirs = cloud.signed_in(&ada.name, &ada.secret);
    let (endpoint, secret) = (&cloud.endpoint, "text".to_owned().into());
    for name in [ssh_endpoint::SERVER_PRIVATE_KEY, ssh_endpoint::AUTHORIZED_KEYS, ssh_endpoint::ENDPOINT] {
        let put = databricks::api::secrets::put(&theirs, &endpoint.secret_scope, name, &secret).await;
        assert_eq!(put.unwrap_err().status(), Some(403), "{name}");
    }
    for path in [endpoint.bootstrap_path(), endpoint.binary_path.clone()] {
        let put = databricks::api::workspace::write_file(&theirs, &path, "x").await;
        assert_eq!(put.unwrap_err().status(), Some(403), "{path}");
    }
    // Its own key it takes back.
    let key = std::fs::read_to_string(cloud.home("ada").join("id_ed25519.pub")).unwrap();
    databricks::api::secrets::delete(&theirs, &endpoint.clients_scope(), &client_secret_name(&key)).await.unwrap();

    access::give(&cloud.client, &cloud.endpoint, &Access::default()).await.unwrap();
    let (code, _, words) = connect().await;
    assert_eq!(code, 1);
    assert!(words.contains("Ask "), "{words}");
    cloud.cloud.stop().await;
}
