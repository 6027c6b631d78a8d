//! Keys, buckets, roles and EBS encryption against moto: made, read, imported, found again, changed and taken down; and what
//! faults and other people do to them.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use tfplugin::{Attr, Resource, Set};

use super::ebs_encryption_by_default::EbsEncryptionByDefault;
use super::iam_role::{IamRole, InlinePolicy};
use super::kms_key::KmsKey;
use super::s3_bucket::{PublicAccessBlock, S3Bucket, ServerSideEncryption, Versioning};
use super::testing::{How, change, end, hold, make, moto, named};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::414351767826:root"}}]}"#;
const READ: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:DescribeVpcs","Resource":"*"}]}"#;
const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn key() -> KmsKey {
    KmsKey {
        description: "test".into(),
        key_usage: "ENCRYPT_DECRYPT".into(),
        customer_master_key_spec: "SYMMETRIC_DEFAULT".into(),
        bypass_policy_lockout_safety_check: false.into(),
        deletion_window_in_days: 7.into(),
        is_enabled: true.into(),
        enable_key_rotation: true.into(),
        multi_region: false.into(),
        key_state: "Enabled".into(),
        tags: named("test"),
        ..KmsKey::default()
    }
}

fn role(name: &str) -> IamRole {
    IamRole {
        name: name.into(),
        path: "/".into(),
        assume_role_policy: TRUST.into(),
        description: "test".into(),
        max_session_duration: 3600.into(),
        managed_policy_arns: Attr::Known(Set(Vec::new())),
        force_detach_policies: false.into(),
        inline_policy: inline(&[("read", READ)]),
        tags: named("test"),
        ..IamRole::default()
    }
}

fn inline(policies: &[(&str, &str)]) -> Attr<Set<InlinePolicy>> {
    let policies =
        policies.iter().map(|(name, policy)| InlinePolicy { name: (*name).into(), policy: (*policy).into() });
    Attr::Known(policies.collect())
}

fn bucket(name: &str) -> S3Bucket {
    S3Bucket {
        bucket: name.into(),
        force_destroy: false.into(),
        object_ownership: "BucketOwnerEnforced".into(),
        policy: policy(name).into(),
        server_side_encryption: Attr::Known(ServerSideEncryption {
            sse_algorithm: "AES256".into(),
            kms_key_arn: Attr::Null,
            bucket_key_enabled: false.into(),
        }),
        public_access_block: Attr::Known(closed()),
        versioning: Attr::Known(Versioning { enabled: false.into() }),
        tags: named("test"),
        ..S3Bucket::default()
    }
}

