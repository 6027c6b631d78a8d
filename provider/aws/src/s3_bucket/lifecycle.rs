//! What becomes of a bucket's objects with time. API:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, OPTIONAL, REQUIRED, Result, Set};

use super::S3Bucket;
use super::remote::{change, unless};
use crate::client::Aws;
use crate::errors::{Explain, Fault};
use crate::tags::Tags;

mod check;
mod wire;

pub(super) use check::check;

/// What becomes of objects with time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LifecycleRule {
    /// Name of the rule.
    #[schemars(length(min = 1, max = 255), extend("x-tf" = REQUIRED))]
    pub id: Attr<String>,
    /// Whether the rule is applied: `Enabled` or `Disabled`.
    #[schemars(extend("enum" = ["Enabled", "Disabled"], "x-tf" = REQUIRED))]
    pub status: Attr<String>,
    /// Which objects it is about: those for which all of it is true. All objects, if it is left out.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub filter: Attr<Filter>,
    /// When objects are deleted. In a bucket with versions, they become old ones.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub expiration: Attr<Expiration>,
    /// When objects move to another storage class.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub transition: Attr<Set<Transition>>,
    /// When old versions are deleted.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub noncurrent_version_expiration: Attr<NoncurrentExpiration>,
    /// When old versions move to another storage class.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub noncurrent_version_transition: Attr<Set<NoncurrentTransition>>,
    /// When the parts of uploads that were never completed are deleted.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub abort_incomplete_multipart_upload: Attr<AbortUpload>,
}

/// Which objects a rule is about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Filter {
    /// What their names begin with.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub prefix: Attr<String>,
    /// Tags that they bear.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// They have more bytes than this.
    #[schemars(range(min = 0), extend("x-tf" = OPTIONAL))]
    pub object_size_greater_than: Attr<i64>,
    /// They have fewer bytes than this.
    #[schemars(range(min = 1), extend("x-tf" = OPTIONAL))]
    pub object_size_less_than: Attr<i64>,
}

/// When objects are deleted: one of the three.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expiration {
    /// Days after they were written.
    #[schemars(range(min = 1, max = 2147483647), extend("x-tf" = OPTIONAL))]
    pub days: Attr<i64>,
    /// From a day on (RFC 3339, midnight of UTC: `2027-01-01T00:00:00Z`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub date: Attr<String>,
    /// Whether a delete marker goes that has no older versions below it.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub expired_object_delete_marker: Attr<bool>,
}

/// When objects move to another storage class: one of `days` and `date`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Transition {
    /// Days after they were written.
    #[schemars(range(min = 0, max = 2147483647), extend("x-tf" = OPTIONAL))]
    pub days: Attr<i64>,
    /// From a day on (RFC 3339, midnight of UTC: `2027-01-01T00:00:00Z`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub date: Attr<String>,
    /// The storage class.
    #[schemars(extend("enum" = CLASSES, "x-tf" = REQUIRED))]
    pub storage_class: Attr<String>,
}

/// When old versions are deleted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoncurrentExpiration {
    /// Days after they became old.
    #[schemars(range(min = 1, max = 2147483647), extend("x-tf" = REQUIRED))]
    pub noncurrent_days: Attr<i64>,
    /// How many old versions stay nevertheless.
    #[schemars(range(min = 1, max = 100), extend("x-tf" = OPTIONAL))]
    pub newer_noncurrent_versions: Attr<i64>,
}

/// When old versions move to another storage class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoncurrentTransition {
    /// Days after they became old.
    #[schemars(range(min = 0, max = 2147483647), extend("x-tf" = REQUIRED))]
    pub noncurrent_days: Attr<i64>,
    /// How many old versions stay where they are nevertheless.
    #[schemars(range(min = 1, max = 100), extend("x-tf" = OPTIONAL))]
    pub newer_noncurrent_versions: Attr<i64>,
    /// The storage class.
    #[schemars(extend("enum" = CLASSES, "x-tf" = REQUIRED))]
    pub storage_class: Attr<String>,
}

/// When the parts of uploads that were never completed are deleted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AbortUpload {
    /// Days after the upload began.
    #[schemars(range(min = 1, max = 2147483647), extend("x-tf" = REQUIRED))]
    pub days_after_initiation: Attr<i64>,
}

/// Storage classes that objects can move to.
const CLASSES: [&str; 6] =
    ["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

/// The bucket's rules; those that mean what they meant are spelled as they were.
pub(super) async fn look(aws: &Aws, name: &str, prior: &Attr<Set<LifecycleRule>>) -> Result<Set<LifecycleRule>, Fault> {
    let answer = aws.s3.get_bucket_lifecycle_configuration().bucket(name).send().await.fault();
    let answer = unless(answer, "NoSuchLifecycleConfiguration")?;
    let rules = answer.and_then(|answer| answer.rules).unwrap_or_default().into_iter().map(wire::seen);
    let spelled = |rule: LifecycleRule| {
        let prior = prior.known().into_iter().flatten().find(|prior| wire::plain(prior) == rule);
        prior.cloned().unwrap_or(rule)
    };
    Ok(rules.map(spelled).collect())
}

/// What is to be set, where a plan wants it otherwise.
pub(super) fn wanted<'a>(seen: &S3Bucket, plan: &'a S3Bucket) -> Option<&'a Set<LifecycleRule>> {
    let plain = |rules: &Set<LifecycleRule>| rules.iter().map(wire::plain).collect::<Set<_>>();
    let seen = seen.lifecycle_rule.known().map(plain).unwrap_or_default();
    plan.lifecycle_rule.known().filter(|wanted| !wanted.is_empty() && plain(wanted) != seen)
}

/// Sets all rules: S3 takes them as a whole. Beside them stands whether small objects move, which another tool may have chosen, and which
/// a call without it would put back to the default.
pub(super) async fn put(cx: &Call<Aws>, name: &str, wanted: &Set<LifecycleRule>) -> Result<()> {
    let s3 = &cx.client().s3;
    let kept = s3.get_bucket_lifecycle_configuration().bucket(name).send().await.fault();
    let kept = unless(kept, "NoSuchLifecycleConfiguration")?;
    let kept = kept.and_then(|kept| kept.transition_default_minimum_object_size);
    let configuration = wire::configuration(wanted).map_err(Fault::ours)?;
    change(cx, "lifecycle_rule", || async {
        let request = s3.put_bucket_lifecycle_configuration().bucket(name);
        let request = request.set_transition_default_minimum_object_size(kept.clone());
        request.lifecycle_configuration(configuration.clone()).send().await.fault()
    })
    .await
}
