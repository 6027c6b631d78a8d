use localcloud::Fault;

use super::*;
use crate::testing::{change, cloud, hold, make, named};

const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}"#;

fn key() -> KmsKey {
    KmsKey {
        description: "test".into(),
        deletion_window_in_days: 7.into(),
        enable_key_rotation: true.into(),
        tags: named("test"),
        ..KmsKey::default()
    }
}

#[tokio::test]
async fn a_key_lives_and_is_scheduled_for_deletion() {
    let cloud = cloud();
    let cx = cloud.call();
    let made = hold(&cloud, key(), |key| key.id.text().to_owned()).await;
    assert!(made.arn.text().starts_with("arn:aws:kms:eu-west-1:"), "{made:?}");
    assert_eq!(made.tags_all.known().unwrap().len(), 2, "the default tag and the own one, not the mark");
    assert!(made.policy.text().contains("kms:*"), "AWS's own policy: {made:?}");
    let config = KmsKey {
        description: "renamed".into(),
        policy: ALL.into(),
        enable_key_rotation: false.into(),
        is_enabled: false.into(),
        tags: named("renamed"),
        ..key()
    };
    let made = change(&cx, made, config).await;
    assert_eq!((made.description.text(), made.key_state.text()), ("renamed", "Disabled"));
    assert_eq!((made.policy.text(), &made.tags), (ALL, &named("renamed")));
    assert!(!made.enable_key_rotation.is_true() && !made.is_enabled.is_true());
    KmsKey::delete(&cx, made.clone()).await.unwrap();
    KmsKey::delete(&cx, made.clone()).await.unwrap();
    let seen = KmsKey::read(&cx, made).await.unwrap().unwrap();
    assert_eq!(seen.key_state.text(), "PendingDeletion");
    // After the window.
    let gone = KmsKey { id: "1234abcd-12ab-34cd-56ef-1234567890ab".into(), ..seen };
    assert!(KmsKey::read(&cx, gone).await.unwrap().is_none());
}

#[tokio::test]
async fn one_look_follows_a_change() {
    let cloud = cloud();
    let cx = cloud.call();
    let made = make(&cx, key()).await;
    let plan = KmsKey { description: "renamed".into(), ..made.clone() };
    let updated = KmsKey::update(&cx, made, plan).await.unwrap();
    let (_, actions) = cloud.actions(KmsKey::ready(&cx, updated)).await;
    assert_eq!(actions.len(), 4, "the key, its policy, its rotation and its tags: {actions:?}");
}

#[tokio::test]
async fn a_key_that_somebody_scheduled_for_deletion_is_saved_and_not_made_anew() {
    let cloud = cloud();
    let cx = cloud.call();
    let made = make(&cx, key()).await;
    cx.client().kms.schedule_key_deletion().key_id(made.id.text()).pending_window_in_days(7).send().await.unwrap();
    let seen = KmsKey::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!((seen.key_state.text(), &seen.is_enabled), ("PendingDeletion", &Attr::Known(false)));
    let saved = change(&cx, seen, key()).await;
    assert_eq!((saved.key_state.text(), saved.id.text()), ("Enabled", made.id.text()));
    assert!(saved.is_enabled.is_true());
}

#[tokio::test]
async fn a_key_whose_answer_was_lost_is_one_key() {
    let cloud = cloud();
    let cx = cloud.call();
    cloud.fault(Fault::lost_answer("kms:CreateKey"));
    let made = make(&cx, key()).await;
    let keys = cx.client().kms.list_keys().send().await.unwrap();
    let ids: Vec<&str> = keys.keys().iter().filter_map(|key| key.key_id()).collect();
    assert_eq!(ids, [made.id.text()]);
}

#[tokio::test]
async fn a_principal_that_is_unknown_yet_is_waited_for() {
    let cloud = cloud();
    cloud.refuse("kms:CreateKey", 2, 400, "MalformedPolicyDocumentException");
    make(&cloud.call(), key()).await;
    assert_eq!(cloud.asked("kms:CreateKey"), 3);
}
