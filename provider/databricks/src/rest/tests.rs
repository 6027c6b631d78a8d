//! Descriptions: ids and paths as tables, and the operations against a local cloud.

use databricks::{Client, Config, Environment};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tfplugin::{Marker, Resource};

use super::api::Api;
use super::place::Place;
use super::{Of, Rest};
use crate::account::mws_ncc_private_endpoint_rule::MwsNccPrivateEndpointRule;
use crate::account::mws_networks::MwsNetworks;
use crate::account::mws_permission_assignment::MwsPermissionAssignment;

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
    let marker = Marker { id: "m".into(), since: Timestamp::from_second(1_000_000).unwrap() };
    let api = Api::collection("/x", "id");
    for (created, expected) in [
        (json!(1_000_000_000), true),
        (json!(999_941_000), true),
        (json!(999_939_000), false),
        (json!("999939000"), false),
        (json!("1970-01-12T13:46:40Z"), true),
        (json!("1970-01-12T13:00:00Z"), false),
        (json!(0), false),
    ] {
        assert_eq!(api.may_be_of(&marker, &json!({ "creation_time": created })), expected, "{created}");
    }
    assert!(api.may_be_of(&marker, &json!({})), "where its age is not told, its attributes decide");
    assert!(!api.created("made").may_be_of(&marker, &json!({ "made": 0 })));
}

#[test]
fn the_flags_of_a_resource_are_its_imports() {
    assert_eq!(<Of<MwsNetworks> as Resource>::IMPORT_ID, Some("account_id/network_id"));
    assert!(<Of<MwsNetworks> as Resource>::IMMUTABLE && !<Of<MwsNccPrivateEndpointRule> as Resource>::IMMUTABLE);
}
