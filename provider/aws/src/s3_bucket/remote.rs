//! A bucket as S3 has it: how its settings are read, found by its mark, and brought to what is planned.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    BucketVersioningStatus, ObjectOwnership, OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration,
    ServerSideEncryption as Algorithm, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, Tag, Tagging, VersioningConfiguration,
};
use tfplugin::{Attr, Call, Marked, Marker, Result};

use super::{PublicAccessBlock, S3Bucket, ServerSideEncryption, Versioning, is_busy};
use crate::client::Aws;
use crate::create::{VISIBLE_WITHIN, retrying};
use crate::errors::{Explain, Fault};
use crate::{policy, tags};

/// Tags as S3 wants them.
pub(super) fn tag_list(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, Fault> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(|pair| tag(pair).map_err(Fault::ours)).collect()
}

/// What AWS gives a new bucket.
fn default_encryption() -> ServerSideEncryption {
    ServerSideEncryption { sse_algorithm: "AES256".into(), kms_key_arn: Attr::Null, bucket_key_enabled: false.into() }
}

/// What a bucket is made with that says nothing of it.
pub(super) fn closed() -> PublicAccessBlock {
    all(true)
}

fn all(on: bool) -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: on.into(),
        block_public_policy: on.into(),
        ignore_public_acls: on.into(),
        restrict_public_buckets: on.into(),
    }
}

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
fn unless<T>(answer: Result<T, Fault>, absent: &str) -> Result<Option<T>, Fault> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if fault.is(&[absent]) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The bucket as it is now, with all of its settings; `None` if it is gone.
pub(super) async fn look(aws: &Aws, prior: &S3Bucket) -> Result<Option<S3Bucket>> {
    let name = prior.id.text();
    let s3 = &aws.s3;
    let answers = tokio::try_join!(
        keeps_versions(aws, name),
        async {
            let answer = s3.get_bucket_encryption().bucket(name).send().await.fault();
            unless(answer, "ServerSideEncryptionConfigurationNotFoundError")
        },
        async {
            let answer = s3.get_public_access_block().bucket(name).send().await.fault();
            unless(answer, "NoSuchPublicAccessBlockConfiguration")
        },
        async {
            let answer = s3.get_bucket_ownership_controls().bucket(name).send().await.fault();
            unless(answer, "OwnershipControlsNotFoundError")
        },
        async { unless(s3.get_bucket_policy().bucket(name).send().await.fault(), "NoSuchBucketPolicy") },
        raw_tags(aws, name),
    );
    let (enabled, encryption, block, ownership, document, remote) = match answers {
        Ok(answers) => answers,
        Err(fault) if fault.is_not_found() => return Ok(None),
        Err(fault) => return Err(fault.into()),
    };
    let rules = encryption.and_then(|answer| answer.server_side_encryption_configuration);
    let rule = rules.and_then(|rules| rules.rules.into_iter().next());
    let encryption = rule.map_or_else(default_encryption, seen_encryption);
    let block = block.and_then(|answer| answer.public_access_block_configuration);
    let block = block.map_or_else(|| all(false), seen_block);
    let rules = ownership.and_then(|answer| answer.ownership_controls).map(|controls| controls.rules);
    let ownership = rules.and_then(|rules| rules.into_iter().next()).map(|rule| rule.object_ownership);
    let document = document.and_then(|answer| answer.policy);
    let (tags, tags_all) = tags::seen(&aws.default_tags, &prior.tags, remote);
    let suffix = if aws.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    Ok(Some(S3Bucket {
        id: name.into(),
        bucket: name.into(),
        force_destroy: prior.force_destroy.known().copied().unwrap_or_default().into(),
        object_ownership: ownership.as_ref().map_or("ObjectWriter", ObjectOwnership::as_str).into(),
        policy: document.map_or(Attr::Null, |document| policy::keep(&prior.policy, &document)),
        server_side_encryption: Attr::Known(encryption),
        public_access_block: Attr::Known(block),
        versioning: Attr::Known(Versioning { enabled: enabled.into() }),
        tags,
        tags_all,
        arn: format!("arn:{}:s3:::{name}", aws.partition()).into(),
        bucket_domain_name: format!("{name}.s3.{suffix}").into(),
        bucket_regional_domain_name: format!("{name}.s3.{}.{suffix}", aws.region).into(),
        region: aws.region.clone().into(),
    }))
}

