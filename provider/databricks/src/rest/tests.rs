//! Descriptions: ids and paths as tables, and the operations against a local cloud.

use databricks::{Client, Config, Environment};
use jiff::Timestamp;
use localcloud::Fault;
use serde_json::{Value as Json, json};
use tfplugin::{DataSource, Marker, Resource, Set};

use super::api::Api;
use super::calls::{Calls, asking};
use super::place::Place;
use super::{Listing, Lookup, Of, One, Rest};
use crate::account::mws_credentials::MwsCredentials;
use crate::account::mws_ncc_private_endpoint_rule::MwsNccPrivateEndpointRule;
use crate::account::mws_network_connectivity_config::MwsNetworkConnectivityConfig;
use crate::account::mws_networks::MwsNetworks;
use crate::account::mws_permission_assignment::MwsPermissionAssignment;
use crate::identity::service_principal::ServicePrincipal;
use crate::testing::{Cloud, create, update};
use crate::workspace::git_credential::GitCredential;

const ACCOUNT: &str = "0e1f2a3b-0000-4000-8000-000000000000";

fn client() -> Client {
    let config = Config {
        host: Some("https://accounts.cloud.databricks.com".into()),
        account_id: Some(ACCOUNT.into()),
        client_id: Some("id".into()),
        client_secret: Some("secret".into()),
        ..Config::default()
    };
    Client::with_environment(config, &Environment::default()).unwrap()
}

fn place<T: Rest>(id: &str) -> tfplugin::Result<Place> {
    let state: T = tfplugin::import_by_id(id).unwrap();
    Place::of_state(&state, &client())
}

#[test]
fn an_id_is_taken_apart_and_put_together_by_its_form() {
    let network = place::<MwsNetworks>(&format!("{ACCOUNT}/n-1")).unwrap();
    assert_eq!(network.own(), "n-1");
    assert_eq!(network.named(MwsNetworks::default()).unwrap().id.text(), format!("{ACCOUNT}/n-1"));
    assert_eq!(network.named(MwsNetworks::default()).unwrap().network_id.text(), "n-1");

    let rule = place::<MwsNccPrivateEndpointRule>("ncc-1/r/1").unwrap();
    assert_eq!(
        rule.fill(MwsNccPrivateEndpointRule::API.path),
        "/network-connectivity-configs/ncc-1/private-endpoint-rules"
    );
    assert_eq!(rule.own(), "r/1");

    let assignment =
        place::<MwsPermissionAssignment>("12|34").unwrap().named(MwsPermissionAssignment::default()).unwrap();
    assert_eq!((assignment.workspace_id.or_default(), assignment.principal_id.or_default()), (12, 34));
}

#[test]
fn a_text_that_is_no_id_is_refused_with_the_form() {
    for id in ["n-1", "/n-1", "", &format!("{ACCOUNT}/")] {
        let text = place::<MwsNetworks>(id).unwrap_err().to_string();
        assert!(text.contains("no id of a network configuration") && text.contains("account_id/network_id"), "{text}");
    }
    for id in ["12", "12|", "12/34", "|34"] {
        assert!(
            place::<MwsPermissionAssignment>(id).unwrap_err().to_string().contains("workspace_id|principal_id"),
            "{id}"
        );
    }
    let text = place::<MwsNetworks>("0e1f2a3b/n-1").unwrap_err().to_string();
    assert!(text.contains("belongs to account 0e1f2a3b") && text.contains("DATABRICKS_ACCOUNT_ID"), "{text}");
}

