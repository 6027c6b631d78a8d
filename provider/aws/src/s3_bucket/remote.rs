//! A bucket as S3 has it: how its settings are read, found by its mark, and brought to what is planned.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    BucketVersioningStatus, ObjectOwnership, OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration,
    ServerSideEncryption as Algorithm, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, Tag, Tagging, VersioningConfiguration,
};
use tfplugin::{Attr, Call, Marker, Result};

use super::{PublicAccessBlock, S3Bucket, ServerSideEncryption, Versioning, is_busy};
use crate::client::Aws;
use crate::create::{VISIBLE_WITHIN, retrying};
use crate::errors::{Explain, Fault, Kind};
use crate::{policy, tags};

/// Tags as S3 wants them.
pub(super) fn tag_list(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, Fault> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(|pair| tag(pair).map_err(unbuildable)).collect()
}

fn unbuildable(error: impl std::fmt::Display) -> Fault {
    Fault { kind: Kind::Ours, code: None, message: error.to_string(), request_id: None }
}

/// What AWS gives a new bucket, where no block says otherwise.
fn default_encryption() -> ServerSideEncryption {
    ServerSideEncryption { sse_algorithm: "AES256".into(), kms_key_arn: Attr::Null, bucket_key_enabled: false.into() }
}

fn default_block() -> PublicAccessBlock {
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

/// The block of a setting: as configured, or `None` where it was left out and is as it is by default.
fn shown<T: PartialEq>(prior: &Attr<T>, imported: bool, default: &T, seen: T) -> Attr<T> {
    if prior.is_null() && !imported && seen == *default { Attr::Null } else { Attr::Known(seen) }
}

/// `None` for a setting that a bucket has not; the bucket's own absence stays a fault.
fn unless<T>(answer: Result<T, Fault>, absent: &str) -> Result<Option<T>, Fault> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if fault.is(&[absent]) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The bucket as it is now; `None` if it is gone.
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
        Err(fault) => return Err(fault.when(&format!("read bucket {name}"))),
    };
    // An import knows nothing but the id, and shows every block.
    let imported = prior.bucket.is_null();
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
        server_side_encryption: shown(&prior.server_side_encryption, imported, &default_encryption(), encryption),
        public_access_block: shown(&prior.public_access_block, imported, &default_block(), block),
        versioning: shown(
            &prior.versioning,
            imported,
            &Versioning { enabled: false.into() },
            Versioning { enabled: enabled.into() },
        ),
        tags,
        tags_all,
        arn: format!("arn:{}:s3:::{name}", aws.partition()).into(),
        bucket_domain_name: format!("{name}.s3.{suffix}").into(),
        bucket_regional_domain_name: format!("{name}.s3.{}.{suffix}", aws.region).into(),
        region: aws.region.clone().into(),
    }))
}

async fn keeps_versions(aws: &Aws, name: &str) -> Result<bool, Fault> {
    match aws.s3.get_bucket_versioning().bucket(name).send().await {
        Ok(answer) => Ok(answer.status == Some(BucketVersioningStatus::Enabled)),
        // moto 5.2 answers with a root element that the SDK refuses; the status is in it nevertheless.
        Err(error) if error.raw_response().is_some_and(|answer| answer.status().is_success()) => {
            let body = error.raw_response().and_then(|answer| answer.body().bytes()).unwrap_or_default();
            Ok(String::from_utf8_lossy(body).contains("<Status>Enabled</Status>"))
        }
        Err(error) => Err(error.into()),
    }
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

/// Whether a bucket of this name was made by this create: it bears the mark, or (where S3 took no tags with the create) it is
/// ours and as young as the create.
pub(super) async fn is_of_create(aws: &Aws, name: &str, marker: &Marker) -> Result<bool, Fault> {
    match raw_tags(aws, name).await {
        Ok(tags) => {
            if let Some(mark) = tags.get(Marker::TAG) {
                return Ok(*mark == marker.id);
            }
        }
        Err(fault) if fault.is_not_found() => return Ok(false),
        // Another account's bucket.
        Err(fault) if fault.is(&["AccessDenied"]) => return Ok(false),
        Err(fault) => return Err(fault),
    }
    // Only the account's own buckets are listed.
    let mut pages = aws.s3.list_buckets().prefix(name).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.fault()?;
        let bucket = page.buckets().iter().find(|bucket| bucket.name() == Some(name));
        if let Some(created) = bucket.and_then(|bucket| bucket.creation_date()) {
            return Ok(created.secs() >= marker.since.as_second());
        }
    }
    Ok(false)
}

/// What the settings are to be, defaults in the place of blocks that are left out.
struct Wanted {
    encryption: ServerSideEncryption,
    block: PublicAccessBlock,
    versions: bool,
}

impl Wanted {
    fn of(bucket: &S3Bucket) -> Self {
        Self {
            encryption: bucket.server_side_encryption.known().cloned().unwrap_or_else(default_encryption),
            block: bucket.public_access_block.known().cloned().unwrap_or_else(default_block),
            versions: bucket.versioning.known().is_some_and(|versioning| versioning.enabled.is_true()),
        }
    }
}

