//! Workspaces against a local cloud: their token, and what is set outside.

use databricks::Request;
use localcloud::Fault;
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Call, Resource, Secret};

use super::MwsWorkspaces;
use super::blocks::WorkspaceToken;
use crate::account::mws_credentials::MwsCredentials;
use crate::account::mws_storage_configurations::MwsStorageConfigurations;
use crate::clients::Account;
use crate::rest::Of;
use crate::testing::{Cloud, create, reads_back, update};

async fn workspace(cx: &Call<Account>) -> MwsWorkspaces {
    let credentials = MwsCredentials {
        credentials_name: "example".into(),
        role_arn: "arn:aws:iam::123456789012:role/databricks".into(),
        ..Default::default()
    };
    let storage = MwsStorageConfigurations {
        storage_configuration_name: "example".into(),
        bucket_name: "example-root-bucket".into(),
        ..Default::default()
    };
    let (credentials, storage) = (create(cx, Of::from(credentials)).await, create(cx, Of::from(storage)).await);
    MwsWorkspaces {
        workspace_name: "example".into(),
        aws_region: "eu-west-1".into(),
        credentials_id: credentials.credentials_id.clone(),
        storage_configuration_id: storage.storage_configuration_id.clone(),
        is_no_public_ip_enabled: true.into(),
        ..Default::default()
    }
}

/// A token block as it is planned: what the workspace decides is unknown.
fn token() -> WorkspaceToken {
    WorkspaceToken {
        comment: "Terraform PAT".into(),
        lifetime_seconds: 2_592_000.into(),
        token_id: Attr::Unknown,
        token_value: Attr::Unknown,
    }
}

/// Id and comment of the tokens in the workspace.
async fn tokens(cx: &Call<Account>, state: &MwsWorkspaces) -> Vec<(String, String)> {
    let client = cx.client().workspace(&state.workspace_url.text().parse().unwrap()).unwrap();
    let all = databricks::api::tokens::list(&client, false).await.unwrap();
    all.into_iter().map(|one| (one.token_id, one.comment)).collect()
}

fn issued(state: &MwsWorkspaces) -> (String, Secret<String>) {
    let token = state.token.known().expect("there is a block");
    (token.token_id.text().to_owned(), token.token_value.known().expect("it is issued").clone())
}

#[tokio::test]
async fn a_token_is_issued_renewed_in_place_and_revoked_with_its_block() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let made = create(&cx, MwsWorkspaces { token: token().into(), ..workspace(&cx).await }).await;
    assert!(!format!("{made:?}").contains("Unknown"), "everything is known after a create: {made:?}");
    let (id, value) = issued(&made);
    assert!(value.expose().starts_with("dapi"), "a real one");
    // The mark stands until the state is read for the first time.
    assert!(tokens(&cx, &made).await[0].1.contains("terraform-created-by"));
    reads_back(&cx, &made).await;
    assert_eq!(tokens(&cx, &made).await, [(id.clone(), "Terraform PAT".to_owned())]);

    // Another comment is another comment of the same token.
    let renamed = WorkspaceToken { comment: "CI".into(), ..made.token.clone().into_known().unwrap() };
    let renamed = update(&cx, made.clone(), MwsWorkspaces { token: renamed.into(), ..made }).await;
    assert_eq!(tokens(&cx, &renamed).await, [(id.clone(), "CI".to_owned())]);
    assert_eq!(issued(&renamed).0, id);

    // Another lifetime is another token, and the former one is revoked.
    let longer = WorkspaceToken { lifetime_seconds: 7_776_000.into(), comment: "CI".into(), ..token() };
    let longer = update(&cx, renamed.clone(), MwsWorkspaces { token: longer.into(), ..renamed }).await;
    let (second, _) = issued(&longer);
    assert_ne!(second, id);
    assert_eq!(tokens(&cx, &longer).await.len(), 1);

    // Revoked outside, it is lost, and the workspace is as it was.
    let client = cx.client().workspace(&longer.workspace_url.text().parse().unwrap()).unwrap();
    databricks::api::tokens::revoke(&client, &second).await.unwrap();
    let lost = MwsWorkspaces::read(&cx, longer.clone()).await.unwrap().unwrap();
    let token = lost.token.known().unwrap();
    assert_eq!((&token.token_id, &token.token_value), (&Attr::Null, &Attr::Null));
    assert_eq!((&lost.id, lost.workspace_status.text()), (&longer.id, "RUNNING"));
    let again = WorkspaceToken { token_id: Attr::Unknown, token_value: Attr::Unknown, ..token.clone() };
    let renewed = update(&cx, lost.clone(), MwsWorkspaces { token: again.into(), ..lost }).await;
    assert_eq!(tokens(&cx, &renewed).await.len(), 1);
    reads_back(&cx, &renewed).await;

    let without = update(&cx, renewed.clone(), MwsWorkspaces { token: Attr::Null, ..renewed }).await;
    assert_eq!(tokens(&cx, &without).await, []);
    reads_back(&cx, &without).await;
}

#[tokio::test]
async fn a_token_whose_value_was_lost_in_a_kill_is_revoked_by_the_next_issue() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let plan = MwsWorkspaces { token: token().into(), ..workspace(&cx).await };
    let made = MwsWorkspaces::create(&cx, plan).await.map_err(|failed| failed.error).unwrap();
    // Both times the state was never written.
    MwsWorkspaces::ready(&cx, made.clone()).await.unwrap();
    let ready = MwsWorkspaces::ready(&cx, made).await.unwrap();
    assert_eq!(tokens(&cx, &ready).await.len(), 1);
}

