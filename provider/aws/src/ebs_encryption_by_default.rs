//! databricks_aws_ebs_encryption_by_default: whether new volumes of a region are encrypted, and with which key.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableEbsEncryptionByDefault.html>.
//!
//! The setting belongs to the account and the region, not to one deployment: several of them may have it, each in a state of
//! its own, and none can see the others. So a destroy lets go of it and leaves it as it is. Encryption that stays on harms
//! nobody; switched off, it would leave what the others make from then on unencrypted.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Call, Failed, ID, OPTIONAL, Removal, Resource, Result, Timeouts};

use super::client::Aws;
use super::errors::Explain;
use super::region;

/// Whether new EBS volumes of the provider's region are encrypted. It is a setting of the whole account and region, which several
/// deployments may rely on: a destroy leaves it as it is. To switch it off, apply `enabled = false`. The region's key is AWS's own
/// again after a destroy, if it still is the one of `kms_key_arn`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EbsEncryptionByDefault {
    /// The region.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Whether new volumes are encrypted.
    #[schemars(extend("x-tf" = OPTIONAL.default("true")))]
    pub enabled: Attr<bool>,
    /// ARN of the key that encrypts volumes for which no other key is named. Without it the region's key is left alone. A region has
    /// one: set it in one deployment.
    #[schemars(extend("x-tf" = OPTIONAL.untold()))]
    pub kms_key_arn: Attr<String>,
}

impl Resource for EbsEncryptionByDefault {
    const NAME: &'static str = "databricks_aws_ebs_encryption_by_default";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_ebs_encryption_by_default" "example" {
  enabled = true
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("enabled = true", "enabled = false"));
    const REMOVAL: Removal = Removal::Setting;
    const IMPORT_ID: Option<&'static str> = Some("eu-west-1");
    const TIMEOUTS: Timeouts = Timeouts::minutes(5);
    type Client = Aws;

    // The setting is always there: `ready` changes it.
    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        Ok(Self { id: cx.client().region.clone().into(), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let aws = cx.client();
        if is_enabled(aws).await? != state.enabled.is_true() {
            set_enabled(aws, state.enabled.is_true()).await?;
        }
        if let Some(key) = state.kms_key_arn.known()
            && default_key(aws).await?.as_ref() != Some(key)
        {
            let request = aws.ec2.modify_ebs_default_kms_key_id().kms_key_id(key);
            let answer = request.send().await.fault();
            answer.map_err(|fault| fault.accusing(ACCUSED))?;
        }
        Ok(state)
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        let aws = cx.client();
        if state.id.is_known() && state.id.text() != aws.region {
            return Err(tfplugin::Error::new(format!("the provider works in region {}", aws.region))
                .detail("The resource belongs to another region. Set that region in the provider's aws block."));
        }
        let enabled = is_enabled(aws).await?;
        let kms_key_arn = match state.kms_key_arn.known() {
            Some(key) => default_key(aws).await?.unwrap_or_else(|| key.clone()).into(),
            None => Attr::Null,
        };
        Ok(Some(Self { id: aws.region.clone().into(), enabled: enabled.into(), kms_key_arn }))
    }

    /// hashicorp/aws has an id without a meaning, `terraform-20261128…`: the region is that of the provider.
    fn adopt(state: Self) -> Self {
        let id = if region::check(state.id.text()).is_ok() { state.id.clone() } else { Attr::Null };
        Self { id, ..state }
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        if plan.kms_key_arn.is_null() {
            give_back_key(cx.client(), &state).await?;
        }
        // The rest is brought about by `ready`, which every update is followed by.
        Ok(plan)
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        // A key that is destroyed with its deployment would leave the region without volumes.
        give_back_key(cx.client(), &state).await
    }
}

const ACCUSED: &[(&str, &str)] = &[("InvalidParameterValue", "kms_key_arn"), ("InvalidKey", "kms_key_arn")];

async fn is_enabled(aws: &Aws) -> Result<bool> {
    let answer = aws.ec2.get_ebs_encryption_by_default().send().await;
    let answer = answer.fault()?;
    Ok(answer.ebs_encryption_by_default.unwrap_or_default())
}

async fn set_enabled(aws: &Aws, enabled: bool) -> Result<()> {
    if enabled {
        let answer = aws.ec2.enable_ebs_encryption_by_default().send().await;
        Ok(answer.fault().map(drop)?)
    } else {
        let answer = aws.ec2.disable_ebs_encryption_by_default().send().await;
        Ok(answer.fault().map(drop)?)
    }
}

/// The region's default key; `None` where the endpoint has no such question.
async fn default_key(aws: &Aws) -> Result<Option<String>> {
    // Without the SDK's retries, which would ask an endpoint that cannot answer again and again.
    match aws.ec2_once.get_ebs_default_kms_key_id().send().await {
        Ok(answer) => Ok(answer.kms_key_id),
        Err(error) if is_not_implemented(&error) => Ok(None),
        Err(_) => {
            let answer = aws.ec2.get_ebs_default_kms_key_id().send().await;
            Ok(answer.fault()?.kms_key_id)
        }
    }
}

/// The region's key is AWS's own again, unless it is another deployment's by now.
async fn give_back_key(aws: &Aws, state: &EbsEncryptionByDefault) -> Result<()> {
    let Some(key) = state.kms_key_arn.known() else { return Ok(()) };
    if default_key(aws).await?.is_some_and(|now| now != *key) {
        return Ok(());
    }
    reset_default_key(aws).await
}

async fn reset_default_key(aws: &Aws) -> Result<()> {
    match aws.ec2_once.reset_ebs_default_kms_key_id().send().await {
        Err(error) if !is_not_implemented(&error) => {
            let answer = aws.ec2.reset_ebs_default_kms_key_id().send().await;
            Ok(answer.fault().map(drop)?)
        }
        _ => Ok(()),
    }
}

/// Whether an endpoint has no such action. An emulator (moto 5) answers 500 or 501 with a page that has no error code; AWS's
/// own failures have one.
fn is_not_implemented<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: aws_sdk_ec2::error::ProvideErrorMetadata,
{
    let failed = error.raw_response().is_some_and(|answer| matches!(answer.status().as_u16(), 500 | 501));
    let code = error.as_service_error().and_then(|error| error.code());
    failed && code.is_none_or(|code| matches!(code, "NotImplemented" | "NotYetImplemented"))
}

#[cfg(test)]
mod tests;
