use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule as Rule, LifecycleRuleFilter,
};

use super::super::lifecycle::{
    AbortUpload, Expiration, Filter, NoncurrentExpiration, NoncurrentTransition, Transition,
};
use super::*;

fn rule(id: &str) -> LifecycleRule {
    LifecycleRule { id: id.into(), status: "Enabled".into(), ..LifecycleRule::default() }
}

/// A rule that deletes after so many days.
fn delete(id: &str, days: i64) -> LifecycleRule {
    LifecycleRule { expiration: Attr::Known(Expiration { days: days.into(), ..Expiration::default() }), ..rule(id) }
}

/// A rule with everything.
fn whole() -> LifecycleRule {
    let moved =
        |days: i64, class: &str| Transition { days: days.into(), storage_class: class.into(), ..Transition::default() };
    LifecycleRule {
        filter: Attr::Known(Filter {
            prefix: "raw/".into(),
            tags: Attr::Known(Tags::from([("tier".to_owned(), "cold".into())])),
            object_size_greater_than: 131_072.into(),
            object_size_less_than: 1_000_000_000.into(),
        }),
        transition: Attr::Known(vec![moved(0, "INTELLIGENT_TIERING"), moved(90, "DEEP_ARCHIVE")].into()),
        noncurrent_version_expiration: Attr::Known(NoncurrentExpiration {
            noncurrent_days: 30.into(),
            newer_noncurrent_versions: 3.into(),
        }),
        noncurrent_version_transition: Attr::Known(
            vec![NoncurrentTransition {
                noncurrent_days: 7.into(),
                newer_noncurrent_versions: 1.into(),
                storage_class: "GLACIER_IR".into(),
            }]
            .into(),
        ),
        ..delete("whole", 400)
    }
}

fn with(name: &str, rules: &[LifecycleRule]) -> S3Bucket {
    S3Bucket { lifecycle_rule: Attr::Known(rules.to_vec().into()), ..plain(name) }
}

fn id(bucket: &S3Bucket) -> String {
    bucket.id.text().to_owned()
}

#[tokio::test]
async fn rules_are_made_changed_and_left_alone() {
    let cloud = cloud();
    let cx = cloud.call();
    let name = cloud.bucket("aging");
    let uploads = AbortUpload { days_after_initiation: 7.into() };
    let uploads = LifecycleRule { abort_incomplete_multipart_upload: Attr::Known(uploads), ..rule("uploads") };
    let made = hold(&cloud, with(&name, &[whole(), uploads.clone()]), id).await;
    let expected = Set(vec![uploads.clone(), whole()]);
    assert_eq!(made.lifecycle_rule, Attr::Known(expected));
    let made = change(&cx, made, with(&name, &[LifecycleRule { status: "Disabled".into(), ..whole() }])).await;
    // Without a block they are nobody's.
    settled(&cx, &made, &plain(&name)).await;
    let made = change(&cx, made, S3Bucket { tags: named("renamed"), ..plain(&name) }).await;
    assert_eq!(made.lifecycle_rule.known().map(Set::len), Some(1));
    end(&cloud, made).await;
}

#[tokio::test]
async fn a_rule_of_somebody_else_is_drift_where_there_are_rules_and_nothing_to_others() {
    let cloud = cloud();
    let cx = cloud.call();
    let [strict, open] = ["strict", "open"].map(|name| cloud.bucket(name));
    let theirs = Rule::builder().id("theirs").status(ExpirationStatus::Enabled);
    let theirs = theirs.filter(LifecycleRuleFilter::builder().prefix("").build());
    let theirs = theirs.expiration(LifecycleExpiration::builder().days(1).build()).build().unwrap();
    let theirs = BucketLifecycleConfiguration::builder().rules(theirs).build().unwrap();
    let (managed, left) = (make(&cx, with(&strict, &[delete("mine", 30)])).await, make(&cx, plain(&open)).await);
    for name in [&strict, &open] {
        let request = cx.client().s3.put_bucket_lifecycle_configuration().bucket(name);
        request.lifecycle_configuration(theirs.clone()).send().await.unwrap();
    }
    let seen = S3Bucket::read(&cx, managed).await.unwrap().unwrap();
    assert_eq!(seen.lifecycle_rule, Attr::Known(Set(vec![delete("theirs", 1)])));
    change(&cx, seen, with(&strict, &[delete("mine", 30)])).await;
    let left = change(&cx, left, S3Bucket { tags: named("renamed"), ..plain(&open) }).await;
    assert_eq!(left.lifecycle_rule.known().map(Set::len), Some(0));
    let answer = cx.client().s3.get_bucket_lifecycle_configuration().bucket(&open).send().await.unwrap();
    assert_eq!(answer.rules().len(), 1);
    // An import looks.
    let imported = S3Bucket::import(&cx, &open).await.unwrap();
    let imported = S3Bucket::read(&cx, imported).await.unwrap().unwrap();
    assert_eq!(imported.lifecycle_rule, Attr::Known(Set(vec![delete("theirs", 1)])));
}