#[tokio::test]
async fn a_workspace_is_not_lost_for_a_token_that_cannot_be_issued() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    cloud.running.fault(Fault::once("POST /api/2.0/token/create", 403, "PERMISSION_DENIED"));
    let made = create(&cx, MwsWorkspaces { token: token().into(), ..workspace(&cx).await }).await;
    assert_eq!(made.workspace_status.text(), "RUNNING");
    let lost = made.token.known().unwrap();
    assert_eq!((&lost.token_id, &lost.token_value), (&Attr::Null, &Attr::Null));
    let renewed = update(&cx, made.clone(), MwsWorkspaces { token: token().into(), ..made }).await;
    issued(&renewed);
}

#[tokio::test]
async fn a_workspace_that_does_not_answer_keeps_its_token() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let made = create(&cx, MwsWorkspaces { token: token().into(), ..workspace(&cx).await }).await;
    cloud.running.fault(Fault::once("GET /api/2.0/token/list", 403, "PERMISSION_DENIED"));
    let read = MwsWorkspaces::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(read.token, made.token);
}

/// A PATCH by somebody else.
async fn set_outside(cx: &Call<Account>, state: &MwsWorkspaces, name: &str, value: Json) {
    let id = state.workspace_id.or_default();
    let request = Request::patch_account(format!("/workspaces/{id}")).query("update_mask", name);
    cx.client().send::<Json>(request.json(&json!({name: value})).unwrap()).await.unwrap();
}

#[tokio::test]
async fn what_is_set_outside_is_seen_and_every_one_of_it_can_be_changed_in_place() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let made = create(&cx, workspace(&cx).await).await;
    let post = async |path: &str, body: Json, id: &str| {
        let made: Json = cx.client().send(Request::post_account(path).json(&body).unwrap()).await.unwrap();
        made[id].as_str().unwrap().to_owned()
    };
    let ncc = async |name: &str| {
        let body = json!({"name": name, "region": "eu-west-1"});
        post("/network-connectivity-configs", body, "network_connectivity_config_id").await
    };
    let settings = async |name: &str| {
        let body = json!({"private_access_settings_name": name, "region": "eu-west-1", "public_access_enabled": true});
        post("/private-access-settings", body, "private_access_settings_id").await
    };
    let (first, second) = (ncc("first-ncc").await, ncc("second-ncc").await);
    set_outside(&cx, &made, "network_connectivity_config_id", json!(first)).await;
    let (one, other) = (settings("first-pas").await, settings("second-pas").await);
    set_outside(&cx, &made, "private_access_settings_id", json!(one)).await;

    let read = MwsWorkspaces::read(&cx, made).await.unwrap().unwrap();
    assert_eq!((read.network_connectivity_config_id.text(), read.private_access_settings_id.text()), (&*first, &*one));
    let plan = MwsWorkspaces {
        network_connectivity_config_id: second.as_str().into(),
        private_access_settings_id: other.as_str().into(),
        pricing_tier: "enterprise".into(),
        ..read.clone()
    };
    let changed = update(&cx, read.clone(), plan).await;
    assert_eq!(changed.id, read.id);
    assert_eq!(
        (changed.network_connectivity_config_id.text(), changed.private_access_settings_id.text()),
        (&*second, &*other)
    );
    assert_eq!(changed.pricing_tier.text(), "ENTERPRISE");
    reads_back(&cx, &changed).await;
}

#[test]
fn an_answer_that_leaves_things_out_takes_nothing_away() {
    use super::description::{Found, state_of};
    let config = databricks::Config {
        host: Some("https://accounts.cloud.databricks.com".into()),
        account_id: Some("0e1f2a3b-0000-4000-8000-000000000000".into()),
        client_id: Some("id".into()),
        client_secret: Some(Secret::from("secret")),
        ..databricks::Config::default()
    };
    let client = databricks::Client::with_environment(config, &databricks::Environment::default()).unwrap();
    let client = Account::from(client);
    let known = MwsWorkspaces {
        deployment_name: "dbc-1".into(),
        workspace_url: "https://dbc-1.cloud.databricks.com".into(),
        pricing_tier: "PREMIUM".into(),
        ..Default::default()
    };
    for (answer, expected) in [
        (json!({"workspace_id": 7, "network_id": null}), ("dbc-1", "https://dbc-1.cloud.databricks.com", "PREMIUM")),
        (
            json!({"workspace_id": 7, "deployment_name": "dbc-2", "pricing_tier": "ENTERPRISE"}),
            ("dbc-2", "https://dbc-2.cloud.databricks.com", "ENTERPRISE"),
        ),
        (
            json!({"workspace_id": 7, "deployment_name": "dbc-1", "workspace_url": "http://dbc-1.localhost:8080"}),
            ("dbc-1", "http://dbc-1.localhost:8080", "PREMIUM"),
        ),
    ] {
        let state = state_of(&client, &known, &Found::read(answer.clone()).unwrap()).unwrap();
        let seen = (state.deployment_name.text(), state.workspace_url.text(), state.pricing_tier.text());
        assert_eq!(seen, expected, "{answer}");
    }
}
