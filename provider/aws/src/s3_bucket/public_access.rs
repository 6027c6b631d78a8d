//! What a bucket refuses to the public. API:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html>.

use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, OPTIONAL, Result};

use super::S3Bucket;
use super::remote::{change, unless};
use crate::client::Aws;
use crate::errors::{Explain, Fault};

/// What is refused to the public.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PublicAccessBlock {
    /// Whether public access lists are refused.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub block_public_acls: Attr<bool>,
    /// Whether public policies are refused.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub block_public_policy: Attr<bool>,
    /// Whether public access lists have no effect.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub ignore_public_acls: Attr<bool>,
    /// Whether a public policy opens the bucket to AWS services and the owner's account only.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub restrict_public_buckets: Attr<bool>,
}

/// All of it refused, or nothing.
pub(super) fn all(on: bool) -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: on.into(),
        block_public_policy: on.into(),
        ignore_public_acls: on.into(),
        restrict_public_buckets: on.into(),
    }
}

/// What the bucket refuses.
pub(super) async fn look(aws: &Aws, name: &str) -> Result<PublicAccessBlock, Fault> {
    let answer = aws.s3.get_public_access_block().bucket(name).send().await.fault();
    let answer = unless(answer, "NoSuchPublicAccessBlockConfiguration")?;
    let block = answer.and_then(|answer| answer.public_access_block_configuration);
    Ok(block.map_or_else(|| all(false), seen))
}

fn seen(block: PublicAccessBlockConfiguration) -> PublicAccessBlock {
    let on = |flag: Option<bool>| Attr::Known(flag.unwrap_or_default());
    PublicAccessBlock {
        block_public_acls: on(block.block_public_acls),
        block_public_policy: on(block.block_public_policy),
        ignore_public_acls: on(block.ignore_public_acls),
        restrict_public_buckets: on(block.restrict_public_buckets),
    }
}

/// What is to be set, where a plan wants it otherwise.
pub(super) fn wanted<'a>(seen: &S3Bucket, plan: &'a S3Bucket) -> Option<&'a PublicAccessBlock> {
    let seen = seen.public_access_block.known();
    plan.public_access_block.known().filter(|wanted| seen != Some(wanted))
}

/// Sets it.
pub(super) async fn put(cx: &Call<Aws>, name: &str, wanted: &PublicAccessBlock) -> Result<()> {
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(wanted.block_public_acls.is_true())
        .block_public_policy(wanted.block_public_policy.is_true())
        .ignore_public_acls(wanted.ignore_public_acls.is_true())
        .restrict_public_buckets(wanted.restrict_public_buckets.is_true())
        .build();
    change(cx, "public_access_block", || async {
        let request = cx.client().s3.put_public_access_block().bucket(name);
        request.public_access_block_configuration(block.clone()).send().await.fault()
    })
    .await
}
