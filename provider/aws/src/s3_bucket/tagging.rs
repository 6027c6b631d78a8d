//! The tags of a bucket, and the mark among them. API:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html>.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{Tag, Tagging};
use tfplugin::{Attr, Call, Marked, Marker, Result};

use super::remote::{change, unless};
use crate::client::Aws;
use crate::errors::{Explain, Fault};
use crate::tags;

/// Tags as S3 wants them.
pub(super) fn tag_list(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, Fault> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(|pair| tag(pair).map_err(Fault::ours)).collect()
}

/// All tags of a bucket, its mark and AWS's own included.
pub(super) async fn look(aws: &Aws, name: &str) -> Result<BTreeMap<String, String>, Fault> {
    let answer = unless(aws.s3.get_bucket_tagging().bucket(name).send().await.fault(), "NoSuchTagSet")?;
    Ok(answer.map(|answer| answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect()).unwrap_or_default())
}

/// The mark of a bucket.
pub(crate) async fn mark(aws: &Aws, name: &str) -> Result<Option<String>, Fault> {
    Ok(look(aws, name).await?.remove(Marker::TAG))
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
    match look(aws, name).await {
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

/// S3 replaces all tags at once: the mark and AWS's own are kept.
pub(super) async fn put(
    cx: &Call<Aws>,
    name: &str,
    old: &Attr<tags::Tags>,
    wanted: &BTreeMap<String, String>,
) -> Result<()> {
    let difference = tags::change(old, wanted);
    if difference.remove.is_empty() && difference.set.is_empty() {
        return Ok(());
    }
    let mut all = look(cx.client(), name).await?;
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