fn policy(name: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::{name}/*"],"Principal":{{"AWS":"arn:aws:iam::414351767826:root"}}}}]}}"#
    )
}

fn closed() -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: true.into(),
        block_public_policy: true.into(),
        ignore_public_acls: true.into(),
        restrict_public_buckets: true.into(),
    }
}

#[tokio::test]
async fn a_key_lives_and_is_scheduled_for_deletion() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let made = hold(&moto, key(), |key| key.id.text().to_owned()).await;
    assert!(made.arn.text().starts_with("arn:aws:kms:eu-west-1:"), "{made:?}");
    assert_eq!(made.tags_all.known().unwrap().len(), 2, "the default tag and the own one, not the mark");
    assert!(made.policy.text().contains("kms:*"), "AWS's own policy: {made:?}");

    let document = ALL.replace("\"*\",\"Resource\"", "\"kms:*\",\"Resource\"");
    let plan = KmsKey {
        description: "renamed".into(),
        policy: document.as_str().into(),
        enable_key_rotation: false.into(),
        rotation_period_in_days: Attr::Null,
        is_enabled: false.into(),
        key_state: "Disabled".into(),
        tags: named("renamed"),
        ..made.clone()
    };
    let made = change(&cx, made, plan.clone()).await;
    assert_eq!((made.description.text(), made.key_state.text()), ("renamed", "Disabled"));
    assert_eq!((made.policy.text(), &made.tags), (document.as_str(), &plan.tags));
    assert!(!made.enable_key_rotation.is_true() && !made.is_enabled.is_true());

    KmsKey::delete(&cx, made.clone()).await.unwrap();
    KmsKey::delete(&cx, made.clone()).await.unwrap();
    let seen = KmsKey::read(&cx, made).await.unwrap().unwrap();
    assert_eq!(seen.key_state.text(), "PendingDeletion");
}

#[tokio::test]
async fn a_key_that_somebody_scheduled_for_deletion_is_saved_and_not_made_anew() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let made = make(&cx, key()).await;
    cx.client().kms.schedule_key_deletion().key_id(made.id.text()).pending_window_in_days(7).send().await.unwrap();
    let seen = KmsKey::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!((seen.key_state.text(), &seen.is_enabled), ("PendingDeletion", &Attr::Known(false)));
    let saved = change(&cx, seen, made.clone()).await;
    assert_eq!((saved.key_state.text(), saved.id.text()), ("Enabled", made.id.text()));
    assert!(saved.is_enabled.is_true());
}

#[tokio::test]
async fn a_key_whose_answer_was_lost_is_one_key() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    moto.misbehave("CreateKey", 1, How::LoseAnswer);
    let made = make(&cx, key()).await;
    let keys = cx.client().kms.list_keys().send().await.unwrap();
    let ids: Vec<&str> = keys.keys().iter().filter_map(|key| key.key_id()).collect();
    assert_eq!(ids, [made.id.text()]);
}

#[tokio::test]
async fn a_principal_that_is_unknown_yet_is_waited_for() {
    let Some(moto) = moto().await else { return };
    moto.misbehave("CreateKey", 2, How::Refuse(400, "MalformedPolicyDocumentException"));
    make(&moto.call(), key()).await;
    assert_eq!(moto.asked("CreateKey"), 3);
    moto.misbehave("CreateRole", 2, How::Refuse(400, "MalformedPolicyDocument"));
    moto.misbehave("PutRolePolicy", 2, How::Refuse(404, "NoSuchEntity"));
    make(&moto.call(), role("patient")).await;
    assert_eq!((moto.asked("CreateRole"), moto.asked("PutRolePolicy")), (3, 3));
    moto.misbehave("PUT policy", 2, How::Refuse(400, "MalformedPolicy"));
    make(&moto.call(), bucket("patient")).await;
    assert_eq!(moto.asked("PUT policy"), 3);
}

#[tokio::test]
async fn a_role_is_what_the_configuration_says_and_nothing_else() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let iam = &cx.client().iam;
    let made = hold(&moto, role("worker"), |role| role.id.text().to_owned()).await;
    assert_eq!(made.arn.text(), "arn:aws:iam::123456789012:role/worker");

    // Somebody else's policies are drift, and go.
    iam.put_role_policy().role_name("worker").policy_name("extra").policy_document(ALL).send().await.unwrap();
    let foreign = iam.create_policy().policy_name("foreign").policy_document(ALL).send().await.unwrap();
    let foreign = foreign.policy.unwrap().arn.unwrap();
    iam.attach_role_policy().role_name("worker").policy_arn(&foreign).send().await.unwrap();
    let seen = IamRole::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(seen.inline_policy, inline(&[("read", READ), ("extra", ALL)]));
    assert_eq!(seen.managed_policy_arns, Attr::Known(Set(vec![foreign.as_str().into()])));
    let made = change(&cx, seen, made).await;
    assert_eq!(made.inline_policy, inline(&[("read", READ)]));
    assert_eq!(made.managed_policy_arns, Attr::Known(Set(Vec::new())));

    let plan = IamRole {
        assume_role_policy: TRUST.replace("414351767826", "044793339203").into(),
        description: "renamed".into(),
        max_session_duration: 7200.into(),
        inline_policy: inline(&[("write", ALL)]),
        managed_policy_arns: Attr::Known(Set(vec![foreign.as_str().into()])),
        permissions_boundary: foreign.as_str().into(),
        tags: Attr::Null,
        ..made.clone()
    };
    let made = change(&cx, made, plan.clone()).await;
    assert_eq!(made.inline_policy, plan.inline_policy);
    assert_eq!(made.managed_policy_arns, plan.managed_policy_arns);
    assert_eq!((made.description.text(), &made.max_session_duration), ("renamed", &Attr::Known(7200)));
    assert_eq!(made.permissions_boundary.text(), foreign);
    assert_eq!(made.tags_all.known().unwrap().len(), 1, "the default tag is left");
    end(&moto, made).await;
}

#[tokio::test]
async fn a_role_without_a_name_gets_one_that_a_second_try_finds_again() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let plan = IamRole { name: Attr::Unknown, name_prefix: "cross-".into(), ..role("") };
    moto.misbehave("CreateRole", 1, How::LoseAnswer);
    let made = make(&cx, plan.clone()).await;
    assert!(made.name.text().starts_with("cross-") && made.name.text().len() > 20, "{made:?}");
    let found = IamRole::find(&cx, &plan, cx.marker()).await.unwrap().unwrap();
    assert_eq!(found.id, made.id);
    assert_eq!(cx.client().iam.list_roles().send().await.unwrap().roles().len(), 1);
}

#[tokio::test]
async fn what_others_made_is_not_taken_over() {
    let Some(moto) = moto().await else { return };
    make(&moto.call(), role("taken")).await;
    make(&moto.call(), bucket("taken")).await;
    // moto drops the tags of CreateBucket, and S3 counts a bucket's age in seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let cx = moto.call();
    let error = IamRole::create(&cx, role("taken")).await.unwrap_err().error;
    assert!(error.to_string().contains("terraform import"), "{error}");
    let error = S3Bucket::create(&cx, bucket("taken")).await.unwrap_err().error;
    assert!(error.to_string().contains("terraform import"), "{error}");
    assert!(S3Bucket::find(&cx, &bucket("taken"), cx.marker()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_bucket_lives_and_dies() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let made = hold(&moto, bucket("acme-root"), |bucket| bucket.id.text().to_owned()).await;
    assert_eq!((made.arn.text(), made.region.text()), ("arn:aws:s3:::acme-root", "eu-west-1"));

    let arn = "arn:aws:kms:eu-west-1:123456789012:key/k";
    let plan = S3Bucket {
        policy: Attr::Null,
        server_side_encryption: Attr::Known(ServerSideEncryption {
            sse_algorithm: "aws:kms".into(),
            kms_key_arn: arn.into(),
            bucket_key_enabled: true.into(),
        }),
        public_access_block: Attr::Known(PublicAccessBlock { block_public_acls: false.into(), ..closed() }),
        versioning: Attr::Known(Versioning { enabled: true.into() }),
        object_ownership: "ObjectWriter".into(),
        tags: named("renamed"),
        ..made.clone()
    };
    let changed = change(&cx, made, plan.clone()).await;
    assert_eq!(changed.server_side_encryption, plan.server_side_encryption);
    assert_eq!(changed.public_access_block, plan.public_access_block);
    assert_eq!(changed.versioning, plan.versioning);
    assert_eq!((&changed.policy, changed.object_ownership.text()), (&Attr::Null, "ObjectWriter"));
    assert_eq!(changed.tags, named("renamed"));
    end(&moto, changed).await;
}

#[tokio::test]
async fn a_bucket_without_blocks_is_closed_and_shows_only_what_somebody_changed() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let plain = S3Bucket {
        server_side_encryption: Attr::Null,
        public_access_block: Attr::Null,
        versioning: Attr::Null,
        policy: Attr::Null,
        ..bucket("plain")
    };
    let made = make(&cx, plain).await;
    assert_eq!((&made.public_access_block, &made.server_side_encryption), (&Attr::Null, &Attr::Null));
    let s3 = &cx.client().s3;
    let block = s3.get_public_access_block().bucket("plain").send().await.unwrap();
    let block = block.public_access_block_configuration.unwrap();
    assert_eq!((block.block_public_policy, block.restrict_public_buckets), (Some(true), Some(true)));

    s3.delete_public_access_block().bucket("plain").send().await.unwrap();
    s3.put_bucket_policy().bucket("plain").policy(policy("plain")).send().await.unwrap();
    let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3.put_bucket_versioning().bucket("plain").versioning_configuration(versions).send().await.unwrap();
    let seen = S3Bucket::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(seen.public_access_block.known().unwrap().block_public_policy, Attr::Known(false));
    assert!(seen.policy.is_known() && seen.versioning.is_known());
    let restored = change(&cx, seen, made.clone()).await;
    assert_eq!((&restored.public_access_block, &restored.versioning), (&Attr::Null, &Attr::Null));
    assert!(restored.policy.is_null());
    end(&moto, restored).await;
}

#[tokio::test]
async fn a_full_bucket_is_protected_until_its_end_is_forced() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let made =
        make(&cx, S3Bucket { versioning: Attr::Known(Versioning { enabled: true.into() }), ..bucket("full") }).await;
    let s3 = &cx.client().s3;
    for turn in 0..3 {
        for at in 0..20 {
            let body = ByteStream::from(format!("{turn}").into_bytes());
            s3.put_object().bucket("full").key(format!("folder/{at} ä+&.txt")).body(body).send().await.unwrap();
        }
    }
    s3.delete_object().bucket("full").key("folder/0 ä+&.txt").send().await.unwrap();
    let error = S3Bucket::delete(&cx, made.clone()).await.unwrap_err();
    assert!(error.to_string().contains("force_destroy = true"), "{error}");
    assert!(S3Bucket::read(&cx, made.clone()).await.unwrap().is_some());
    end(&moto, S3Bucket { force_destroy: true.into(), ..made }).await;
}

#[tokio::test]
async fn a_busy_bucket_is_waited_for() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    moto.misbehave("PUT publicAccessBlock", 2, How::Refuse(409, "OperationAborted"));
    moto.misbehave("PUT versioning", 1, How::Refuse(404, "NoSuchBucket"));
    let made =
        make(&cx, S3Bucket { versioning: Attr::Known(Versioning { enabled: true.into() }), ..bucket("busy") }).await;
    assert_eq!(made.versioning, Attr::Known(Versioning { enabled: true.into() }));
    moto.misbehave("DELETE", 2, How::Refuse(409, "OperationAborted"));
    end(&moto, made).await;
}

#[tokio::test]
async fn ebs_encryption_is_as_before_when_it_is_destroyed() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let ec2 = &cx.client().ec2;
    let enabled = || async {
        ec2.get_ebs_encryption_by_default().send().await.unwrap().ebs_encryption_by_default.unwrap_or_default()
    };
    let key = make(&moto.call(), key()).await;
    let plan = EbsEncryptionByDefault {
        enabled: true.into(),
        kms_key_arn: key.arn.clone(),
        ..EbsEncryptionByDefault::default()
    };
    let made = make(&cx, plan.clone()).await;
    assert_eq!((enabled().await, &made.previously_enabled, made.id.text()), (true, &Attr::Known(false), "eu-west-1"));
    assert_eq!(EbsEncryptionByDefault::read(&cx, made.clone()).await.unwrap().unwrap().kms_key_arn, plan.kms_key_arn);

    // A second owner finds it on, and leaves it on.
    let second = make(&cx, EbsEncryptionByDefault { kms_key_arn: Attr::Null, ..plan.clone() }).await;
    EbsEncryptionByDefault::delete(&cx, second).await.unwrap();
    assert!(enabled().await);

    ec2.disable_ebs_encryption_by_default().send().await.unwrap();
    let seen = EbsEncryptionByDefault::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(seen.enabled, Attr::Known(false));
    change(&cx, seen, made.clone()).await;
    assert!(enabled().await);
    EbsEncryptionByDefault::delete(&cx, made).await.unwrap();
    assert!(!enabled().await);
}
