//! A bucket as S3 has it: how its settings are read, and brought to what is planned. What each setting is stands in its file.

use std::collections::BTreeMap;

use tfplugin::{Attr, Call, Result, Set};

use super::{
    S3Bucket, Versioning, encryption, is_busy, lifecycle, logging, ownership, public_access, tagging, versioning,
};
use crate::client::Aws;
use crate::create::{VISIBLE_WITHIN, retrying};
use crate::errors::{Explain, Fault};
use crate::{policy, tags};

/// What a look after a change answers: a setting that was planned as none stays so, although somebody may have made one
/// meanwhile, which the next refresh sees.
pub(super) fn as_planned(plan: &S3Bucket, seen: S3Bucket) -> S3Bucket {
    S3Bucket {
        policy: unless_none(&plan.policy, &seen.policy),
        server_side_encryption: unless_none(&plan.server_side_encryption, &seen.server_side_encryption),
        public_access_block: unless_none(&plan.public_access_block, &seen.public_access_block),
        versioning: unless_none(&plan.versioning, &seen.versioning),
        ..seen
    }
}

fn unless_none<T: Clone>(planned: &Attr<T>, seen: &Attr<T>) -> Attr<T> {
    if planned.is_null() { Attr::Null } else { seen.clone() }
}

/// `None` for a setting that a bucket has not; the bucket's own absence stays a fault.
pub(super) fn unless<T>(answer: Result<T, Fault>, absent: &str) -> Result<Option<T>, Fault> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if fault.is(&[absent]) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The bucket as it is now, with all of its settings; `None` if it is gone. Logging and rules cost a call each: they are asked for
/// where the state has them, and by an import, which has no more than the id.
pub(super) async fn look(aws: &Aws, prior: &S3Bucket) -> Result<Option<S3Bucket>> {
    let name = prior.id.text();
    let is_import = prior.bucket.is_null();
    // Each is boxed: the futures of the SDK are large, and all of them together are too much for a thread's stack.
    let answers = tokio::try_join!(
        Box::pin(versioning::look(aws, name)),
        Box::pin(encryption::look(aws, name)),
        Box::pin(public_access::look(aws, name)),
        Box::pin(ownership::look(aws, name)),
        Box::pin(look_at_policy(aws, name)),
        Box::pin(tagging::look(aws, name)),
        Box::pin(async {
            let is_asked = is_import || !prior.logging.is_null();
            if is_asked { logging::look(aws, name, &prior.logging).await } else { Ok(Attr::Null) }
        }),
        Box::pin(async {
            let is_asked = is_import || !is_none(&prior.lifecycle_rule);
            if is_asked { lifecycle::look(aws, name, &prior.lifecycle_rule).await } else { Ok(Set::default()) }
        }),
    );
    let (versioning, encryption, block, ownership, document, remote, logging, rules) = match answers {
        Ok(answers) => answers,
        Err(fault) if fault.is_not_found() => return Ok(None),
        Err(fault) => return Err(fault.into()),
    };
    let (tags, tags_all) = tags::seen(&aws.default_tags, &prior.tags, remote);
    let suffix = if aws.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    Ok(Some(S3Bucket {
        id: name.into(),
        bucket: name.into(),
        force_destroy: prior.force_destroy.known().copied().unwrap_or_default().into(),
        object_ownership: ownership.into(),
        policy: document.map_or(Attr::Null, |document| policy::keep(&prior.policy, &document)),
        server_side_encryption: Attr::Known(encryption),
        public_access_block: Attr::Known(block),
        versioning: Attr::Known(versioning),
        logging,
        lifecycle_rule: Attr::Known(rules),
        tags,
        tags_all,
        arn: format!("arn:{}:s3:::{name}", aws.partition()).into(),
        bucket_domain_name: format!("{name}.s3.{suffix}").into(),
        bucket_regional_domain_name: format!("{name}.s3.{}.{suffix}", aws.region).into(),
        region: aws.region.clone().into(),
    }))
}

async fn look_at_policy(aws: &Aws, name: &str) -> Result<Option<String>, Fault> {
    let answer = unless(aws.s3.get_bucket_policy().bucket(name).send().await.fault(), "NoSuchBucketPolicy")?;
    Ok(answer.and_then(|answer| answer.policy))
}