#[test]
fn what_an_object_is_asked_by_stands_in_the_query() {
    let credential = GitCredential { id: "5".into(), principal_id: 7.into(), ..Default::default() };
    let place = Place::of_state(&credential, &client()).unwrap();
    assert_eq!(place.asked_by(), [("principal_id", "7".to_owned())]);
    assert_eq!(Place::of_plan(&GitCredential::default(), &client()).unwrap().asked_by(), []);
    let request = format!("{:?}", asking(databricks::Request::get("/x"), &place));
    assert!(request.contains(r#"("principal_id", "7")"#), "{request}");
}

#[test]
fn what_a_create_does_not_take_is_not_what_was_made() {
    let rule = MwsNccPrivateEndpointRule { enabled: true.into(), endpoint_service: "s".into(), ..Default::default() };
    let made = super::without(&rule, MwsNccPrivateEndpointRule::API.later).unwrap();
    assert!(made.enabled.is_null());
    assert_eq!(made.endpoint_service.text(), "s");
}

#[tokio::test]
async fn a_secret_that_was_corrected_after_a_cut_create_is_sent() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let plan = |token: &str| {
        Of::from(GitCredential {
            git_provider: "gitHub".into(),
            git_username: "example".into(),
            personal_access_token: tfplugin::Secret::new(token.to_owned()).into(),
            ..Default::default()
        })
    };
    let made = create(&cx, plan("wrong")).await;
    let found = Of::find(&cx, &plan("right"), cx.marker()).await.unwrap().unwrap();
    assert_eq!(found.id, made.id);
    assert!(found.personal_access_token.is_null(), "what no answer tells is not known of it");
    let before = cloud.requests("PATCH", made.id.text());
    update(&cx, found, plan("right")).await;
    assert_eq!(cloud.requests("PATCH", made.id.text()), before + 1);
}

#[tokio::test]
async fn a_look_that_waits_for_a_change_reads_no_list_of_a_moment_ago() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let principal = create(&cx, ServicePrincipal { display_name: "test".into(), ..Default::default() }).await;
    let (workspace_id, _) = cloud.new_workspace().await;
    let plan = MwsPermissionAssignment {
        workspace_id: workspace_id.into(),
        principal_id: principal.id.text().parse::<i64>().unwrap().into(),
        permissions: Set(vec!["USER".into()]).into(),
        ..Default::default()
    };
    let (cx, others) = (cloud.account(), cloud.account());
    let made = create(&cx, Of::from(plan)).await;
    let calls = Calls::<MwsPermissionAssignment>::new(&cx, &made).await.unwrap();
    let place = Place::of_state::<MwsPermissionAssignment>(&made, calls.client()).unwrap();
    assert!(calls.get_shared(&place).await.unwrap().is_some());
    Of::<MwsPermissionAssignment>::delete(&others, made).await.unwrap();
    assert!(calls.get_shared(&place).await.unwrap().is_some(), "a list of a moment ago");
    assert!(calls.get(&place).await.unwrap().is_none());
}

#[test]
fn another_account_than_the_providers_is_refused() {
    let plan = MwsNetworks { account_id: "another".into(), ..MwsNetworks::default() };
    let error = Place::of_plan(&plan, &client()).unwrap_err();
    assert_eq!(error.diagnostic().path, Some("account_id".into()));
}

#[test]
fn what_stands_in_the_path_is_not_sent() {
    let plan = MwsPermissionAssignment { workspace_id: 12.into(), principal_id: 34.into(), ..Default::default() };
    let place = Place::of_plan(&plan, &client()).unwrap();
    let body = tfplugin::reconcile::sent(&plan).unwrap();
    assert_eq!(Json::Object(place.body(body)), json!({}));
    assert_eq!(place.fill("/workspaces/{workspace_id}/x"), "/workspaces/12/x");
}

#[test]
fn an_object_from_before_the_create_is_not_of_it() {
    let marker = Marker::new("m", Timestamp::from_second(1_000_000).unwrap());
    let api = Api::collection("/x", "id");
    for (created, expected) in [
        (json!(1_000_000_000), true),
        (json!(999_996_000), true),
        (json!(999_994_000), false),
        (json!("999994000"), false),
        (json!("1970-01-12T13:46:40Z"), true),
        (json!("1970-01-12T13:00:00Z"), false),
        (json!(0), false),
    ] {
        assert_eq!(api.may_be_of(&client(), &marker, &json!({ "creation_time": created })), expected, "{created}");
    }
    assert!(api.may_be_of(&client(), &marker, &json!({})), "where its age is not told, its attributes decide");
    assert!(!api.created("made").may_be_of(&client(), &marker, &json!({ "made": 0 })));
}

