//! How a bucket encrypts its objects. API: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html>.

use aws_sdk_s3::types::{
    ServerSideEncryption as Algorithm, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule,
};
use aws_smithy_types::error::operation::BuildError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, Diagnostic, Error, OPTIONAL, Result};

use super::S3Bucket;
use super::remote::{change, unless};
use crate::client::Aws;
use crate::errors::{Explain, Fault};

/// How objects are encrypted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerSideEncryption {
    /// `AES256` (S3's own keys), `aws:kms` or `aws:kms:dsse` (twice).
    #[schemars(extend("enum" = ["AES256", "aws:kms", "aws:kms:dsse"], "x-tf" = OPTIONAL.default("\"AES256\"")))]
    pub sse_algorithm: Attr<String>,
    /// ARN of the KMS key. Without it, `aws:kms` uses the account's own key for S3.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub kms_key_arn: Attr<String>,
    /// Whether one data key serves many objects, which makes requests to KMS fewer.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub bucket_key_enabled: Attr<bool>,
}

/// A key beside an algorithm that uses none.
pub(super) fn check(config: &S3Bucket) -> Option<Diagnostic> {
    let encryption = config.server_side_encryption.known()?;
    let is_own = matches!(encryption.sse_algorithm.known().map(String::as_str), None | Some("AES256"));
    if !encryption.kms_key_arn.is_known() || encryption.sse_algorithm.is_unknown() || !is_own {
        return None;
    }
    let error = Error::new("kms_key_arn names a key, but sse_algorithm is AES256")
        .detail("S3's own keys are used with AES256. Set sse_algorithm = \"aws:kms\", or remove kms_key_arn.");
    Some(error.at("server_side_encryption.kms_key_arn").into())
}

/// What AWS gives a new bucket.
pub(super) fn of_a_new_bucket() -> ServerSideEncryption {
    ServerSideEncryption { sse_algorithm: "AES256".into(), kms_key_arn: Attr::Null, bucket_key_enabled: false.into() }
}

/// How the bucket encrypts.
pub(super) async fn look(aws: &Aws, name: &str) -> Result<ServerSideEncryption, Fault> {
    let answer = aws.s3.get_bucket_encryption().bucket(name).send().await.fault();
    let answer = unless(answer, "ServerSideEncryptionConfigurationNotFoundError")?;
    let rules = answer.and_then(|answer| answer.server_side_encryption_configuration);
    let rule = rules.and_then(|rules| rules.rules.into_iter().next());
    Ok(rule.map_or_else(of_a_new_bucket, seen))
}

fn seen(rule: ServerSideEncryptionRule) -> ServerSideEncryption {
    let bucket_key = rule.bucket_key_enabled.unwrap_or_default();
    let default = rule.apply_server_side_encryption_by_default;
    ServerSideEncryption {
        sse_algorithm: default.as_ref().map_or("AES256", |default| default.sse_algorithm.as_str()).into(),
        kms_key_arn: default.and_then(|default| default.kms_master_key_id).filter(|key| !key.is_empty()).into(),
        bucket_key_enabled: bucket_key.into(),
    }
}

/// What is to be set, where a plan wants it otherwise.
pub(super) fn wanted<'a>(seen: &S3Bucket, plan: &'a S3Bucket) -> Option<&'a ServerSideEncryption> {
    let seen = seen.server_side_encryption.known();
    plan.server_side_encryption.known().filter(|wanted| seen.is_none_or(|seen| differs(seen, wanted)))
}

/// S3 names the account's own key where none was named.
fn differs(seen: &ServerSideEncryption, plan: &ServerSideEncryption) -> bool {
    let key = plan.kms_key_arn.is_known() && seen.kms_key_arn != plan.kms_key_arn;
    let lost_key = plan.kms_key_arn.is_null() && seen.kms_key_arn.is_known();
    seen.sse_algorithm != plan.sse_algorithm
        || seen.bucket_key_enabled.is_true() != plan.bucket_key_enabled.is_true()
        || key
        || lost_key
}

/// Sets it.
pub(super) async fn put(cx: &Call<Aws>, name: &str, wanted: &ServerSideEncryption) -> Result<()> {
    let configuration = configuration(wanted).map_err(Fault::ours)?;
    change(cx, "server_side_encryption", || async {
        let request = cx.client().s3.put_bucket_encryption().bucket(name);
        request.server_side_encryption_configuration(configuration.clone()).send().await.fault()
    })
    .await
}

fn configuration(wanted: &ServerSideEncryption) -> Result<ServerSideEncryptionConfiguration, BuildError> {
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
