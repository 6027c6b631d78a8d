//! Users, groups, who is in them and what they may do, against a local cloud.

use databricks::Request;
use databricks::api::identity::{Principal as Api, Principals};
use localcloud::{Fault, FaultEffect};
use serde_json::json;
use tfplugin::{Attr, Call, Resource};

use super::entitlements::Entitlements;
use super::group::Group;
use super::group_member::GroupMember;
use super::user::User;
use crate::clients::{AnyWorkspace, Either};
use crate::testing::{Cloud, call, create, reads_back, update};

fn group(name: &str) -> Group {
    Group { display_name: name.into(), ..Default::default() }
}

fn user(name: &str) -> User {
    User { user_name: name.into(), active: true.into(), disable_as_user_deletion: false.into(), ..Default::default() }
}

async fn member(cx: &Call<Either>, group: &Group, member: &Attr<String>) -> GroupMember {
    create(cx, GroupMember { group_id: group.id.clone(), member_id: member.clone(), ..Default::default() }).await
}

async fn members(cx: &Call<Either>, group: &Group) -> Vec<String> {
    let path = format!("/scim/v2/Groups/{}", group.id.text());
    let found: Api = cx.client().send(Request::get_account(path)).await.unwrap();
    found.members.into_iter().map(|one| one.value).collect()
}

#[tokio::test]
async fn a_renamed_group_keeps_its_members_and_what_terraform_does_not_manage() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let made = create(&cx, group("engineers")).await;
    assert_eq!(made.external_id, Attr::Null, "the mark is hidden");
    assert!(made.url.text().ends_with(&format!("/users/groups/{}/information", made.id.text())), "{:?}", made.url);
    reads_back(&cx, &made).await;
    let ada = create(&cx, user("ada@example.com")).await;
    member(&cx, &made, &ada.id).await;
    let renamed = update(&cx, made.clone(), Group { display_name: "people".into(), ..made }).await;
    assert_eq!((renamed.display_name.text(), renamed.acl_principal_id.text()), ("people", "groups/people"));
    assert_eq!(members(&cx, &renamed).await, [ada.id.text()]);
    Group::delete(&cx, renamed.clone()).await.unwrap();
    assert!(Group::read(&cx, renamed).await.unwrap().is_none());
}

#[tokio::test]
async fn who_leaves_a_group_leaves_the_others_in_it() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let of = create(&cx, group("engineers")).await;
    let (ada, bob) = (create(&cx, user("ada@example.com")).await, create(&cx, user("bob@example.com")).await);
    let first = member(&cx, &of, &ada.id).await;
    let second = member(&cx, &of, &bob.id).await;
    reads_back(&cx, &second).await;
    GroupMember::delete(&cx, first.clone()).await.unwrap();
    assert!(GroupMember::read(&cx, first.clone()).await.unwrap().is_none());
    assert_eq!(members(&cx, &of).await, [bob.id.text()]);
    // Again, and of a group that is gone.
    GroupMember::delete(&cx, first).await.unwrap();
    Group::delete(&cx, of.clone()).await.unwrap();
    assert!(GroupMember::read(&cx, second.clone()).await.unwrap().is_none());
    GroupMember::delete(&cx, second).await.unwrap();
    let plan = GroupMember { group_id: of.id, member_id: bob.id, ..Default::default() };
    let failed = GroupMember::create(&cx, plan).await.unwrap_err();
    assert!(failed.error.to_string().contains("no group"), "{}", failed.error);
}

#[tokio::test]
async fn a_user_who_is_there_is_refused_by_its_id_or_taken_over_by_force() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let ada = create(&cx, user("ada@example.com")).await;
    reads_back(&cx, &ada).await;
    let refused = User::create(&cloud.either(), user("ada@example.com")).await.unwrap_err();
    assert_eq!(refused.error.existing(), Some(ada.id.text()), "{}", refused.error);
    let plan = User { display_name: "Ada".into(), force: true.into(), ..user("ada@example.com") };
    let taken = create(&cloud.either(), plan).await;
    assert_eq!((taken.id.text(), taken.display_name.text()), (ada.id.text(), "Ada"));
}

