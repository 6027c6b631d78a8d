//! databricks_external_location. API: <https://docs.databricks.com/api/workspace/externallocations>

use tfplugin::{Call, Result};

use super::binding::bind;
use super::file_event_queue::{EffectiveFileEventQueue, FileEventQueue};
use crate::rest::prelude::*;

/// A place in storage that Unity Catalog reads and writes with a storage credential: below it external tables and volumes may stand.
///
/// One that is isolated is bound to the workspace that it is made in, without which it could not be read again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ExternalLocation {
    /// Name of the location, in lower case.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Name of the location.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces().ignores_case()))]
    pub name: Attr<String>,
    /// Address of the place: `s3://bucket/folder`.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.ignores_final_slash()))]
    pub url: Attr<String>,
    /// Storage credential that it is reached with.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.ignores_case()))]
    pub credential_name: Attr<String>,
    /// Words about the location.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub comment: Attr<String>,
    /// User, group or service principal that owns the location: its creator, where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub owner: Attr<String>,
    /// Whether nothing is written there.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub read_only: Attr<bool>,
    /// Whether those who have no rights here fall back to the credential of their cluster.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub fallback: Attr<bool>,
    /// How what is written there is encrypted, where that is not the bucket's default.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub encryption_details: Attr<EncryptionDetails>,
    /// Which workspaces may use it: `ISOLATION_MODE_OPEN` is all of the metastore, `ISOLATION_MODE_ISOLATED` those that it is bound to.
    #[schemars(extend(
        "enum" = ["ISOLATION_MODE_OPEN", "ISOLATION_MODE_ISOLATED"],
        "x-tf" = OPTIONAL_COMPUTED.keeps_state()
    ))]
    pub isolation_mode: Attr<String>,
    /// Whether the service hears of new files by a queue.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub enable_file_events: Attr<bool>,
    /// The queue.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub file_event_queue: Attr<FileEventQueue>,
    /// Whether the service does not try the place before it takes it.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub skip_validation: Attr<bool>,
    /// Whether a change is made though tables and volumes stand there.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_update: Attr<bool>,
    /// Whether a destroy is made though tables and volumes stand there.
    #[schemars(extend("x-tf" = OPTIONAL.unsent()))]
    pub force_destroy: Attr<bool>,
    /// Metastore of the location. The service alone says it: the workspace's.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub metastore_id: Attr<String>,
    /// The queue that is in effect.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub effective_file_event_queue: Attr<EffectiveFileEventQueue>,
    /// Whether the service hears of new files by a queue, as it is in effect.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub effective_enable_file_events: Attr<bool>,
    /// Whether only the metadata can be seen.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub browse_only: Attr<bool>,
    /// Id of the storage credential.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub credential_id: Attr<String>,
    /// When it was made, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub created_at: Attr<i64>,
    /// Who made it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub created_by: Attr<String>,
    /// When it was last changed, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub updated_at: Attr<i64>,
    /// Who changed it last.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub updated_by: Attr<String>,
    /// The workspace through which the location is reached.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().unsent().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// How what is written is encrypted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EncryptionDetails {
    /// Encryption by S3.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub sse_encryption_details: Attr<SseEncryptionDetails>,
}

/// Encryption by S3.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SseEncryptionDetails {
    /// `AWS_SSE_KMS` with a key of KMS, or `AWS_SSE_S3` with S3's own.
    #[schemars(extend("enum" = ["AWS_SSE_KMS", "AWS_SSE_S3"], "x-tf" = OPTIONAL))]
    pub algorithm: Attr<String>,
    /// ARN of the key of KMS.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub aws_kms_key_arn: Attr<String>,
}

/// What is wrong with how a location is to be encrypted: the key is named for the algorithm that has one, and for no other.
fn key(details: &EncryptionDetails) -> Option<Diagnostic> {
    let details = details.sse_encryption_details.known()?;
    let (algorithm, key) = (details.algorithm.known()?, details.aws_kms_key_arn.is_set()?);
    let (said, detail) = match (algorithm.as_str(), key) {
        ("AWS_SSE_KMS", false) => ("AWS_SSE_KMS needs a key", "Set aws_kms_key_arn."),
        ("AWS_SSE_S3", true) => {
            ("AWS_SSE_S3 has no key of KMS", "Leave aws_kms_key_arn out, or set algorithm to AWS_SSE_KMS.")
        }
        _ => return None,
    };
    Some(Error::new(said).detail(detail).at("encryption_details").into())
}

impl Rest for ExternalLocation {
    const NAME: &'static str = "databricks_external_location";
    const NOUN: &'static str = "external location";
    const EXAMPLE: &'static str = r#"resource "databricks_storage_credential" "example" {
  name = "example-location"

  aws_iam_role {
    role_arn = "arn:aws:iam::123456789012:role/data"
  }
}

resource "databricks_external_location" "example" {
  name            = "example-location"
  url             = "s3://example-location/tables"
  credential_name = databricks_storage_credential.example.name
  comment         = "An example"

  encryption_details {
    sse_encryption_details {
      algorithm       = "AWS_SSE_KMS"
      aws_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
    }
  }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("An example", "Another one"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("\"example-location\"\n  url ", "\"other-location\"\n  url "));
    const API: Api = Api::collection("/api/2.1/unity-catalog/external-locations", "name")
        .patch()
        .later(&["owner", "isolation_mode"])
        .unsent(&["metastore_id", "effective_file_event_queue"])
        .create_flags(&["skip_validation"])
        .update_flags(&[("skip_validation", "skip_validation"), ("force_update", "force")])
        .forced_by("force_destroy")
        .created("created_at");
    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems: Vec<Diagnostic> = config.encryption_details.known().and_then(key).into_iter().collect();
        if let Some(queue) = config.file_event_queue.known()
            && tfplugin::one_of(queue.kinds()).is_err()
        {
            let error = Error::new("The queue of file events is of one kind");
            problems.push(error.detail("On AWS, name managed_sqs or provided_sqs.").at("file_event_queue").into());
        }
        problems
    }

    /// Who isolates a location goes on seeing it.
    async fn ready(cx: &Call<AnyWorkspace>, location: Self) -> Result<Self> {
        if location.isolation_mode.text() == "ISOLATION_MODE_ISOLATED" {
            bind(cx.client(), &location.provider_config, "external_location", location.id.text()).await?;
        }
        Ok(location)
    }
}
