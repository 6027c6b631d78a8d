//! The product's own client and its wire types against the local cloud: both sides mean the same by every field.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::time::{Duration, Instant};

use databricks::api::account::{Workspace, WorkspaceStatus};
use databricks::api::identity::{
    ComplexValue, CreateServicePrincipalSecret, Patch, PatchOperation, Principal, Principals, ServicePrincipalSecret,
    ServicePrincipalSecrets,
};
use databricks::api::secrets;
use databricks::api::tokens::{self, CreateToken};
use databricks::{Client, Config, Environment, Request};
use localcloud::{Options, Running, Server};
use secret::Secret;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// No wait lasts so long.
const LIMIT: Duration = Duration::from_secs(20);

struct Bench {
    cloud: Running,
    account: Client,
    _dir: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cloud = Server::start(Options::for_tests(dir.path())).await.unwrap();
        let account = client(&cloud, "accounts", |config| {
            config.client_id = Some(cloud.client_id().to_owned());
            config.client_secret = Some(cloud.client_secret().clone());
        });
        Self { cloud, account, _dir: dir }
    }

    async fn post<T: DeserializeOwned + 'static>(&self, path: &str, body: &impl serde::Serialize) -> T {
        self.account.send(Request::post_account(path).json(body).unwrap()).await.unwrap()
    }

    /// A workspace with all that it needs, running.
    async fn workspace(&self) -> Workspace {
        let credentials: Value =
            self.post("/credentials", &credentials("arn:aws:iam::123456789012:role/databricks")).await;
        let storage = json!({ "storage_configuration_name": "s", "root_bucket_info": { "bucket_name": "bucket-1" } });
        let storage: Value = self.post("/storage-configurations", &storage).await;
        let network = json!({
            "network_name": "network",
            "vpc_id": "vpc-1",
            "subnet_ids": ["subnet-1", "subnet-2"],
            "security_group_ids": ["sg-1"],
        });
        let network: Value = self.post("/networks", &network).await;
        assert_eq!(network["vpc_status"], "UNATTACHED");
        let workspace = json!({
            "workspace_name": "workspace",
            "aws_region": "eu-west-1",
            "credentials_id": credentials["credentials_id"],
            "storage_configuration_id": storage["storage_configuration_id"],
            "network_id": network["network_id"],
            "custom_tags": { "a": "b" },
        });
        let made: Value = self.post(Workspace::PATH, &workspace).await;
        assert_eq!(made["custom_tags"], json!({ "a": "b" }));
        let mut workspace: Workspace = serde_json::from_value(made).unwrap();
        assert_eq!(workspace.workspace_status, WorkspaceStatus::Provisioning);
        let begun = Instant::now();
        while workspace.workspace_status != WorkspaceStatus::Running {
            assert!(!workspace.workspace_status.is_failed() && begun.elapsed() < LIMIT, "{workspace:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
            let path = Workspace::path(workspace.workspace_id.unwrap());
            workspace = self.account.send(Request::get_account(path)).await.unwrap();
        }
        workspace
    }

    fn inside(&self, workspace: &Workspace) -> Client {
        self.account.workspace(&workspace.url(self.account.host()).unwrap()).unwrap()
    }
}

fn client(cloud: &Running, host: &str, credentials: impl FnOnce(&mut Config)) -> Client {
    let mut config = Config {
        host: Some(format!("http://{host}.localhost:{}", cloud.port())),
        account_id: Some(cloud.account_id().to_owned()),
        ..Config::default()
    };
    credentials(&mut config);
    Client::with_environment(config, &Environment::default()).unwrap()
}

fn credentials(role_arn: &str) -> Value {
    json!({ "credentials_name": "c", "aws_credentials": { "sts_role": { "role_arn": role_arn } } })
}

