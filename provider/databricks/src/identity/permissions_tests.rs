//! Permissions on objects of a workspace, against a local cloud.

use databricks::Client;
use databricks::api::permissions::{self, AccessControl};
use databricks::api::workspace;
use serde_json::json;
use tfplugin::{Attr, Call, Resource, Set};

use super::permission_entries::Given;
use super::permissions::Permissions;
use crate::clients::AnyWorkspace;
use crate::testing::{Cloud, create, reads_back, update};

fn given(group: &str, level: &str) -> Given {
    Given { group_name: group.into(), permission_level: level.into(), ..Given::default() }
}

fn to(all: &[Given]) -> Attr<Set<Given>> {
    Set(all.to_vec()).into()
}

/// What is given on the object itself: (whom, what).
async fn direct(client: &Client, object: &str) -> Vec<(String, String)> {
    let all = permissions::get(client, object).await.unwrap();
    let direct = all.iter().filter_map(|one| Some((one.principal().to_owned(), one.direct()?.to_owned())));
    direct.filter(|(who, _)| who != "admins").collect()
}

async fn job(cx: &Call<AnyWorkspace>) -> String {
    let request = databricks::Request::post("/api/2.2/jobs/create").json(&json!({ "name": "nightly" })).unwrap();
    let made: serde_json::Value = cx.client().send(request).await.unwrap();
    made["job_id"].to_string()
}

#[tokio::test]
async fn what_is_not_configured_is_taken_away_and_the_owner_stays() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let client: &Client = cx.client();
    let id = job(&cx).await;
    let object = format!("jobs/{id}");
    let me = client.me().await.unwrap().user_name;
    let owner = (me.clone(), "IS_OWNER".to_owned());
    let plan = Permissions {
        job_id: id.as_str().into(),
        access_control: to(&[given("users", "CAN_VIEW")]),
        ..Default::default()
    };
    let made = create(&cx, plan.clone()).await;
    assert_eq!((made.id.text(), made.object_type.text()), (format!("/{object}").as_str(), "job"));
    reads_back(&cx, &made).await;
    let users = |level: &str| ("users".to_owned(), level.to_owned());
    assert_eq!(direct(client, &object).await, [users("CAN_VIEW"), owner.clone()]);

    // Somebody gives more: that is drift, and an update takes it away.
    let other =
        AccessControl { group_name: "admins".into(), permission_level: "CAN_MANAGE".into(), ..Default::default() };
    let more = AccessControl {
        service_principal_name: me.clone(),
        permission_level: "CAN_MANAGE".into(),
        ..Default::default()
    };
    permissions::add(client, &object, vec![other, more]).await.unwrap();
    let seen = Permissions::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(seen.access_control.or_default().len(), 1, "admins, and who runs Terraform: {:?}", seen.access_control);
    let plan = Permissions { access_control: to(&[given("users", "CAN_MANAGE_RUN")]), ..made.clone() };
    let changed = update(&cx, made, plan).await;
    assert_eq!(direct(client, &object).await[0], users("CAN_MANAGE_RUN"));
    reads_back(&cx, &changed).await;

    Permissions::delete(&cx, changed.clone()).await.unwrap();
    assert_eq!(direct(client, &object).await, [owner]);
    assert!(Permissions::read(&cx, changed.clone()).await.unwrap().is_none());
    let gone = Permissions { id: "/jobs/1".into(), job_id: "1".into(), ..changed };
    assert!(Permissions::read(&cx, gone.clone()).await.unwrap().is_none());
    Permissions::delete(&cx, gone).await.unwrap();
}

#[tokio::test]
async fn a_folder_is_named_by_its_path_and_whoever_runs_terraform_keeps_it() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let client: &Client = cx.client();
    workspace::make_directory(client, "/Shared/data").await.unwrap();
    let plan = Permissions {
        directory_path: "/Shared/data".into(),
        access_control: to(&[given("users", "CAN_READ")]),
        ..Default::default()
    };
    let made = create(&cx, plan).await;
    let id = workspace::status(client, "/Shared/data").await.unwrap().unwrap().object_id.unwrap();
    assert_eq!(made.id.text(), format!("/directories/{id}"));
    let me = client.me().await.unwrap().user_name;
    let all = direct(client, &format!("directories/{id}")).await;
    assert!(all.contains(&(me, "CAN_MANAGE".to_owned())), "{all:?}");
    let nowhere = Permissions { directory_path: "/Shared/none".into(), id: Attr::Null, ..made };
    let failed = Permissions::create(&cx, nowhere).await.unwrap_err();
    assert!(failed.error.to_string().contains("nothing at /Shared/none"), "{}", failed.error);
}

#[tokio::test]
async fn who_may_make_tokens_is_said_beside_the_admins() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let plan = Permissions {
        authorization: "tokens".into(),
        access_control: to(&[given("users", "CAN_USE")]),
        ..Default::default()
    };
    let made = create(&cx, plan).await;
    assert_eq!(made.id.text(), "/authorization/tokens");
    reads_back(&cx, &made).await;
    Permissions::delete(&cx, made.clone()).await.unwrap();
    assert!(Permissions::read(&cx, made).await.unwrap().is_none());
}

#[test]
fn what_no_permission_can_be_is_refused() {
    let check = |config: Permissions, part: &str| {
        let said: Vec<String> = Permissions::validate(&config).into_iter().map(|one| one.summary).collect();
        assert!(said.len() == usize::from(!part.is_empty()) && said.iter().all(|one| one.contains(part)), "{said:?}");
    };
    let of = |all: &[Given]| Permissions { cluster_id: "1".into(), access_control: to(all), ..Default::default() };
    check(of(&[given("users", "CAN_RESTART")]), "");
    check(Permissions { job_id: "1".into(), ..of(&[given("users", "CAN_MANAGE")]) }, "2 are named");
    check(Permissions { cluster_id: Attr::Null, ..of(&[given("users", "CAN_MANAGE")]) }, "0 are named");
    check(Permissions { cluster_id: Attr::Unknown, ..of(&[given("users", "CAN_MANAGE")]) }, "");
    check(of(&[given("users", "CAN_VIEW")]), "cannot be given by cluster_id");
    check(of(&[given("admins", "CAN_MANAGE")]), "admins may do everything");
    check(of(&[Given { group_name: Attr::Null, ..given("", "CAN_MANAGE") }]), "for one principal");
    check(of(&[Given { permission_level: Attr::Null, ..given("users", "") }]), "gives nothing");
}