#[tokio::test]
async fn a_cut_off_create_finds_its_group_and_no_other() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let other = create(&cloud.either(), group("others")).await;
    cloud.running.fault(Fault {
        effect: FaultEffect::After,
        cut: true,
        status: None,
        ..Fault::once("POST /api/2.0/accounts/*/Groups", 500, "")
    });
    Group::create(&cx, group("engineers")).await.unwrap_err();
    let found = Group::find(&cx, &group("engineers"), cx.marker()).await.unwrap().expect("it was made");
    assert_ne!(found.id, other.id);
    assert!(Group::find(&cx, &group("others"), cx.marker()).await.unwrap().is_none(), "another's");
    let marked = super::scim::Kind::Group.all_marked(cx.client()).await.unwrap();
    assert_eq!(marked.len(), 2, "both have a mark");
}

#[tokio::test]
async fn a_user_of_the_account_is_only_deactivated_unless_told_otherwise() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    let plan = User { disable_as_user_deletion: Attr::Null, ..user("ada@example.com") };
    let ada = create(&cx, plan).await;
    User::delete(&cx, ada.clone()).await.unwrap();
    let read = User::read(&cx, ada).await.unwrap().expect("it stays in the account");
    assert_eq!(read.active, false.into());
}

/// A workspace, as those see it whose objects may stand in the account too, and as others do.
async fn workspace(cloud: &Cloud) -> (Call<Either>, Call<AnyWorkspace>) {
    let either = cloud.workspace_either().await;
    let any = call(AnyWorkspace::from((**either.client()).clone()));
    (either, any)
}

#[tokio::test]
async fn entitlements_come_and_go_and_the_rest_of_the_group_stays() {
    let cloud = Cloud::start().await;
    let (either, cx) = workspace(&cloud).await;
    let of = create(&either, Group { databricks_sql_access: true.into(), ..group("local") }).await;
    let plan = Entitlements {
        group_id: of.id.clone(),
        allow_cluster_create: true.into(),
        allow_instance_pool_create: false.into(),
        databricks_sql_access: false.into(),
        workspace_access: true.into(),
        workspace_consume: false.into(),
        ..Default::default()
    };
    let made = create(&cx, plan.clone()).await;
    assert_eq!(made.id.text(), format!("group/{}", of.id.text()));
    reads_back(&cx, &made).await;
    let seen = Group::read(&either, of.clone()).await.unwrap().unwrap();
    assert_eq!((seen.databricks_sql_access, seen.allow_cluster_create), (false.into(), true.into()));
    let plan = Entitlements { allow_cluster_create: false.into(), id: made.id.clone(), ..plan };
    let made = update(&cx, made, plan).await;
    Entitlements::delete(&cx, made.clone()).await.unwrap();
    let seen = Group::read(&either, of).await.unwrap().expect("the group stays");
    assert_eq!(seen.workspace_access, false.into());
    let gone = Entitlements { id: "group/1".into(), group_id: "1".into(), ..made };
    assert!(Entitlements::read(&cx, gone.clone()).await.unwrap().is_none());
    Entitlements::delete(&cx, gone.clone()).await.unwrap();
    let failed = Entitlements::create(&cx, gone).await.unwrap_err();
    assert!(failed.error.to_string().contains("no group 1 in the workspace"), "{}", failed.error);
}

#[tokio::test]
async fn all_principals_are_listed_page_by_page() {
    let cloud = Cloud::start().await;
    let cx = cloud.either();
    for number in 0..3 {
        create(&cx, group(&format!("of-{number}"))).await;
    }
    let page = |start: usize| {
        let request = Request::get_account("/scim/v2/Groups").query("startIndex", start).query("count", 2);
        async { cx.client().send::<Principals>(request).await.unwrap() }
    };
    let (first, second) = (page(1).await, page(3).await);
    assert_eq!((first.resources.len(), first.total_results > 2), (2, true));
    assert!(!second.resources.is_empty());
    let all = super::scim::Kind::Group.all(cx.client(), "displayName sw \"of-\"").await.unwrap();
    assert_eq!(json!(all.iter().map(|one| &one.display_name).collect::<Vec<_>>()), json!(["of-0", "of-1", "of-2"]));
}
