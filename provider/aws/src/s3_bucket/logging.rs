//! Where S3 tells who asked for what in a bucket. API:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html>.

use aws_sdk_s3::types::{BucketLoggingStatus, LoggingEnabled};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, Diagnostic, Error, OPTIONAL, Result};

use super::S3Bucket;
use super::remote::repeated;
use crate::client::Aws;
use crate::errors::{Explain, Fault};

/// Where S3 tells who asked for what in the bucket.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Logging {
    /// Whether it does. `false` switches it off, whatever else the block says.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub enabled: Attr<bool>,
    /// Name of the bucket that the logs are written to, of the same account and region. Its policy must let
    /// `logging.s3.amazonaws.com` do `s3:PutObject`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub target_bucket: Attr<String>,
    /// What the names of the logs begin with: `root/`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub target_prefix: Attr<String>,
}

impl Logging {
    fn is_on(&self) -> bool {
        self.enabled != Attr::Known(false)
    }
}

/// Logs that lead nowhere.
pub(super) fn check(config: &S3Bucket) -> Option<Diagnostic> {
    let logging = config.logging.known()?;
    if !logging.target_bucket.is_null() || !logging.is_on() || logging.enabled.is_unknown() {
        return None;
    }
    let error = Error::new("logging has no target_bucket")
        .detail("Name the bucket that the logs are written to, or set enabled = false.");
    Some(error.at("logging").into())
}

/// The bucket's logging. Of a bucket without, it is as it was switched off, or nothing where nobody managed it.
pub(super) async fn look(aws: &Aws, name: &str, prior: &Attr<Logging>) -> Result<Attr<Logging>, Fault> {
    let answer = aws.s3.get_bucket_logging().bucket(name).send().await.fault()?;
    Ok(match (answer.logging_enabled, prior) {
        (Some(seen), _) => Attr::Known(Logging {
            enabled: true.into(),
            target_bucket: seen.target_bucket.into(),
            target_prefix: Some(seen.target_prefix).filter(|prefix| !prefix.is_empty()).into(),
        }),
        (None, Attr::Known(prior)) if !prior.is_on() => Attr::Known(prior.clone()),
        (None, Attr::Known(_)) => Attr::Known(Logging { enabled: false.into(), ..Logging::default() }),
        (None, _) => Attr::Null,
    })
}

/// What is to be set, where a plan wants it otherwise.
pub(super) fn wanted<'a>(seen: &S3Bucket, plan: &'a S3Bucket) -> Option<&'a Logging> {
    let seen = seen.logging.known().filter(|seen| seen.is_on());
    let is_so = |wanted: &Logging| match seen {
        Some(seen) if wanted.is_on() => {
            seen.target_bucket == wanted.target_bucket && seen.target_prefix.text() == wanted.target_prefix.text()
        }
        Some(_) => false,
        None => !wanted.is_on(),
    };
    plan.logging.known().filter(|wanted| !is_so(wanted))
}

/// Sets it, with what the bucket has of it beyond the block.
pub(super) async fn put(cx: &Call<Aws>, name: &str, wanted: &Logging) -> Result<()> {
    let s3 = &cx.client().s3;
    let mut status = BucketLoggingStatus::builder();
    if wanted.is_on() {
        let kept = s3.get_bucket_logging().bucket(name).send().await.fault()?.logging_enabled;
        let enabled = LoggingEnabled::builder()
            .target_bucket(wanted.target_bucket.text())
            .target_prefix(wanted.target_prefix.text())
            .set_target_grants(kept.as_ref().and_then(|kept| kept.target_grants.clone()))
            .set_target_object_key_format(kept.and_then(|kept| kept.target_object_key_format));
        status = status.logging_enabled(enabled.build().map_err(Fault::ours)?);
    }
    let status = status.build();
    let put = repeated(cx, || async {
        s3.put_bucket_logging().bucket(name).bucket_logging_status(status.clone()).send().await.fault()
    });
    put.await.map_err(|fault| {
        if !fault.is(&["InvalidTargetBucketForLogging"]) {
            return fault.at("logging");
        }
        let target = wanted.target_bucket.text();
        let words = format!(
            "The bucket {target} must exist, in this account and region, and its policy must let the service \
             logging.s3.amazonaws.com do s3:PutObject in it."
        );
        fault.explained(words).at("logging")
    })
}