#[tokio::test]
async fn a_workspace_is_made_used_and_removed() {
    let bench = Bench::new().await;
    let workspace = bench.workspace().await;
    let inside = bench.inside(&workspace);
    assert_eq!(inside.workspace_id().await.unwrap(), workspace.workspace_id.unwrap().to_string());
    assert_eq!(inside.me().await.unwrap().user_name, bench.cloud.client_id());
    let path = format!("/networks/{}", workspace.network_id);
    let network: Value = bench.account.send(Request::get_account(&path)).await.unwrap();
    assert_eq!((&network["vpc_status"], &network["workspace_id"]), (&json!("VALID"), &json!(workspace.workspace_id)));
    let error = bench.account.send::<()>(Request::delete_account(&path)).await.unwrap_err();
    assert!(error.is_invalid_state(), "{error}");
    let of_workspace = Workspace::path(workspace.workspace_id.unwrap());
    bench.account.send::<()>(Request::delete_account(&of_workspace)).await.unwrap();
    let gone = async || {
        bench
            .account
            .send::<Workspace>(Request::get_account(&of_workspace))
            .await
            .is_err_and(|error| error.is_not_found())
    };
    let begun = Instant::now();
    while !gone().await {
        assert!(begun.elapsed() < LIMIT, "the workspace is still there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bench.account.send::<()>(Request::delete_account(&path)).await.unwrap();
}

#[tokio::test]
async fn keys_say_what_they_are_for() {
    let bench = Bench::new().await;
    let arn = "arn:aws:kms:eu-west-1:123456789012:key/1";
    let key = json!({
        "use_cases": ["STORAGE"],
        "aws_key_info": { "key_arn": arn, "reuse_key_for_cluster_volumes": false },
    });
    let made: Value = bench.post("/customer-managed-keys", &key).await;
    let info = json!({ "key_arn": arn, "key_region": "eu-west-1", "reuse_key_for_cluster_volumes": false });
    assert_eq!((&made["use_cases"], &made["aws_key_info"]), (&json!(["STORAGE"]), &info));
    let listed: Vec<Value> = bench.account.send(Request::get_account("/customer-managed-keys")).await.unwrap();
    assert_eq!(listed[0]["customer_managed_key_id"], made["customer_managed_key_id"]);
}

#[tokio::test]
async fn a_role_that_is_none_is_refused_in_words() {
    let bench = Bench::new().await;
    let request = Request::post_account("/credentials").json(&credentials("databricks")).unwrap();
    let error = bench.account.send::<()>(request).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(400), Some("INVALID_PARAMETER_VALUE")), "{error}");
}

#[tokio::test]
async fn a_service_principal_signs_in_with_its_own_secret() {
    let bench = Bench::new().await;
    let workspace = bench.workspace().await;
    let wanted = Principal { display_name: "robot".to_owned(), active: Some(true), ..Principal::default() };
    let request = Request::post_account("/scim/v2/ServicePrincipals").scim(&wanted).unwrap();
    let made: Principal = bench.account.send(request).await.unwrap();
    assert!(!made.application_id.is_empty() && made.active == Some(true));
    let found: Principals = bench
        .account
        .send(Request::get_account("/scim/v2/ServicePrincipals").query("filter", "displayName eq \"robot\""))
        .await
        .unwrap();
    assert_eq!(found.resources[0].id, made.id);
    let patch = Patch::new(vec![PatchOperation {
        op: "replace".to_owned(),
        path: "displayName".to_owned(),
        value: Some("robot 2".into()),
    }]);
    let path = format!("/scim/v2/ServicePrincipals/{}", made.id);
    bench.account.send::<()>(Request::patch_account(&path).scim(&patch).unwrap()).await.unwrap();
    let read: Principal = bench.account.send(Request::get_account(&path)).await.unwrap();
    assert_eq!(read.display_name, "robot 2");

    let secrets = format!("/servicePrincipals/{}/credentials/secrets", made.id);
    let body = CreateServicePrincipalSecret { lifetime: "3600s".to_owned() };
    let secret: ServicePrincipalSecret = bench.post(&secrets, &body).await;
    let listed: ServicePrincipalSecrets = bench.account.send(Request::get_account(&secrets)).await.unwrap();
    assert_eq!(listed.secrets[0].id, secret.id);
    assert!(listed.secrets[0].secret.expose().is_empty(), "a secret is told once");

    let assignments = format!("/workspaces/{}/permissionassignments", workspace.workspace_id.unwrap());
    let wanted = json!({ "permissions": ["ADMIN"] });
    let put = Request::put_account(format!("{assignments}/principals/{}", made.id)).json(&wanted).unwrap();
    bench.account.send::<()>(put).await.unwrap();
    let all: Value = bench.account.send(Request::get_account(&assignments)).await.unwrap();
    let all = all["permission_assignments"].as_array().unwrap();
    assert!(all.iter().any(|one| one["permissions"] == json!(["ADMIN"])), "{all:?}");

    let robot = client(&bench.cloud, &workspace.deployment_name, |config| {
        config.client_id = Some(made.application_id.clone());
        config.client_secret = Some(secret.secret.clone());
    });
    assert_eq!(robot.me().await.unwrap().user_name, made.application_id);
    let entitle = Patch::new(vec![PatchOperation {
        op: "add".to_owned(),
        path: "entitlements".to_owned(),
        value: Some(serde_json::to_value([ComplexValue::of("allow-cluster-create")]).unwrap()),
    }]);
    let path = format!("/api/2.0/preview/scim/v2/ServicePrincipals/{}", made.id);
    bench.inside(&workspace).send::<()>(Request::patch(&path).scim(&entitle).unwrap()).await.unwrap();
    let read: Principal = robot.send(Request::get(&path)).await.unwrap();
    assert!(read.entitlements.iter().any(|one| one.value == "allow-cluster-create"), "{read:?}");
}