async fn keeps_versions(aws: &Aws, name: &str) -> Result<bool, Fault> {
    let answer = aws.s3.get_bucket_versioning().bucket(name).send().await.fault()?;
    Ok(answer.status == Some(BucketVersioningStatus::Enabled))
}

fn seen_encryption(rule: ServerSideEncryptionRule) -> ServerSideEncryption {
    let bucket_key = rule.bucket_key_enabled.unwrap_or_default();
    let default = rule.apply_server_side_encryption_by_default;
    ServerSideEncryption {
        sse_algorithm: default.as_ref().map_or("AES256", |default| default.sse_algorithm.as_str()).into(),
        kms_key_arn: default.and_then(|default| default.kms_master_key_id).filter(|key| !key.is_empty()).into(),
        bucket_key_enabled: bucket_key.into(),
    }
}

fn seen_block(block: PublicAccessBlockConfiguration) -> PublicAccessBlock {
    let on = |flag: Option<bool>| Attr::Known(flag.unwrap_or_default());
    PublicAccessBlock {
        block_public_acls: on(block.block_public_acls),
        block_public_policy: on(block.block_public_policy),
        ignore_public_acls: on(block.ignore_public_acls),
        restrict_public_buckets: on(block.restrict_public_buckets),
    }
}

/// All tags of a bucket, its mark and AWS's own included.
async fn raw_tags(aws: &Aws, name: &str) -> Result<BTreeMap<String, String>, Fault> {
    let answer = unless(aws.s3.get_bucket_tagging().bucket(name).send().await.fault(), "NoSuchTagSet")?;
    Ok(answer.map(|answer| answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect()).unwrap_or_default())
}

/// The mark of a bucket.
pub(crate) async fn mark(aws: &Aws, name: &str) -> Result<Option<String>, Fault> {
    Ok(raw_tags(aws, name).await?.remove(Marker::TAG))
}