/// What a bucket is like that was just made from a plan. Whether S3 closed it to the public depends on its age and on the
/// account: it is told to.
pub(super) fn as_made(plan: &S3Bucket, wanted: &BTreeMap<String, String>) -> S3Bucket {
    S3Bucket {
        policy: Attr::Null,
        server_side_encryption: Attr::Known(encryption::of_a_new_bucket()),
        public_access_block: Attr::Known(public_access::all(false)),
        versioning: Attr::Known(Versioning { enabled: false.into() }),
        logging: Attr::Null,
        lifecycle_rule: Attr::Null,
        tags_all: Attr::Known(wanted.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect()),
        ..plan.clone()
    }
}

/// Whether a set of blocks says nothing.
pub(super) fn is_none<T>(blocks: &Attr<Set<T>>) -> bool {
    blocks.is_null() || blocks.known().is_some_and(Set::is_empty)
}

/// The policy that is to be set, where a plan wants it otherwise.
fn wanted_policy<'a>(seen: &S3Bucket, plan: &'a S3Bucket) -> Option<&'a String> {
    let seen = seen.policy.known();
    plan.policy.known().filter(|wanted| seen.is_none_or(|seen| !policy::same(seen, wanted)))
}

/// The first setting in which a bucket is not as a plan and its tags want it.
pub(super) fn differs(seen: &S3Bucket, plan: &S3Bucket, wanted: &BTreeMap<String, String>) -> Option<&'static str> {
    let tags = tags::change(&seen.tags_all, wanted);
    let checks = [
        ("object_ownership", ownership::wanted(seen, plan).is_some()),
        ("server_side_encryption", encryption::wanted(seen, plan).is_some()),
        ("public_access_block", public_access::wanted(seen, plan).is_some()),
        ("versioning", versioning::wanted(seen, plan).is_some()),
        ("policy", wanted_policy(seen, plan).is_some()),
        ("logging", logging::wanted(seen, plan).is_some()),
        ("lifecycle_rule", lifecycle::wanted(seen, plan).is_some()),
        ("tags", !tags.remove.is_empty() || !tags.set.is_empty()),
    ];
    checks.iter().find(|(_, differs)| *differs).map(|(name, _)| *name)
}

/// One changing request of an attribute, repeated as [`repeated`] does.
pub(super) async fn change<T, F>(cx: &Call<Aws>, attribute: &str, request: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<T, Fault>>,
{
    repeated(cx, request).await.map_err(|fault| fault.at(attribute))
}

/// One changing request, repeated while the bucket is busy, or not visible everywhere, or a principal is unknown yet.
pub(super) async fn repeated<T, F>(cx: &Call<Aws>, request: impl FnMut() -> F) -> Result<(), Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let passing = |fault: &Fault| is_busy(fault) || fault.is(&["NoSuchBucket"]) || policy::is_principal_unknown(fault);
    retrying(cx, VISIBLE_WITHIN, request, passing).await.map(drop)
}

/// Changes what differs between the bucket and what is wanted, one setting after another.
pub(super) async fn converge(
    cx: &Call<Aws>,
    seen: &S3Bucket,
    plan: &S3Bucket,
    tags: &BTreeMap<String, String>,
) -> Result<()> {
    let name = seen.id.text();
    if let Some(wanted) = ownership::wanted(seen, plan) {
        Box::pin(ownership::put(cx, name, wanted)).await?;
    }
    if let Some(wanted) = encryption::wanted(seen, plan) {
        Box::pin(encryption::put(cx, name, wanted)).await?;
    }
    if let Some(wanted) = public_access::wanted(seen, plan) {
        Box::pin(public_access::put(cx, name, wanted)).await?;
    }
    if let Some(wanted) = versioning::wanted(seen, plan) {
        Box::pin(versioning::put(cx, name, wanted)).await?;
    }
    if let Some(document) = wanted_policy(seen, plan) {
        let s3 = &cx.client().s3;
        let put = || async { s3.put_bucket_policy().bucket(name).policy(document).send().await.fault() };
        Box::pin(change(cx, "policy", put)).await?;
    }
    if let Some(wanted) = logging::wanted(seen, plan) {
        Box::pin(logging::put(cx, name, wanted)).await?;
    }
    if let Some(wanted) = lifecycle::wanted(seen, plan) {
        Box::pin(lifecycle::put(cx, name, wanted)).await?;
    }
    Box::pin(tagging::put(cx, name, &seen.tags_all, tags)).await
}
