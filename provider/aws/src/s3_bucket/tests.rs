use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use tfplugin::testing::planned;

use super::*;
use crate::testing::{change, cloud, end, hold, make, named, settled};

mod lifecycle;
mod logging;

fn plain(name: &str) -> S3Bucket {
    S3Bucket { bucket: name.into(), tags: named("test"), ..S3Bucket::default() }
}

/// A bucket with everything.
fn bucket(name: &str) -> S3Bucket {
    S3Bucket {
        policy: policy(name).into(),
        server_side_encryption: Attr::Known(ServerSideEncryption {
            sse_algorithm: "AES256".into(),
            kms_key_arn: Attr::Null,
            bucket_key_enabled: false.into(),
        }),
        public_access_block: Attr::Known(closed()),
        versioning: versions(false),
        ..plain(name)
    }
}

fn versions(enabled: bool) -> Attr<Versioning> {
    Attr::Known(Versioning { enabled: enabled.into() })
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
async fn a_bucket_lives_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let name = cloud.bucket("acme-root");
    let made = hold(&cloud, bucket(&name), |bucket| bucket.id.text().to_owned()).await;
    assert_eq!((made.arn.text(), made.region.text()), (format!("arn:aws:s3:::{name}").as_str(), "eu-west-1"));
    let config = S3Bucket {
        server_side_encryption: Attr::Known(ServerSideEncryption {
            sse_algorithm: "aws:kms".into(),
            kms_key_arn: "arn:aws:kms:eu-west-1:123456789012:key/k".into(),
            bucket_key_enabled: true.into(),
        }),
        public_access_block: Attr::Known(PublicAccessBlock { block_public_acls: false.into(), ..closed() }),
        versioning: versions(true),
        object_ownership: "ObjectWriter".into(),
        tags: named("renamed"),
        ..bucket(&name)
    };
    let changed = change(&cx, made, config.clone()).await;
    assert_eq!(changed.server_side_encryption, config.server_side_encryption);
    assert_eq!((&changed.public_access_block, &changed.versioning), (&config.public_access_block, &config.versioning));
    assert_eq!((changed.object_ownership.text(), &changed.tags), ("ObjectWriter", &named("renamed")));
    end(&cloud, changed).await;
}

#[tokio::test]
async fn what_is_left_out_is_another_tools_business() {
    let cloud = cloud();
    let cx = cloud.call();
    let name = cloud.bucket("shared");
    let made = hold(&cloud, plain(&name), |bucket| bucket.id.text().to_owned()).await;
    let s3 = &cx.client().s3;
    let block = s3.get_public_access_block().bucket(&name).send().await.unwrap();
    let block = block.public_access_block_configuration.unwrap();
    assert_eq!((block.block_public_policy, block.restrict_public_buckets), (Some(true), Some(true)), "closed at first");

    s3.delete_public_access_block().bucket(&name).send().await.unwrap();
    s3.put_bucket_policy().bucket(&name).policy(policy(&name)).send().await.unwrap();
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3.put_bucket_versioning().bucket(&name).versioning_configuration(on).send().await.unwrap();
    let seen = S3Bucket::read(&cx, made).await.unwrap().unwrap();
    assert!(!planned(Some(cx.client()), Some(&seen), &plain(&name)).unwrap().changes, "{seen:?}");
    // A change of something else touches none of it.
    change(&cx, seen, S3Bucket { tags: named("renamed"), ..plain(&name) }).await;
    assert_eq!(s3.get_bucket_policy().bucket(&name).send().await.unwrap().policy.unwrap(), policy(&name));
    let versioning = s3.get_bucket_versioning().bucket(&name).send().await.unwrap();
    assert_eq!(versioning.status, Some(BucketVersioningStatus::Enabled));
    assert!(s3.get_public_access_block().bucket(&name).send().await.is_err());
}

#[tokio::test]
async fn one_look_follows_a_change() {
    let cloud = cloud();
    let cx = cloud.call();
    let name = cloud.bucket("quick");
    let made = make(&cx, bucket(&name)).await;
    let plan = S3Bucket { versioning: versions(true), ..made.clone() };
    let (updated, actions) = cloud.actions(S3Bucket::update(&cx, made, plan)).await;
    assert_eq!(actions, ["s3:PutBucketVersioning"]);
    let (_, actions) = cloud.actions(S3Bucket::ready(&cx, updated.unwrap())).await;
    assert_eq!(actions.len(), 6, "{actions:?}");
}

