//! databricks_aws_s3_bucket: a bucket with its encryption, its locks against the public, its versions, its policy,
//! its logging and its rules for old objects.
//! API: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>.
//!
//! One resource, where S3 has nine settings: S3 refuses two changes of one bucket at a time (`OperationAborted`), and here
//! they come one after another. A setting that is left out is not managed: another tool may have it, hashicorp/aws's
//! `aws_s3_bucket_policy` for example. Only a new bucket is closed to the public without being told to.

use std::time::Duration;

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning,
    REQUIRED, Resource, Result, Set, Timeouts,
};

use super::client::Aws;
use super::create::{converged, retrying, to_change};
use super::errors::{Explain, Fault, Kind};
use super::policy;
use super::tag_limits;
use super::tags::{self, Tags};

mod contents;
mod encryption;
mod lifecycle;
mod logging;
mod ownership;
mod public_access;
mod remote;
pub(crate) mod tagging;
mod versioning;

pub use encryption::ServerSideEncryption;
pub use lifecycle::LifecycleRule;
pub use logging::Logging;
pub use public_access::PublicAccessBlock;
pub use versioning::Versioning;

/// A bucket. A new one is encrypted with S3's own keys, closed to the public, and keeps no old versions, unless a block says
/// otherwise. Settings that are left out are not managed after that: other tools may change them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct S3Bucket {
    /// Name of the bucket.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the bucket, unique in all of AWS.
    #[schemars(
        regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"),
        extend(
            "x-form" = "3 to 63 small letters, digits, hyphens and dots, a letter or digit at either end",
            "x-tf" = REQUIRED.replaces()
        )
    )]
    pub bucket: Attr<String>,
    /// Whether a destroy deletes what is in the bucket, all versions of it, beyond recovery. Without it the plan to destroy or
    /// replace a bucket that is not empty is refused. What counts is the applied value: set it, apply, and then destroy.
    #[schemars(extend("x-tf" = OPTIONAL.default("false").unsent()))]
    pub force_destroy: Attr<bool>,
    /// Who owns objects that other accounts write: `BucketOwnerEnforced` (the bucket's owner, and access lists are off; that
    /// is how a bucket is made), `BucketOwnerPreferred` or `ObjectWriter`.
    #[schemars(extend("enum" = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"], "x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub object_ownership: Attr<String>,
    /// Who may do what with the bucket, as JSON. Left out, the bucket's policy is left alone.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.json()))]
    pub policy: Attr<String>,
    /// How objects are encrypted. Left out, it is left alone.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub server_side_encryption: Attr<ServerSideEncryption>,
    /// What is refused to the public. A bucket that is made without this block is closed, and then left alone.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub public_access_block: Attr<PublicAccessBlock>,
    /// Whether old versions of objects are kept. Left out, it is left alone.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub versioning: Attr<Versioning>,
    /// Where S3 tells who asked for what in the bucket. Left out, it is left alone; `enabled = false` switches it off.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub logging: Attr<Logging>,
    /// What becomes of objects with time: a rule that deletes them or moves them to a cheaper storage class. Any other rule that is
    /// found in the bucket is removed. Without such a block, rules are left alone; `status = "Disabled"` switches one off.
    #[schemars(length(max = 1000), extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub lifecycle_rule: Attr<Set<LifecycleRule>>,
    /// Tags of the bucket.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the bucket with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the bucket.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// The bucket's name in the DNS.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub bucket_domain_name: Attr<String>,
    /// The bucket's name in the DNS, with the region.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub bucket_regional_domain_name: Attr<String>,
    /// The region.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub region: Attr<String>,
}

crate::tagged!(S3Bucket);

impl Resource for S3Bucket {
    const NAME: &'static str = "databricks_aws_s3_bucket";
    const EXAMPLE: &'static str = r#"locals {
  bucket = "acme-analytics-root"
}