#[tokio::test]
async fn a_token_works_until_it_is_revoked() {
    let bench = Bench::new().await;
    let workspace = bench.workspace().await;
    let inside = bench.inside(&workspace);
    let wanted = CreateToken { comment: "t".to_owned(), lifetime_seconds: Some(600), ..CreateToken::default() };
    let made = tokens::create(&inside, &wanted).await.unwrap();
    assert!(made.token_info.expiry_time.unwrap() > made.token_info.creation_time.unwrap());
    let holder =
        client(&bench.cloud, &workspace.deployment_name, |config| config.token = Some(made.token_value.clone()));
    holder.me().await.unwrap();
    assert_eq!(tokens::list(&inside, false).await.unwrap()[0].token_id, made.token_info.token_id);
    tokens::revoke(&inside, &made.token_info.token_id).await.unwrap();
    let error = tokens::list(&holder, false).await.unwrap_err();
    assert!(error.is_denied(), "{error}");
}

#[tokio::test]
async fn secrets_go_in_and_come_out() {
    let bench = Bench::new().await;
    let inside = bench.inside(&bench.workspace().await);
    let scope = "ssh-tunnel-x";
    assert!(secrets::new_scope(&inside, scope).await.unwrap());
    assert!(!secrets::new_scope(&inside, scope).await.unwrap(), "it is there already");
    secrets::put(&inside, scope, "k", &Secret::from("value")).await.unwrap();
    assert_eq!(secrets::get(&inside, scope, "k").await.unwrap().unwrap().expose(), "value");
    let listed = secrets::list(&inside, scope).await.unwrap().unwrap();
    assert!(listed[0].key == "k" && listed[0].last_updated_timestamp.is_some());
    let acl = json!({ "scope": scope, "principal": "users", "permission": "READ" });
    inside.send::<()>(Request::post("/api/2.0/secrets/acls/put").json(&acl).unwrap()).await.unwrap();
    let get = Request::get("/api/2.0/secrets/acls/get").query("scope", scope).query("principal", "users");
    assert_eq!(inside.send::<Value>(get).await.unwrap()["permission"], "READ");
    let scopes: Value = inside.send(Request::get("/api/2.0/secrets/scopes/list")).await.unwrap();
    assert_eq!(scopes["scopes"][0]["name"], scope);
    assert!(secrets::list(&inside, "none").await.unwrap().is_none());
    secrets::delete(&inside, scope, "k").await.unwrap();
    assert!(secrets::get(&inside, scope, "k").await.unwrap().is_none());
}