impl One for MwsNetworks {
    const BY: &'static [&'static str] = &["network_name"];
    const LOOKUP: &'static str = "";
}

fn network(name: &str, number: u8) -> Of<MwsNetworks> {
    let ids =
        |kind: &str| Set(vec![format!("{kind}-0123456789abcde{number}0"), format!("{kind}-0123456789abcde{number}1")]);
    Of::from(MwsNetworks {
        network_name: name.into(),
        vpc_id: "vpc-0123456789abcdef0".into(),
        subnet_ids: ids("subnet").into(),
        security_group_ids: ids("sg").into(),
        ..Default::default()
    })
}

#[tokio::test]
async fn one_is_looked_up_by_its_name_or_its_id_and_never_guessed() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let look = async |by: Json| Lookup::<MwsNetworks>::read(&cx, serde_json::from_value(by).unwrap()).await;
    let first = create(&cx, network("first", 1)).await;
    create(&cx, network("second", 2)).await;
    let id = first.network_id.text();
    for by in [
        json!({ "network_name": "first" }),
        json!({ "network_id": id }),
        json!({ "network_name": "first", "network_id": id }),
    ] {
        let found = serde_json::to_value(look(by).await.unwrap()).unwrap();
        assert_eq!(found["id"], first.id.text());
        assert_eq!(found["vpc_id"], "vpc-0123456789abcdef0");
        assert_eq!(found["account_id"], cloud.running.account_id());
    }
    for (by, words) in [
        (json!({ "network_name": "third" }), "no network configuration with network_name \"third\""),
        (json!({ "network_name": "second", "network_id": id }), "no network configuration"),
        (json!({ "network_id": "n-0" }), "no network configuration"),
        (json!({}), "Set `network_id` or `network_name`"),
    ] {
        let text = look(by).await.unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }
    // Of other objects the account takes a name twice.
    for _ in 0..2 {
        let of_name =
            MwsNetworkConnectivityConfig { name: "twice".into(), region: "eu-west-1".into(), ..Default::default() };
        create(&cx, Of::from(of_name)).await;
    }
    let by = serde_json::from_value(json!({ "name": "twice" })).unwrap();
    let text = Lookup::<MwsNetworkConnectivityConfig>::read(&cx, by).await.unwrap_err().to_string();
    assert!(text.contains("several") && text.contains("`network_connectivity_config_id`"), "{text}");
}

#[tokio::test]
async fn all_are_listed_by_their_names() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let plan = |name: &str| {
        let role_arn = "arn:aws:iam::123456789012:role/databricks".into();
        Of::from(MwsCredentials { credentials_name: name.into(), role_arn, ..Default::default() })
    };
    let made = [create(&cx, plan("one a")).await, create(&cx, plan("one b")).await];
    let found = Listing::<MwsCredentials>::read(&cx, Listing::default()).await.unwrap();
    let found = serde_json::to_value(found).unwrap();
    assert_eq!(found["ids"], json!({ "one a": made[0].credentials_id.text(), "one b": made[1].credentials_id.text() }));
}

#[tokio::test]
async fn a_read_that_is_denied_is_no_object_that_is_gone() {
    let cloud = Cloud::start().await;
    let cx = cloud.account();
    let made = create(&cx, network("denied", 1)).await;
    cloud.running.fault(Fault::once("GET /api/2.0/accounts/*/networks/*", 403, "PERMISSION_DENIED"));
    assert!(Of::<MwsNetworks>::read(&cx, made).await.unwrap_err().to_string().contains("PERMISSION_DENIED"));
}

#[test]
fn the_flags_of_a_resource_are_its_imports() {
    assert_eq!(<Of<MwsNetworks> as Resource>::IMPORT_ID, Some("account_id/network_id"));
    const { assert!(<Of<MwsNetworks> as Resource>::IMMUTABLE && !<Of<MwsNccPrivateEndpointRule> as Resource>::IMMUTABLE) };
}
