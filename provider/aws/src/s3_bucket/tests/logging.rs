use aws_sdk_s3::types::BucketLoggingStatus;

use super::*;
use crate::client::Aws;
use crate::testing::Cloud;

/// A bucket that logs may be written into.
async fn logs(cloud: &Cloud) -> String {
    let name = cloud.bucket("logs");
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["s3:PutObject"],"Resource":"arn:aws:s3:::{name}/*","Principal":{{"Service":"logging.s3.amazonaws.com"}}}}]}}"#
    );
    make(&cloud.call(), S3Bucket { policy: policy.into(), ..plain(&name) }).await;
    name
}

fn to(target: &str) -> Attr<Logging> {
    Attr::Known(Logging { enabled: true.into(), target_bucket: target.into(), target_prefix: "root/".into() })
}

fn off() -> Attr<Logging> {
    Attr::Known(Logging { enabled: false.into(), ..Logging::default() })
}

async fn logs_of(aws: &Aws, name: &str) -> Option<String> {
    let answer = aws.s3.get_bucket_logging().bucket(name).send().await.unwrap();
    answer.logging_enabled.map(|logging| format!("{}/{}", logging.target_bucket, logging.target_prefix))
}

#[tokio::test]
async fn logging_is_switched_on_and_off_and_left_alone() {
    let cloud = cloud();
    let cx = cloud.call();
    let (name, target) = (cloud.bucket("logged"), logs(&cloud).await);
    let config = S3Bucket { logging: to(&target), ..plain(&name) };
    let made = hold(&cloud, config.clone(), |bucket| bucket.id.text().to_owned()).await;
    assert_eq!(logs_of(cx.client(), &name).await, Some(format!("{target}/root/")));
    // Left out, it stays, and so it does when something else changes.
    settled(&cx, &made, &plain(&name)).await;
    let made = change(&cx, made, S3Bucket { tags: named("renamed"), ..plain(&name) }).await;
    assert_eq!(made.logging, config.logging);
    let made = change(&cx, made, S3Bucket { logging: off(), ..plain(&name) }).await;
    assert_eq!((&made.logging, logs_of(cx.client(), &name).await), (&off(), None));
    // With a target beside the switch, for a module that has both.
    let both = Attr::Known(Logging { enabled: false.into(), target_bucket: target.into(), target_prefix: Attr::Null });
    change(&cx, made, S3Bucket { logging: both, ..plain(&name) }).await;
    assert_eq!(logs_of(cx.client(), &name).await, None);
}

#[tokio::test]
async fn what_somebody_switched_off_is_switched_on_again() {
    let cloud = cloud();
    let cx = cloud.call();
    let (name, target) = (cloud.bucket("drifted"), logs(&cloud).await);
    let config = S3Bucket { logging: to(&target), ..plain(&name) };
    let made = make(&cx, config.clone()).await;
    let none = BucketLoggingStatus::builder().build();
    cx.client().s3.put_bucket_logging().bucket(&name).bucket_logging_status(none).send().await.unwrap();
    let seen = S3Bucket::read(&cx, made).await.unwrap().unwrap();
    assert_eq!(seen.logging, off());
    change(&cx, seen, config).await;
    assert!(logs_of(cx.client(), &name).await.is_some());
}

#[tokio::test]
async fn a_target_that_takes_no_logs_is_told_at_the_block() {
    let cloud = cloud();
    let cx = cloud.call();
    let (name, closed) = (cloud.bucket("refused"), cloud.bucket("closed"));
    make(&cloud.call(), plain(&closed)).await;
    let made = make(&cx, plain(&name)).await;
    let plan = S3Bucket { logging: to(&closed), ..made.clone() };
    let error = S3Bucket::update(&cx, made, plan).await.unwrap_err().error;
    assert_eq!(error.diagnostic().path, Some("logging".into()), "{error}");
    assert!(error.to_string().contains("logging.s3.amazonaws.com"), "{error}");
}

#[test]
fn logging_needs_a_target_while_it_is_on() {
    let count = |logging: Logging| {
        let config = S3Bucket { logging: Attr::Known(logging), ..plain("lake") };
        S3Bucket::validate(&config).len()
    };
    assert_eq!(count(Logging::default()), 1);
    assert_eq!(count(Logging { enabled: false.into(), ..Logging::default() }), 0);
    assert_eq!(count(Logging { enabled: Attr::Unknown, ..Logging::default() }), 0);
    assert_eq!(count(Logging { target_bucket: Attr::Unknown, ..Logging::default() }), 0);
}
