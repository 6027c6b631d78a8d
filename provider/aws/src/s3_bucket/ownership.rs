//! Who owns what others write into a bucket. API:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html>.

use aws_sdk_s3::types::{ObjectOwnership, OwnershipControls, OwnershipControlsRule};
use tfplugin::{Call, Result};

use super::S3Bucket;
use super::remote::{change, unless};
use crate::client::Aws;
use crate::errors::{Explain, Fault};

/// What a bucket is made with that says nothing of it.
pub(super) const DEFAULT: &str = "BucketOwnerEnforced";

/// Who owns it.
pub(super) async fn look(aws: &Aws, name: &str) -> Result<String, Fault> {
    let answer = aws.s3.get_bucket_ownership_controls().bucket(name).send().await.fault();
    let answer = unless(answer, "OwnershipControlsNotFoundError")?;
    let rules = answer.and_then(|answer| answer.ownership_controls).map(|controls| controls.rules);
    let rule = rules.and_then(|rules| rules.into_iter().next());
    Ok(rule.map_or(ObjectOwnership::ObjectWriter, |rule| rule.object_ownership).as_str().to_owned())
}

/// What is to be set, where a plan wants it otherwise.
pub(super) fn wanted<'a>(seen: &S3Bucket, plan: &'a S3Bucket) -> Option<&'a str> {
    plan.object_ownership.known().map(String::as_str).filter(|wanted| seen.object_ownership.text() != *wanted)
}

/// Sets it.
pub(super) async fn put(cx: &Call<Aws>, name: &str, wanted: &str) -> Result<()> {
    let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(wanted)).build();
    let controls = OwnershipControls::builder().rules(rule.map_err(Fault::ours)?).build().map_err(Fault::ours)?;
    change(cx, "object_ownership", || async {
        let request = cx.client().s3.put_bucket_ownership_controls().bucket(name);
        request.ownership_controls(controls.clone()).send().await.fault()
    })
    .await
}