/// The mark of a bucket of this name, if it is ours to look at.
pub(super) async fn marked(aws: &Aws, name: &str) -> Result<Option<Marked>, Fault> {
    match mark(aws, name).await {
        Ok(mark) => Ok(mark.map(|mark| Marked { mark, id: name.to_owned() })),
        Err(fault) if fault.is_not_found() || fault.is(&["AccessDenied"]) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Whether a bucket of this name was made by this create: it bears the mark, or (where S3 took no tags with the create) it is
/// ours and as young as the create. `None`: no bucket is seen, which a new one may not be for a while.
pub(super) async fn is_of_create(aws: &Aws, name: &str, marker: &Marker) -> Result<Option<bool>, Fault> {
    match raw_tags(aws, name).await {
        Ok(tags) => {
            if let Some(mark) = tags.get(Marker::TAG) {
                return Ok(Some(marker.is_on(mark)));
            }
        }
        Err(fault) if fault.is_not_found() => return Ok(None),
        // Another account's bucket.
        Err(fault) if fault.is(&["AccessDenied"]) => return Ok(Some(false)),
        Err(fault) => return Err(fault),
    }
    // Only the account's own buckets are listed.
    let mut pages = aws.s3.list_buckets().prefix(name).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.fault()?;
        let bucket = page.buckets().iter().find(|bucket| bucket.name() == Some(name));
        if let Some(created) = bucket.and_then(|bucket| bucket.creation_date()) {
            return Ok(Some(created.secs() >= marker.since.as_second()));
        }
    }
    Ok(None)
}

/// What the managed settings are to be; `None` for those that are not managed.
pub(super) struct Settings {
    ownership: Option<String>,
    encryption: Option<ServerSideEncryption>,
    block: Option<PublicAccessBlock>,
    versions: Option<bool>,
    policy: Option<String>,
}

impl Settings {
    /// Those that a plan has.
    pub(super) fn of(plan: &S3Bucket) -> Self {
        Self {
            ownership: plan.object_ownership.known().cloned(),
            encryption: plan.server_side_encryption.known().cloned(),
            block: plan.public_access_block.known().cloned(),
            versions: plan.versioning.known().map(|versioning| versioning.enabled.is_true()),
            policy: plan.policy.known().cloned(),
        }
    }

    fn wants_ownership(&self, seen: &S3Bucket) -> Option<&str> {
        self.ownership.as_deref().filter(|wanted| seen.object_ownership.text() != *wanted)
    }

    fn wants_encryption(&self, seen: &S3Bucket) -> Option<&ServerSideEncryption> {
        let seen = seen.server_side_encryption.known();
        self.encryption.as_ref().filter(|wanted| seen.is_none_or(|seen| encryption_differs(seen, wanted)))
    }

    fn wants_block(&self, seen: &S3Bucket) -> Option<&PublicAccessBlock> {
        self.block.as_ref().filter(|wanted| seen.public_access_block.known() != Some(*wanted))
    }

    fn wants_versions(&self, seen: &S3Bucket) -> Option<bool> {
        let seen = seen.versioning.known().map(|versioning| versioning.enabled.is_true());
        self.versions.filter(|wanted| seen != Some(*wanted))
    }

    fn wants_policy(&self, seen: &S3Bucket) -> Option<&str> {
        let seen = seen.policy.known();
        self.policy.as_deref().filter(|wanted| seen.is_none_or(|seen| !policy::same(seen, wanted)))
    }
}

/// What a bucket is like that was just made from a plan. Whether S3 closed it to the public depends on its age and on the
/// account: it is told to.
pub(super) fn as_made(plan: &S3Bucket, wanted: &BTreeMap<String, String>) -> S3Bucket {
    S3Bucket {
        policy: Attr::Null,
        server_side_encryption: Attr::Known(default_encryption()),
        public_access_block: Attr::Known(all(false)),
        versioning: Attr::Known(Versioning { enabled: false.into() }),
        tags_all: Attr::Known(wanted.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect()),
        ..plan.clone()
    }
}

/// S3 names the account's own key where none was named.
fn encryption_differs(seen: &ServerSideEncryption, plan: &ServerSideEncryption) -> bool {
    let key = plan.kms_key_arn.is_known() && seen.kms_key_arn != plan.kms_key_arn;
    let lost_key = plan.kms_key_arn.is_null() && seen.kms_key_arn.is_known();
    seen.sse_algorithm != plan.sse_algorithm
        || seen.bucket_key_enabled.is_true() != plan.bucket_key_enabled.is_true()
        || key
        || lost_key
}

/// The first setting in which a bucket is not as it is wanted.
pub(super) fn differs(seen: &S3Bucket, settings: &Settings, wanted: &BTreeMap<String, String>) -> Option<&'static str> {
    let tags = tags::change(&seen.tags_all, wanted);
    let checks = [
        ("object_ownership", settings.wants_ownership(seen).is_some()),
        ("server_side_encryption", settings.wants_encryption(seen).is_some()),
        ("public_access_block", settings.wants_block(seen).is_some()),
        ("versioning", settings.wants_versions(seen).is_some()),
        ("policy", settings.wants_policy(seen).is_some()),
        ("tags", !tags.remove.is_empty() || !tags.set.is_empty()),
    ];
    checks.iter().find(|(_, differs)| *differs).map(|(name, _)| *name)
}