#[tokio::test]
async fn what_others_made_is_not_taken_over() {
    let cloud = cloud();
    let name = cloud.bucket("taken");
    make(&cloud.call(), bucket(&name)).await;
    // S3 counts a bucket's age in seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let cx = cloud.call();
    let plan = planned(Some(cx.client()), None, &bucket(&name)).unwrap().object;
    let error = S3Bucket::create(&cx, plan.clone()).await.unwrap_err().error;
    assert_eq!(error.existing(), Some(name.as_str()), "{error}");
    assert!(S3Bucket::find(&cx, &plan, cx.marker()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_full_bucket_is_protected_until_its_end_is_forced() {
    let cloud = cloud();
    let cx = cloud.call();
    let name = cloud.bucket("full");
    let made = make(&cx, S3Bucket { versioning: versions(true), ..plain(&name) }).await;
    let s3 = &cx.client().s3;
    for turn in 0..3 {
        for at in 0..20 {
            let body = ByteStream::from(format!("{turn}").into_bytes());
            s3.put_object().bucket(&name).key(format!("folder/{at} ä+&.txt")).body(body).send().await.unwrap();
        }
    }
    s3.delete_object().bucket(&name).key("folder/0 ä+&.txt").send().await.unwrap();
    let refused = S3Bucket::check_removal(&cx, &made).await.unwrap_err();
    assert!(refused.to_string().contains("-target=ADDRESS"), "{refused}");
    let error = S3Bucket::delete(&cx, made.clone()).await.unwrap_err();
    assert!(error.to_string().contains("-target=ADDRESS"), "{error}");
    assert!(S3Bucket::read(&cx, made.clone()).await.unwrap().is_some());
    let forced = S3Bucket { force_destroy: true.into(), ..made };
    S3Bucket::check_removal(&cx, &forced).await.unwrap();
    end(&cloud, forced).await;
}

#[tokio::test]
async fn a_bucket_may_go_that_is_empty_or_gone_or_not_to_be_looked_into() {
    let cloud = cloud();
    let cx = cloud.call();
    let name = cloud.bucket("empty");
    let made = make(&cx, S3Bucket { versioning: versions(true), ..plain(&name) }).await;
    S3Bucket::check_removal(&cx, &made).await.unwrap();
    let s3 = &cx.client().s3;
    let put = s3.put_object().bucket(&name).key("a").send().await.unwrap();
    s3.delete_object().bucket(&name).key("a").send().await.unwrap();
    assert!(S3Bucket::check_removal(&cx, &made).await.is_err(), "an old version and a delete marker are left");
    cloud.refuse("s3:ListObjectVersions", 1, 403, "AccessDenied");
    S3Bucket::check_removal(&cx, &made).await.unwrap();
    s3.delete_object().bucket(&name).key("a").version_id(put.version_id().unwrap()).send().await.unwrap();
    assert!(S3Bucket::check_removal(&cx, &made).await.is_err(), "a delete marker is left");
    let forced = S3Bucket { force_destroy: true.into(), ..made.clone() };
    end(&cloud, forced).await;
    S3Bucket::check_removal(&cx, &made).await.unwrap();
}

#[tokio::test]
async fn a_busy_bucket_and_an_unknown_principal_are_waited_for() {
    let cloud = cloud();
    let cx = cloud.call();
    let name = cloud.bucket("busy");
    cloud.refuse("s3:PutPublicAccessBlock", 2, 409, "OperationAborted");
    cloud.refuse("s3:PutBucketVersioning", 1, 404, "NoSuchBucket");
    cloud.refuse("s3:PutBucketPolicy", 2, 400, "MalformedPolicy");
    let config = S3Bucket { versioning: versions(true), ..bucket(&name) };
    let made = make(&cx, config.clone()).await;
    assert_eq!((&made.versioning, cloud.asked("s3:PutBucketPolicy")), (&config.versioning, 3));
    settled(&cx, &made, &config).await;
    cloud.refuse("s3:DeleteBucket", 2, 409, "OperationAborted");
    end(&cloud, made).await;
}
