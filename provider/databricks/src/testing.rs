//! For tests of resources: a local cloud in this process, and the operations as the framework calls them.

use std::sync::Arc;
use std::time::Duration;

use databricks::api::account::{Workspace as ApiWorkspace, WorkspaceStatus};
use databricks::{Client, Config, Environment, Request};
use jiff::Timestamp;
use localcloud::{Options, Running, Server};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tfplugin::{Call, Marker, Resource};
use tokio_util::sync::CancellationToken;

use crate::clients::{Account, AnyWorkspace, Either, Workspace};

/// A local cloud with an account.
pub(crate) struct Cloud {
    pub(crate) running: Running,
    _folder: TempDir,
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A local cloud with other options.
    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::for_tests(folder.path());
        change(&mut options);
        let running = Server::start(options).await.unwrap();
        Self { running, _folder: folder }
    }

    fn client(&self, host: String) -> Client {
        let config = Config {
            host: Some(host),
            account_id: Some(self.running.account_id()),
            client_id: Some(self.running.client_id().to_owned()),
            client_secret: Some(self.running.client_secret().clone()),
            ..Config::default()
        };
        Client::with_environment(config, &Environment::default()).unwrap()
    }

    /// A call at the account.
    pub(crate) fn account(&self) -> Call<Account> {
        call(self.client(self.running.accounts_host()).into())
    }

    /// A call of a resource that the account and workspaces have, at the account.
    pub(crate) fn either(&self) -> Call<Either> {
        call(self.client(self.running.accounts_host()).into())
    }

    /// A call at a workspace that was made for it.
    pub(crate) async fn workspace(&self) -> Call<Workspace> {
        call(self.client(self.new_workspace().await.1).into())
    }

    /// A call at the workspace of this address.
    pub(crate) fn at(&self, host: String) -> Call<Workspace> {
        call(self.client(host).into())
    }

    /// A call of a resource that may choose among an account's workspaces, at a workspace that was made for it.
    pub(crate) async fn any_workspace(&self) -> Call<AnyWorkspace> {
        call(self.client(self.new_workspace().await.1).into())
    }

    /// Such a call, at the account.
    pub(crate) fn any_workspace_of_account(&self) -> Call<AnyWorkspace> {
        call(self.client(self.running.accounts_host()).into())
    }

    /// A call of a resource that the account and workspaces have, at a workspace that was made for it.
    pub(crate) async fn workspace_either(&self) -> Call<Either> {
        call(self.client(self.new_workspace().await.1).into())
    }

    /// The id and the address of a new workspace that runs.
    pub(crate) async fn new_workspace(&self) -> (i64, String) {
        let client = self.client(self.running.accounts_host());
        let post = async |path: &str, body: Json| -> Json {
            client.send(Request::post_account(path).json(&body).unwrap()).await.unwrap()
        };
        let role = json!({ "sts_role": { "role_arn": "arn:aws:iam::123456789012:role/databricks" } });
        let credentials = post("/credentials", json!({ "credentials_name": "test", "aws_credentials": role })).await;
        let bucket = json!({ "bucket_name": "test-root" });
        let storage = json!({ "storage_configuration_name": "test", "root_bucket_info": bucket });
        let storage = post("/storage-configurations", storage).await;
        let workspace = json!({
            "workspace_name": "test",
            "aws_region": "eu-west-1",
            "credentials_id": credentials["credentials_id"],
            "storage_configuration_id": storage["storage_configuration_id"],
        });
        let id = post(ApiWorkspace::PATH, workspace).await["workspace_id"].as_i64().unwrap();
        loop {
            let now: ApiWorkspace = client.send(Request::get_account(ApiWorkspace::path(id))).await.unwrap();
            if now.workspace_status == WorkspaceStatus::Running {
                return (id, self.running.workspace_host(&now.deployment_name));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many of the requests so far had this method and a path that ends so.
    pub(crate) fn requests(&self, method: &str, end: &str) -> usize {
        let all = self.running.requests();
        all.iter().filter(|one| one.method == method && one.path.ends_with(end)).count()
    }
}

/// A call with a marker of its own and a minute of time.
pub(crate) fn call<C>(client: C) -> Call<C> {
    call_with(client, Marker::new(uuid::Uuid::new_v4().to_string(), Timestamp::now()))
}

/// The same with a marker of the test's.
pub(crate) fn call_with<C>(client: C, marker: Marker) -> Call<C> {
    Call::new(Arc::new(client), CancellationToken::new(), Duration::from_secs(60), marker)
}

/// Creates and waits, as the framework does.
pub(crate) async fn create<R: Resource>(cx: &Call<R::Client>, plan: R) -> R {
    let made = R::create(cx, plan).await.unwrap_or_else(|failed| panic!("create: {}", failed.error));
    R::ready(cx, made).await.unwrap()
}

/// Updates and waits, as the framework does.
pub(crate) async fn update<R: Resource>(cx: &Call<R::Client>, state: R, plan: R) -> R {
    let new = R::update(cx, state, plan).await.unwrap_or_else(|failed| panic!("update: {}", failed.error));
    R::ready(cx, new).await.unwrap()
}

/// Reads and expects the same object.
#[track_caller]
pub(crate) fn assert_same<R: Resource>(what: &str, left: &R, right: &R) {
    assert_eq!(serde_json::to_value(left).unwrap(), serde_json::to_value(right).unwrap(), "{what}");
}

/// Reads what stands, and what an import finds: both are `state`, but for what an import cannot read.
pub(crate) async fn reads_back<R: Resource>(cx: &Call<R::Client>, state: &R) {
    let read = R::read(cx, state.clone()).await.unwrap().expect("it stands");
    assert_same("read", &read, state);
    if R::IMPORT_ID.is_some() {
        let id = serde_json::to_value(state).unwrap()["id"].as_str().unwrap().to_owned();
        let imported = R::import(cx, &id).await.unwrap();
        let imported = R::read(cx, imported).await.unwrap().expect("it can be imported");
        let (mut left, mut right) = (serde_json::to_value(&imported).unwrap(), serde_json::to_value(state).unwrap());
        for ignored in tfplugin::reconcile::import_ignores::<R>() {
            left.as_object_mut().unwrap().remove(&ignored);
            right.as_object_mut().unwrap().remove(&ignored);
        }
        assert_eq!(left, right, "import");
    }
}
