use localcloud::Fault;
use tfplugin::testing::planned;

use super::*;
use crate::testing::{Cloud, change, cloud, end, hold, make, named, settled};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::414351767826:root"}}]}"#;
const READ: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:DescribeVpcs","Resource":"*"}]}"#;
const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn plain(name: &str) -> IamRole {
    IamRole { name: name.into(), assume_role_policy: TRUST.into(), tags: named("test"), ..IamRole::default() }
}

fn role(name: &str) -> IamRole {
    IamRole { description: "test".into(), inline_policy: inline_policies(&[("read", READ)]), ..plain(name) }
}

fn inline_policies(policies: &[(&str, &str)]) -> Attr<Set<InlinePolicy>> {
    let policies =
        policies.iter().map(|(name, policy)| InlinePolicy { name: (*name).into(), policy: (*policy).into() });
    Attr::Known(policies.collect())
}

fn arns(arns: &[&str]) -> Attr<Set<Attr<String>>> {
    Attr::Known(arns.iter().map(|arn| (*arn).into()).collect())
}

/// A policy that can be attached.
async fn policy_named(cloud: &Cloud, name: &str) -> String {
    let request = cloud.aws().iam.create_policy().policy_name(name).policy_document(ALL);
    request.send().await.unwrap().policy.unwrap().arn.unwrap()
}

/// Somebody else puts a policy into the role and attaches one.
async fn meddle(cloud: &Cloud, role: &str, arn: &str) {
    let iam = cloud.aws().iam;
    iam.put_role_policy().role_name(role).policy_name("extra").policy_document(ALL).send().await.unwrap();
    iam.attach_role_policy().role_name(role).policy_arn(arn).send().await.unwrap();
}

async fn has(cloud: &Cloud, role: &str) -> (usize, usize) {
    let iam = cloud.aws().iam;
    let inline = iam.list_role_policies().role_name(role).send().await.unwrap().policy_names.len();
    let attached = iam.list_attached_role_policies().role_name(role).send().await.unwrap();
    (inline, attached.attached_policies().len())
}

#[tokio::test]
async fn a_role_lives_changes_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let made = hold(&cloud, role("worker"), |role| role.id.text().to_owned()).await;
    assert_eq!(made.arn.text(), format!("arn:aws:iam::{}:role/worker", cloud.id()));
    let foreign = policy_named(&cloud, "foreign").await;
    let config = IamRole {
        assume_role_policy: TRUST.replace("414351767826", "044793339203").into(),
        description: "renamed".into(),
        max_session_duration: 7200.into(),
        inline_policy: inline_policies(&[("write", ALL)]),
        managed_policy_arns: arns(&[&foreign]),
        permissions_boundary: foreign.as_str().into(),
        tags: Attr::Null,
        ..role("worker")
    };
    let made = change(&cx, made, config.clone()).await;
    assert_eq!((&made.inline_policy, &made.managed_policy_arns), (&config.inline_policy, &config.managed_policy_arns));
    assert_eq!((made.description.text(), &made.max_session_duration), ("renamed", &Attr::Known(7200)));
    assert_eq!(made.permissions_boundary.text(), foreign);
    assert_eq!(made.tags_all.known().unwrap().len(), 1, "the default tag is left");
    end(&cloud, made).await;
}

#[tokio::test]
async fn where_policies_are_configured_others_are_drift_and_go() {
    let cloud = cloud();
    let cx = cloud.call();
    let (foreign, own) = (policy_named(&cloud, "foreign").await, policy_named(&cloud, "own").await);
    let config = IamRole { managed_policy_arns: arns(&[&own]), ..role("strict") };
    let made = make(&cx, config.clone()).await;
    meddle(&cloud, "strict", &foreign).await;
    let seen = IamRole::read(&cx, made).await.unwrap().unwrap();
    assert_eq!(seen.inline_policy.known().unwrap().len(), 2);
    assert_eq!(seen.managed_policy_arns.known().unwrap().len(), 2);
    change(&cx, seen, config).await;
    assert_eq!(has(&cloud, "strict").await, (1, 1));
}