fn policy_differs(seen: &S3Bucket, plan: &S3Bucket) -> bool {
    match (seen.policy.known(), plan.policy.known()) {
        (Some(seen), Some(plan)) => !policy::same(seen, plan),
        (seen, plan) => seen.is_some() != plan.is_some(),
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
pub(super) fn differs(seen: &S3Bucket, plan: &S3Bucket, wanted: &BTreeMap<String, String>) -> Option<&'static str> {
    let (is, should) = (Wanted::of(seen), Wanted::of(plan));
    let tags = tags::change(&seen.tags_all, wanted);
    let checks = [
        ("object_ownership", seen.object_ownership != plan.object_ownership),
        ("server_side_encryption", encryption_differs(&is.encryption, &should.encryption)),
        ("public_access_block", is.block != should.block),
        ("versioning", is.versions != should.versions),
        ("policy", policy_differs(seen, plan)),
        ("tags", !tags.remove.is_empty() || !tags.set.is_empty()),
    ];
    checks.iter().find(|(_, differs)| *differs).map(|(name, _)| *name)
}

/// One changing request, repeated while the bucket is busy, or not visible everywhere, or a principal is unknown yet.
async fn change<T, F>(cx: &Call<Aws>, doing: &str, attribute: &str, request: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<T, Fault>>,
{
    let passing = |fault: &Fault| is_busy(fault) || fault.is(&["NoSuchBucket"]) || policy::is_principal_unknown(fault);
    let answer = retrying(cx, VISIBLE_WITHIN, request, passing).await;
    answer.map(drop).map_err(|fault| fault.when(doing).at(attribute))
}

/// Changes what differs between the bucket and the plan, one setting after another.
pub(super) async fn converge(
    cx: &Call<Aws>,
    seen: &S3Bucket,
    plan: &S3Bucket,
    wanted: &BTreeMap<String, String>,
) -> Result<()> {
    let s3 = &cx.client().s3;
    let name = seen.id.text();
    let (is, should) = (Wanted::of(seen), Wanted::of(plan));
    let built = |error: &dyn std::fmt::Display| unbuildable(error).when(&format!("change bucket {name}"));
    if seen.object_ownership != plan.object_ownership {
        let rule = OwnershipControlsRule::builder()
            .object_ownership(ObjectOwnership::from(plan.object_ownership.text()))
            .build()
            .map_err(|error| built(&error))?;
        let controls = OwnershipControls::builder().rules(rule).build().map_err(|error| built(&error))?;
        change(cx, &format!("change who owns the objects of bucket {name}"), "object_ownership", || async {
            s3.put_bucket_ownership_controls().bucket(name).ownership_controls(controls.clone()).send().await.fault()
        })
        .await?;
    }
    if encryption_differs(&is.encryption, &should.encryption) {
        let configuration = encryption(&should.encryption).map_err(|error| built(&error))?;
        change(cx, &format!("change the encryption of bucket {name}"), "server_side_encryption", || async {
            let request = s3.put_bucket_encryption().bucket(name);
            request.server_side_encryption_configuration(configuration.clone()).send().await.fault()
        })
        .await?;
    }
    if is.block != should.block {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(should.block.block_public_acls.is_true())
            .block_public_policy(should.block.block_public_policy.is_true())
            .ignore_public_acls(should.block.ignore_public_acls.is_true())
            .restrict_public_buckets(should.block.restrict_public_buckets.is_true())
            .build();
        change(cx, &format!("close bucket {name} to the public"), "public_access_block", || async {
            let request = s3.put_public_access_block().bucket(name);
            request.public_access_block_configuration(block.clone()).send().await.fault()
        })
        .await?;
    }
    if is.versions != should.versions {
        let status = if should.versions { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let configuration = VersioningConfiguration::builder().status(status).build();
        change(cx, &format!("change the versioning of bucket {name}"), "versioning", || async {
            let request = s3.put_bucket_versioning().bucket(name);
            request.versioning_configuration(configuration.clone()).send().await.fault()
        })
        .await?;
    }
    match plan.policy.known() {
        _ if !policy_differs(seen, plan) => {}
        Some(document) => {
            change(cx, &format!("change the policy of bucket {name}"), "policy", || async {
                s3.put_bucket_policy().bucket(name).policy(document).send().await.fault()
            })
            .await?;
        }
        None => {
            change(cx, &format!("remove the policy of bucket {name}"), "policy", || async {
                s3.delete_bucket_policy().bucket(name).send().await.fault()
            })
            .await?;
        }
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
    let doing = format!("change the tags of bucket {name}");
    let explain = |fault: Fault| fault.when(&doing).at("tags");
    let mut all = raw_tags(cx.client(), name).await.map_err(explain)?;
    all.retain(|key, _| !difference.remove.contains(key));
    all.extend(difference.set);
    let s3 = &cx.client().s3;
    if all.is_empty() {
        return change(cx, &doing, "tags", || async { s3.delete_bucket_tagging().bucket(name).send().await.fault() })
            .await;
    }
    let tags = Tagging::builder().set_tag_set(Some(tag_list(&all).map_err(explain)?)).build();
    let tags = tags.map_err(|error| explain(unbuildable(error)))?;
    change(cx, &doing, "tags", || async {
        s3.put_bucket_tagging().bucket(name).tagging(tags.clone()).send().await.fault()
    })
    .await
}