#[tokio::test]
async fn rules_and_logging_cost_a_call_only_where_they_are_known() {
    let cloud = cloud();
    let cx = cloud.call();
    let name = cloud.bucket("frugal");
    let made = make(&cx, plain(&name)).await;
    let read = async |state: &S3Bucket| cloud.actions(S3Bucket::read(&cx, state.clone())).await.1;
    let actions = read(&made).await;
    assert!(actions.len() == 6 && !actions.iter().any(|action| action.contains("Lifecycle")), "{actions:?}");
    let made = change(&cx, made, with(&name, &[delete("old", 30)])).await;
    let actions = read(&made).await;
    assert!(actions.len() == 7 && !actions.iter().any(|action| action.contains("Logging")), "{actions:?}");
    let imported = S3Bucket::import(&cx, &name).await.unwrap();
    assert_eq!(read(&imported).await.len(), 8);
}

#[tokio::test]
async fn spellings_that_mean_the_same_change_nothing() {
    let cloud = cloud();
    let cx = cloud.call();
    let name = cloud.bucket("spelled");
    let dated = |date: &str| {
        let expiration = Expiration { date: date.into(), ..Expiration::default() };
        LifecycleRule { expiration: Attr::Known(expiration), ..rule("dated") }
    };
    let marker = Expiration { expired_object_delete_marker: true.into(), ..Expiration::default() };
    let spelled = [
        LifecycleRule { filter: Attr::Known(Filter::default()), ..delete("all", 9) },
        dated("2031-01-01T01:00:00+01:00"),
        LifecycleRule { expiration: Attr::Known(marker), ..rule("markers") },
    ];
    let made = make(&cx, with(&name, &spelled)).await;
    settled(&cx, &made, &with(&name, &spelled)).await;
    let plan = S3Bucket { lifecycle_rule: Attr::Known(vec![dated("2031-01-01T00:00:00Z")].into()), ..made.clone() };
    assert!(lifecycle_differs(&made, &plan), "two of three rules are gone");
    let other = [delete("all", 9), dated("2031-01-01T00:00:00Z"), spelled[2].clone()];
    assert!(!lifecycle_differs(&made, &with(&name, &other)));
}

fn lifecycle_differs(seen: &S3Bucket, plan: &S3Bucket) -> bool {
    super::super::lifecycle::wanted(seen, plan).is_some()
}

#[test]
fn rules_that_s3_refuses_are_refused_before() {
    fn check(rules: &[LifecycleRule], expected: &[&str]) {
        let found = S3Bucket::validate(&with("lake", rules));
        assert_eq!(found.len(), expected.len(), "{rules:?}: {found:?}");
        for (found, words) in found.iter().zip(expected) {
            assert_eq!(found.path, Some("lifecycle_rule".into()));
            assert!(found.detail.contains(words), "{words:?} in {found:?}");
        }
    }
    let expires = |expiration: Expiration| LifecycleRule { expiration: Attr::Known(expiration), ..rule("one") };
    check(&[whole(), delete("all", 1)], &[]);
    check(&[delete("all", 1), delete("all", 2)], &["another one of this name"]);
    check(&[rule("idle")], &["It does nothing"]);
    check(&[LifecycleRule { expiration: Attr::Unknown, ..rule("late") }], &[]);
    check(&[expires(Expiration::default())], &["one of days, date"]);
    check(&[expires(Expiration { days: Attr::Unknown, ..Expiration::default() })], &[]);
    let both = Expiration { days: 1.into(), date: "2031-01-01T00:00:00Z".into(), ..Expiration::default() };
    check(&[expires(both)], &["one of days, date"]);
    let days = Expiration { days: 1.into(), expired_object_delete_marker: false.into(), ..Expiration::default() };
    check(&[expires(days)], &[]);
    for date in ["2031-01-01", "2031-01-01T12:00:00Z", "soon"] {
        check(&[expires(Expiration { date: date.into(), ..Expiration::default() })], &["no midnight of UTC"]);
    }
    let nowhen = Transition { storage_class: "GLACIER".into(), ..Transition::default() };
    check(
        &[LifecycleRule { transition: Attr::Known(vec![nowhen].into()), ..rule("one") }],
        &["A transition has one of days and date"],
    );
    let filter = |filter: Filter, rule: LifecycleRule| LifecycleRule { filter: Attr::Known(filter), ..rule };
    let tagged = || Filter { tags: whole().filter.or_default().tags, ..Filter::default() };
    let uploads = AbortUpload { days_after_initiation: 7.into() };
    let uploads = LifecycleRule { abort_incomplete_multipart_upload: Attr::Known(uploads), ..rule("uploads") };
    check(&[filter(tagged(), uploads)], &["bear no tags"]);
    let sizes = |more: i64, less: i64| Filter {
        object_size_greater_than: more.into(),
        object_size_less_than: less.into(),
        ..Filter::default()
    };
    check(&[filter(sizes(10, 11), delete("none", 1))], &["No object has more than 10"]);
    check(&[filter(sizes(10, 12), delete("some", 1))], &[]);
}