resource "databricks_aws_s3_bucket" "example" {
  bucket        = local.bucket
  force_destroy = true
  policy        = provider::databricks::aws_bucket_policy(local.bucket, "0d26daa6-5e44-4c97-a497-ef015f91254a")

  server_side_encryption {
    sse_algorithm = "AES256"
  }

  public_access_block {
    block_public_acls       = true
    block_public_policy     = true
    ignore_public_acls      = true
    restrict_public_buckets = true
  }

  versioning {
    enabled = false
  }

  logging {
    target_bucket = databricks_aws_s3_bucket.logs.bucket
    target_prefix = "root/"
  }

  lifecycle_rule {
    id     = "old-versions"
    status = "Enabled"

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  lifecycle_rule {
    id     = "job-results"
    status = "Enabled"

    filter {
      prefix                   = "results/"
      object_size_greater_than = 1000000
    }

    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }

    expiration {
      days = 365
    }
  }

  tags = { Name = "analytics" }
}

resource "databricks_aws_s3_bucket" "logs" {
  bucket        = "acme-analytics-logs"
  force_destroy = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::acme-analytics-logs/*"
      Principal = { Service = "logging.s3.amazonaws.com" }
    }]
  })
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("enabled = false", "enabled = true"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("acme-analytics-root", "acme-analytics-storage"));
    const IMPORT_ID: Option<&'static str> = Some("acme-analytics-root");
    const NAMED: bool = true;
    const TIMEOUTS: Timeouts = Timeouts {
        create: Duration::from_secs(10 * 60),
        update: Duration::from_secs(10 * 60),
        // A full bucket takes its time.
        delete: Duration::from_secs(60 * 60),
    };
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems: Vec<Diagnostic> = policy::check("policy", &config.policy).into_iter().collect();
        problems.extend(encryption::check(config));
        problems.extend(logging::check(config));
        problems.extend(lifecycle::check(config));
        problems.extend(config.bucket.known().and_then(|name| name_problem(name)));
        problems.extend(tag_limits::check(&config.tags));
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        let (config, planned) = (planning.config, &mut *planning.planned);
        if planning.prior.is_none() {
            if config.object_ownership.is_null() {
                planned.object_ownership = ownership::DEFAULT.into();
            }
            if config.public_access_block.is_null() {
                planned.public_access_block = Attr::Known(public_access::all(true));
            }
        }
        // Where there is none of these there is none to be found out.
        if config.policy.is_null() && planning.prior.is_none_or(|prior| prior.policy.is_null()) {
            planned.policy = Attr::Null;
        }
        if config.logging.is_null() && planning.prior.is_none_or(|prior| prior.logging.is_null()) {
            planned.logging = Attr::Null;
        }
        let rules = |bucket: &Self| remote::is_none(&bucket.lifecycle_rule);
        if rules(config) && planning.prior.is_none_or(rules) {
            planned.lifecycle_rule = Attr::Null;
        }
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let name = plan.bucket.text();
        let made = Self { id: name.into(), ..plan.clone() };
        match create(cx, &plan).await {
            Ok(()) => Ok(made),
            Err(fault) if fault.is(&["BucketAlreadyOwnedByYou"]) => {
                let words = format!("The bucket {name:?} is yours already, and no state of this configuration has it.");
                // The request was repeated after an answer that was lost: the mark tells.
                match tagging::is_of_create(cx.client(), name, cx.marker()).await? {
                    Some(true) => Ok(made),
                    Some(false) => Err(fault.explained(words).at("bucket").exists(name).into()),
                    None => Err(Fault { kind: Kind::Uncertain, ..fault }.at("bucket").into()),
                }
            }
            Err(fault) if fault.is(&["BucketAlreadyExists"]) => {
                let words = "Somebody else has a bucket of this name; names are unique in all of AWS. Choose another.";
                Err(fault.explained(words).at("bucket").into())
            }
            Err(fault) => Err(fault.accusing(ACCUSED).into()),
        }
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let what = format!("bucket {}", state.id.text());
        let wanted = tags::wanted(cx.client(), &state.tags);
        let new = (!state.arn.is_known()).then(|| remote::as_made(&state, &wanted));
        let (plan, wanted) = (&state, &wanted);
        let seen = converged(
            cx,
            &what,
            new,
            || remote::look(cx.client(), plan),
            |seen| remote::differs(seen, plan, wanted),
            |seen| async move { remote::converge(cx, &seen, plan, wanted).await },
        )
        .await?;
        Ok(remote::as_planned(plan, seen))
    }

    async fn find(cx: &Call<Aws>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let name = plan.bucket.text();
        if tagging::is_of_create(cx.client(), name, marker).await? != Some(true) {
            return Ok(None);
        }
        remote::look(cx.client(), &Self { id: name.into(), ..plan.clone() }).await
    }

    async fn marked(cx: &Call<Aws>, plan: &Self) -> Result<Vec<Marked>> {
        Ok(tagging::marked(cx.client(), plan.bucket.text()).await?.into_iter().collect())
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        remote::look(cx.client(), &state).await
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        let object_ownership = to_change(&state.object_ownership, plan.object_ownership);
        let plan = Self { object_ownership, ..plan };
        remote::converge(cx, &state, &plan, &tags::wanted(cx.client(), &plan.tags)).await?;
        Ok(Self { id: state.id, ..plan })
    }

    async fn check_removal(cx: &Call<Aws>, state: &Self) -> Result<()> {
        contents::check_removal(cx, state).await
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        contents::delete_bucket(cx, &state).await
    }
}

const ACCUSED: &[(&str, &str)] = &[("InvalidBucketName", "bucket"), ("InvalidTag", "tags")];

/// What is wrong with a bucket's name beyond its letters.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn name_problem(name: &str) -> Option<Diagnostic> {
    let kept = ["xn--", "sthree-", "amzn-s3-demo-"].into_iter().find(|start| name.starts_with(start));
    let kept = kept.or_else(|| {
        ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].into_iter().find(|end| name.ends_with(end))
    });
    let reason = if let Some(kept) = kept {
        format!("S3 keeps names with {kept} for itself.")
    } else if name.contains("..") {
        "Two dots stand in a row.".to_owned()
    } else if name.parse::<std::net::Ipv4Addr>().is_ok() {
        "It reads like an IP address.".to_owned()
    } else {
        return None;
    };
    Some(
        Error::new(format!("{name:?} is no bucket name"))
            .detail(format!("{reason} Choose another."))
            .at("bucket")
            .into(),
    )
}

/// S3 refuses two changes of one bucket at a time, and a name for a while after its bucket was deleted.
fn is_busy(fault: &Fault) -> bool {
    fault.is(&["OperationAborted", "ConflictException"])
}

async fn create(cx: &Call<Aws>, plan: &S3Bucket) -> Result<(), Fault> {
    let aws = cx.client();
    let name = plan.bucket.text();
    // In us-east-1 S3 answers "created" for a bucket that its owner has already.
    if aws.region == FIRST_REGION && aws.s3.head_bucket().bucket(name).send().await.is_ok() {
        return Err(Fault::refused("BucketAlreadyOwnedByYou", format!("There is a bucket {name} already.")));
    }
    let tags: Vec<Tag> = tagging::tag_list(&tags::marked(cx, &plan.tags))?;
    let place = (aws.region != FIRST_REGION).then(|| BucketLocationConstraint::from(aws.region.as_str()));
    let configuration =
        CreateBucketConfiguration::builder().set_location_constraint(place).set_tags(Some(tags)).build();
    let request = || async {
        let request = aws.s3.create_bucket().bucket(name).create_bucket_configuration(configuration.clone());
        let ownership = ObjectOwnership::from(plan.object_ownership.text());
        request.object_ownership(ownership).send().await.fault().map(drop)
    };
    retrying(cx, Duration::from_secs(300), request, is_busy).await
}

/// The region that has no location constraint.
const FIRST_REGION: &str = "us-east-1";

#[cfg(test)]
mod tests;
