use aws_sdk_iam::types::Tag;
use localcloud::Fault;
use tfplugin::testing::planned;

use super::*;
use crate::iam_role::IamRole;
use crate::testing::{Cloud, change, cloud, end, hold, make, named, settled};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}"#;

fn profile(name: &str, role: &IamRole) -> IamInstanceProfile {
    IamInstanceProfile {
        name: name.into(),
        role: role.name.clone(),
        path: "/lake/".into(),
        tags: named("test"),
        ..IamInstanceProfile::default()
    }
}

async fn role(cloud: &Cloud, name: &str) -> IamRole {
    let config = IamRole { name: name.into(), assume_role_policy: TRUST.into(), ..IamRole::default() };
    make(&cloud.call(), config).await
}

#[tokio::test]
async fn a_profile_lives_changes_its_role_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let (first, second) = (role(&cloud, "first").await, role(&cloud, "second").await);
    let made = hold(&cloud, profile("worker", &first), |profile| profile.id.text().to_owned()).await;
    assert_eq!(made.arn.text(), format!("arn:aws:iam::{}:instance-profile/lake/worker", cloud.id()));
    let config = IamInstanceProfile { tags: Attr::Null, ..profile("worker", &second) };
    let (made, actions) = cloud.actions(change(&cx, made, config.clone())).await;
    let moved = ["iam:RemoveRoleFromInstanceProfile", "iam:AddRoleToInstanceProfile", "iam:UntagInstanceProfile"];
    assert_eq!(actions[..4], [&moved[..], &["iam:GetInstanceProfile"]].concat());
    assert_eq!((made.role.text(), made.tags_all.known().unwrap().len()), ("second", 1));
    let made = change(&cx, made, IamInstanceProfile { role: Attr::Null, ..config }).await;
    assert_eq!(made.role, Attr::Null);
    let made = change(&cx, made, profile("worker", &first)).await;
    end(&cloud, made).await;
    end(&cloud, first).await;
}

#[tokio::test]
async fn a_role_that_another_one_put_in_goes_with_the_profile() {
    let cloud = cloud();
    let cx = cloud.call();
    let (first, second) = (role(&cloud, "mine").await, role(&cloud, "theirs").await);
    let made = make(&cx, profile("shared", &first)).await;
    let iam = &cx.client().iam;
    iam.remove_role_from_instance_profile().instance_profile_name("shared").role_name("mine").send().await.unwrap();
    iam.add_role_to_instance_profile().instance_profile_name("shared").role_name("theirs").send().await.unwrap();
    let seen = IamInstanceProfile::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(seen.role, second.name);
    // From a state that does not know of it, the way out is said.
    let plan = profile("shared", &first);
    let error = IamInstanceProfile::update(&cx, IamInstanceProfile { role: Attr::Null, ..made.clone() }, plan).await;
    let error = error.unwrap_err().error.to_string();
    assert!(error.contains("put the role theirs into the profile"), "{error}");
    end(&cloud, made).await;
}

#[tokio::test]
async fn a_role_that_is_too_new_is_waited_for_and_one_that_is_in_already_is_fine() {
    let cloud = cloud();
    let cx = cloud.call();
    let config = profile("patient", &role(&cloud, "young").await);
    cloud.refuse("iam:AddRoleToInstanceProfile", 2, 404, "NoSuchEntity");
    let made = make(&cx, config.clone()).await;
    assert_eq!(cloud.asked("iam:AddRoleToInstanceProfile"), 3);
    end(&cloud, made).await;
    // The SDK repeats the call whose answer is lost, and IAM then calls the role one too many.
    cloud.fault(Fault::lost_answer("iam:AddRoleToInstanceProfile"));
    let made = make(&cloud.call(), config.clone()).await;
    settled(&cx, &made, &config).await;
}

#[tokio::test]
async fn a_profile_without_a_name_gets_one_that_a_second_try_finds_again() {
    let cloud = cloud();
    let cx = cloud.call();
    let prefix = IamInstanceProfile { name_prefix: "lake-".into(), ..IamInstanceProfile::default() };
    cloud.fault(Fault::lost_answer("iam:CreateInstanceProfile"));
    let made = make(&cx, prefix.clone()).await;
    assert!(made.name.text().starts_with("lake-") && made.name.text().len() > 20, "{made:?}");
    let plan = planned(Some(cx.client()), None, &prefix).unwrap().object;
    let found = IamInstanceProfile::find(&cx, &plan, cx.marker()).await.unwrap().unwrap();
    assert_eq!(found.id, made.id);
    assert_eq!(cx.client().iam.list_instance_profiles().send().await.unwrap().instance_profiles().len(), 1);
}

#[tokio::test]
async fn what_others_made_is_not_taken_over_and_is_found_by_its_mark() {
    let cloud = cloud();
    let config = profile("taken", &role(&cloud, "one").await);
    let made = make(&cloud.call(), config.clone()).await;
    let cx = cloud.call();
    let plan = planned(Some(cx.client()), None, &config).unwrap().object;
    let error = IamInstanceProfile::create(&cx, plan.clone()).await.unwrap_err().error;
    assert_eq!(error.existing(), Some("taken"), "{error}");
    assert!(IamInstanceProfile::find(&cx, &plan, cx.marker()).await.unwrap().is_none());
    let marked = IamInstanceProfile::marked(&cx, &plan).await.unwrap();
    assert_eq!(marked.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["taken"]);
    // The mark goes once a stored state has it.
    let mark = cx.client().iam.get_instance_profile().instance_profile_name("taken").send().await.unwrap();
    let mark = mark.instance_profile.unwrap().tags.unwrap_or_default();
    let mark = mark.iter().find(|tag| tag.key == Marker::TAG).map(Tag::value).unwrap().to_owned();
    IamInstanceProfile::read(&cx, made).await.unwrap();
    let id = mark.split(':').next().unwrap().to_owned();
    crate::marks::stored(cx.client(), &Marker::new(id, jiff::Timestamp::now()));
    while !IamInstanceProfile::marked(&cx, &plan).await.unwrap().is_empty() {
        cx.sleep(std::time::Duration::from_millis(50)).await.unwrap();
        assert!(!cx.left().is_zero(), "the mark stays");
    }
}

#[test]
fn a_name_is_said_once() {
    let config = IamInstanceProfile { name: "a".into(), name_prefix: "b".into(), ..IamInstanceProfile::default() };
    let found = IamInstanceProfile::validate(&config);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path, Some("name_prefix".into()));
}
