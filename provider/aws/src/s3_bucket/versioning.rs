//! Whether a bucket keeps old versions. API: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html>.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, REQUIRED, Result};

use super::S3Bucket;
use super::remote::change;
use crate::client::Aws;
use crate::errors::{Explain, Fault};

/// Whether old versions of objects are kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Versioning {
    /// Whether they are. Once switched on it can only be suspended: what is kept stays.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub enabled: Attr<bool>,
}

/// Whether the bucket keeps them.
pub(super) async fn look(aws: &Aws, name: &str) -> Result<Versioning, Fault> {
    let answer = aws.s3.get_bucket_versioning().bucket(name).send().await.fault()?;
    Ok(Versioning { enabled: (answer.status == Some(BucketVersioningStatus::Enabled)).into() })
}

/// What is to be set, where a plan wants it otherwise.
pub(super) fn wanted(seen: &S3Bucket, plan: &S3Bucket) -> Option<bool> {
    let enabled = |bucket: &S3Bucket| bucket.versioning.known().map(|versioning| versioning.enabled.is_true());
    enabled(plan).filter(|wanted| enabled(seen) != Some(*wanted))
}

/// Sets it.
pub(super) async fn put(cx: &Call<Aws>, name: &str, enabled: bool) -> Result<()> {
    let status = if enabled { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
    let configuration = VersioningConfiguration::builder().status(status).build();
    change(cx, "versioning", || async {
        let request = cx.client().s3.put_bucket_versioning().bucket(name);
        request.versioning_configuration(configuration.clone()).send().await.fault()
    })
    .await
}