/// One changing request, repeated while the bucket is busy, or not visible everywhere, or a principal is unknown yet.
async fn change<T, F>(cx: &Call<Aws>, attribute: &str, request: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<T, Fault>>,
{
    let passing = |fault: &Fault| is_busy(fault) || fault.is(&["NoSuchBucket"]) || policy::is_principal_unknown(fault);
    let answer = retrying(cx, VISIBLE_WITHIN, request, passing).await;
    answer.map(drop).map_err(|fault| fault.at(attribute))
}

/// Changes what differs between the bucket and what is wanted, one setting after another.
pub(super) async fn converge(
    cx: &Call<Aws>,
    seen: &S3Bucket,
    settings: &Settings,
    wanted: &BTreeMap<String, String>,
) -> Result<()> {
    let s3 = &cx.client().s3;
    let name = seen.id.text();
    if let Some(ownership) = settings.wants_ownership(seen) {
        let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(ownership)).build();
        let controls = OwnershipControls::builder().rules(rule.map_err(Fault::ours)?).build().map_err(Fault::ours)?;
        change(cx, "object_ownership", || async {
            s3.put_bucket_ownership_controls().bucket(name).ownership_controls(controls.clone()).send().await.fault()
        })
        .await?;
    }
    if let Some(wanted) = settings.wants_encryption(seen) {
        let configuration = encryption(wanted).map_err(Fault::ours)?;
        change(cx, "server_side_encryption", || async {
            let request = s3.put_bucket_encryption().bucket(name);
            request.server_side_encryption_configuration(configuration.clone()).send().await.fault()
        })
        .await?;
    }
    if let Some(wanted) = settings.wants_block(seen) {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(wanted.block_public_acls.is_true())
            .block_public_policy(wanted.block_public_policy.is_true())
            .ignore_public_acls(wanted.ignore_public_acls.is_true())
            .restrict_public_buckets(wanted.restrict_public_buckets.is_true())
            .build();
        change(cx, "public_access_block", || async {
            let request = s3.put_public_access_block().bucket(name);
            request.public_access_block_configuration(block.clone()).send().await.fault()
        })
        .await?;
    }
    if let Some(versions) = settings.wants_versions(seen) {
        let status = if versions { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let configuration = VersioningConfiguration::builder().status(status).build();
        change(cx, "versioning", || async {
            let request = s3.put_bucket_versioning().bucket(name);
            request.versioning_configuration(configuration.clone()).send().await.fault()
        })
        .await?;
    }
    if let Some(document) = settings.wants_policy(seen) {
        change(cx, "policy", || async { s3.put_bucket_policy().bucket(name).policy(document).send().await.fault() })
            .await?;
    }
    retag(cx, name, &seen.tags_all, wanted).await
}

fn encryption(
    wanted: &ServerSideEncryption,
) -> Result<ServerSideEncryptionConfiguration, aws_smithy_types::error::operation::BuildError> {
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(Algorithm::from(wanted.sse_algorithm.text()))
        .set_kms_master_key_id(wanted.kms_key_arn.known().cloned())
        .build()?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(wanted.bucket_key_enabled.is_true())
        .build();
    ServerSideEncryptionConfiguration::builder().rules(rule).build()
}

/// S3 replaces all tags at once: the mark and AWS's own are kept.
async fn retag(cx: &Call<Aws>, name: &str, old: &Attr<tags::Tags>, wanted: &BTreeMap<String, String>) -> Result<()> {
    let difference = tags::change(old, wanted);
    if difference.remove.is_empty() && difference.set.is_empty() {
        return Ok(());
    }
    let mut all = raw_tags(cx.client(), name).await?;
    all.retain(|key, _| !difference.remove.contains(key));
    all.extend(difference.set);
    let s3 = &cx.client().s3;
    if all.is_empty() {
        return change(cx, "tags", || async { s3.delete_bucket_tagging().bucket(name).send().await.fault() }).await;
    }
    let tags = Tagging::builder().set_tag_set(Some(tag_list(&all)?)).build().map_err(Fault::ours)?;
    change(cx, "tags", || async { s3.put_bucket_tagging().bucket(name).tagging(tags.clone()).send().await.fault() })
        .await
}