#[tokio::test]
async fn where_no_policies_are_configured_those_of_others_are_left_alone() {
    let cloud = cloud();
    let cx = cloud.call();
    let foreign = policy_named(&cloud, "foreign").await;
    let made = make(&cx, plain("open")).await;
    meddle(&cloud, "open", &foreign).await;
    let seen = IamRole::read(&cx, made).await.unwrap().unwrap();
    assert!(!planned(Some(cx.client()), Some(&seen), &plain("open")).unwrap().changes);
    let made = change(&cx, seen, IamRole { description: "renamed".into(), ..plain("open") }).await;
    assert_eq!(has(&cloud, "open").await, (1, 1));
    // A role of one's own policy takes the inline ones over; what is attached stays.
    let made = change(&cx, made, IamRole { inline_policy: inline_policies(&[("read", READ)]), ..plain("open") }).await;
    assert_eq!(has(&cloud, "open").await, (1, 1));
    // Without its last block the role's policies are nobody's, as with hashicorp/aws: they stay.
    settled(&cx, &made, &plain("open")).await;
}

#[tokio::test]
async fn one_look_follows_a_change() {
    let cloud = cloud();
    let cx = cloud.call();
    let made = make(&cx, role("quick")).await;
    let plan = IamRole { description: "renamed".into(), ..made.clone() };
    let updated = IamRole::update(&cx, made, plan).await.unwrap();
    let (_, actions) = cloud.actions(IamRole::ready(&cx, updated)).await;
    assert_eq!(actions.len(), 4, "the role, the names, the policy and what is attached: {actions:?}");
}

#[tokio::test]
async fn a_principal_that_is_unknown_yet_is_waited_for() {
    let cloud = cloud();
    cloud.refuse("iam:CreateRole", 2, 400, "MalformedPolicyDocument");
    cloud.refuse("iam:PutRolePolicy", 2, 404, "NoSuchEntity");
    make(&cloud.call(), role("patient")).await;
    assert_eq!((cloud.asked("iam:CreateRole"), cloud.asked("iam:PutRolePolicy")), (3, 3));
}

#[tokio::test]
async fn a_role_without_a_name_gets_one_that_a_second_try_finds_again() {
    let cloud = cloud();
    let cx = cloud.call();
    let config = IamRole { name: Attr::Null, name_prefix: "cross-".into(), ..role("") };
    cloud.fault(Fault::lost_answer("iam:CreateRole"));
    let made = make(&cx, config.clone()).await;
    assert!(made.name.text().starts_with("cross-") && made.name.text().len() > 20, "{made:?}");
    let plan = planned(Some(cx.client()), None, &config).unwrap().object;
    let found = IamRole::find(&cx, &plan, cx.marker()).await.unwrap().unwrap();
    assert_eq!(found.id, made.id);
    assert_eq!(cx.client().iam.list_roles().send().await.unwrap().roles().len(), 1);
}

#[tokio::test]
async fn a_role_with_fifty_tags_is_made_and_found_again() {
    let cloud = cloud();
    let cx = cloud.call();
    let tags = (0..49).map(|at| (format!("key-{at}"), "value".into()));
    let config = IamRole { tags: Attr::Known(tags.collect()), ..role("tagged") };
    cloud.fault(Fault::lost_answer("iam:CreateRole"));
    let made = make(&cx, config.clone()).await;
    assert_eq!(made.tags_all.known().unwrap().len(), 50);
    settled(&cx, &made, &config).await;
}

#[tokio::test]
async fn what_others_made_is_not_taken_over() {
    let cloud = cloud();
    make(&cloud.call(), role("taken")).await;
    let cx = cloud.call();
    let plan = planned(Some(cx.client()), None, &role("taken")).unwrap().object;
    let error = IamRole::create(&cx, plan).await.unwrap_err().error;
    assert_eq!(error.existing(), Some("taken"), "{error}");
}
