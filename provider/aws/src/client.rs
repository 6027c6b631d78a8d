//! The AWS clients of a configured provider: region, credentials, endpoints, retries, and who we are.
//!
//! Credentials come from the SDK's own chain: environment, profile, web identity, container, instance; and from
//! `assume_role` of the provider's `aws` block on top. `AWS_ENDPOINT_URL` and its siblings are honoured by the SDK.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use tfplugin::{Attr, Error, Marker, Result};
use tokio::sync::OnceCell;

use crate::config::{AwsBlock, Endpoints};
use crate::errors::Explain;
use crate::marks::{self, Marks};
use crate::region;
use crate::tables::Tables;
use crate::tags::Tags;

/// The AWS side of a configured provider: its `aws` block, and the clients that are made of it when the first resource asks.
#[derive(Debug)]
pub struct AwsContext {
    block: Attr<AwsBlock>,
    clients: OnceCell<Arc<Aws>>,
}

impl AwsContext {
    /// The context of an `aws` block.
    pub fn new(block: Attr<AwsBlock>) -> Self {
        Self { block, clients: OnceCell::new() }
    }
}

/// The AWS side of a configured provider.
#[derive(Debug)]
pub struct Aws {
    /// EC2, with retries.
    pub ec2: aws_sdk_ec2::Client,
    /// EC2 without retries: for creates that have no client token (see [`super::create::once`]).
    pub ec2_once: aws_sdk_ec2::Client,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// KMS, with retries.
    pub kms: aws_sdk_kms::Client,
    /// KMS without retries, for its creates.
    pub kms_once: aws_sdk_kms::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// The region.
    pub region: String,
    /// Tags that every object gets.
    pub default_tags: BTreeMap<String, String>,
    /// Route tables that were seen a moment ago.
    pub(crate) tables: Tables,
    /// The marks of creates.
    pub(crate) marks: Arc<Marks>,
    identity: OnceCell<Identity>,
}

/// Whose credentials these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The twelve digits of the AWS account.
    pub account_id: String,
    /// ARN of the user or role.
    pub arn: String,
    /// The principal's unique id.
    pub user_id: String,
}

impl<C: AsRef<AwsContext> + Send + Sync> tfplugin::Client<C> for Aws {
    const LEVEL: &'static str = "aws";

    async fn connect(context: &C) -> Result<Arc<Self>> {
        let context = context.as_ref();
        context
            .clients
            .get_or_try_init(|| async { Self::from_block(&context.block).await.map(Arc::new) })
            .await
            .cloned()
    }

    fn unknown(context: &C) -> Vec<&'static str> {
        unknown(&context.as_ref().block)
    }

    fn stored(&self, marker: &Marker) {
        marks::stored(self, marker);
    }
}

impl Aws {
    /// Clients by the provider's `aws` block, and by the environment where the block says nothing.
    ///
    /// # Errors
    /// A value that is not known yet; a region that is missing or does not exist; a default tag without a value.
    pub async fn from_block(block: &Attr<AwsBlock>) -> Result<Self> {
        let block = match block {
            Attr::Unknown => return Err(not_known_yet("aws")),
            Attr::Null => &AwsBlock::default(),
            Attr::Known(block) => block,
        };
        let profile = known(&block.profile, "aws.profile")?;
        let region = region_of(block, profile).await?;
        let attempts = known(&block.max_retries, "aws.max_retries")?
            .map_or(ATTEMPTS, |retries| u32::try_from(*retries).unwrap_or_default().saturating_add(1));
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .retry_config(RetryConfig::standard().with_max_attempts(attempts).with_initial_backoff(FIRST_BACKOFF))
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ANSWER).build(),
            );
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        let config = assume_role(loader.load().await, block).await?;
        let default_tags = default_tags(&block.default_tags)?;
        let endpoints = match &block.endpoints {
            Attr::Unknown => return Err(not_known_yet("aws.endpoints")),
            Attr::Null => &Endpoints::default(),
            Attr::Known(endpoints) => endpoints,
        };
        let path_style = known(&block.s3_use_path_style, "aws.s3_use_path_style")?.copied();
        Self::from_config(&config, endpoints, path_style, default_tags)
    }

    pub(crate) fn from_config(
        config: &SdkConfig,
        endpoints: &Endpoints,
        path_style: Option<bool>,
        default_tags: BTreeMap<String, String>,
    ) -> Result<Self> {
        let mut ec2 = aws_sdk_ec2::config::Builder::from(config);
        ec2.set_endpoint_url(endpoint(&endpoints.ec2, "ec2", config)?);
        let mut iam = aws_sdk_iam::config::Builder::from(config);
        iam.set_endpoint_url(endpoint(&endpoints.iam, "iam", config)?);
        let mut kms = aws_sdk_kms::config::Builder::from(config);
        kms.set_endpoint_url(endpoint(&endpoints.kms, "kms", config)?);
        let mut sts = aws_sdk_sts::config::Builder::from(config);
        sts.set_endpoint_url(endpoint(&endpoints.sts, "sts", config)?);
        let mut s3 = aws_sdk_s3::config::Builder::from(config);
        let s3_endpoint = endpoint(&endpoints.s3, "s3", config)?;
        // A bucket has no name of its own in the DNS of an emulator.
        let local = s3_endpoint.as_deref().is_some_and(is_loopback);
        s3.set_force_path_style(Some(path_style.unwrap_or(local)));
        s3.set_endpoint_url(s3_endpoint);
        Ok(Self {
            ec2_once: aws_sdk_ec2::Client::from_conf(ec2.clone().retry_config(RetryConfig::disabled()).build()),
            ec2: aws_sdk_ec2::Client::from_conf(ec2.build()),
            iam: aws_sdk_iam::Client::from_conf(iam.build()),
            kms_once: aws_sdk_kms::Client::from_conf(kms.clone().retry_config(RetryConfig::disabled()).build()),
            kms: aws_sdk_kms::Client::from_conf(kms.build()),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            sts: aws_sdk_sts::Client::from_conf(sts.build()),
            region: config.region().map(ToString::to_string).unwrap_or_default(),
            default_tags,
            tables: Tables::default(),
            marks: Arc::default(),
            identity: OnceCell::new(),
        })
    }

    /// Whose credentials these are: asked once.
    ///
    /// # Errors
    /// STS did not answer, or not with an account.
    pub async fn identity(&self) -> Result<&Identity> {
        let ask = || async {
            let answer = self.sts.get_caller_identity().send().await.fault()?;
            Ok(Identity {
                account_id: answer.account.unwrap_or_default(),
                arn: answer.arn.unwrap_or_default(),
                user_id: answer.user_id.unwrap_or_default(),
            })
        };
        self.identity.get_or_try_init(ask).await
    }

    /// The partition of the region: `aws`, `aws-us-gov` or `aws-cn`.
    pub fn partition(&self) -> &'static str {
        region::partition(&self.region)
    }

    /// The ARN of an EC2 object: `ec2_arn("123456789012", "vpc", "vpc-1")`.
    pub fn ec2_arn(&self, owner: &str, kind: &str, id: &str) -> String {
        format!("arn:{}:ec2:{}:{owner}:{kind}/{id}", self.partition(), self.region)
    }
}

/// The attributes of the block that are known only after an apply.
fn unknown(block: &Attr<AwsBlock>) -> Vec<&'static str> {
    let block = match block {
        Attr::Unknown => return vec!["aws"],
        Attr::Null => return Vec::new(),
        Attr::Known(block) => block,
    };
    [
        ("aws.region", block.region.is_unknown()),
        ("aws.profile", block.profile.is_unknown()),
        ("aws.max_retries", block.max_retries.is_unknown()),
        ("aws.skip_region_validation", block.skip_region_validation.is_unknown()),
        ("aws.s3_use_path_style", block.s3_use_path_style.is_unknown()),
        ("aws.default_tags", block.default_tags.is_unknown()),
        ("aws.assume_role", block.assume_role.is_unknown()),
        ("aws.endpoints", block.endpoints.is_unknown()),
    ]
    .into_iter()
    .filter_map(|(name, is_unknown)| is_unknown.then_some(name))
    .collect()
}

/// Requests at most, where `max_retries` says nothing.
const ATTEMPTS: u32 = 8;
const FIRST_BACKOFF: Duration = Duration::from_millis(300);
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(60);

async fn region_of(block: &AwsBlock, profile: Option<&String>) -> Result<String> {
    let name = match known(&block.region, "aws.region")? {
        Some(region) => Some(region.clone()),
        None => region_of_environment(profile).await,
    };
    let Some(name) = name else {
        return Err(Error::new("No AWS region is set")
            .detail("Set region in the provider's aws block, or AWS_REGION, or a region in the AWS profile.")
            .at("aws.region"));
    };
    if !known(&block.skip_region_validation, "aws.skip_region_validation")?.copied().unwrap_or_default() {
        region::check(&name).map_err(|error| error.at("aws.region"))?;
    }
    Ok(name)
}

// The SDK's default chain would go on to the instance metadata service and wait seconds for it where there is none.
async fn region_of_environment(profile: Option<&String>) -> Option<String> {
    use aws_config::environment::EnvironmentVariableRegionProvider;
    use aws_config::meta::region::ProvideRegion;
    let by_environment = match profile {
        // A profile that the configuration names goes before the environment's region.
        Some(_) => None,
        None => EnvironmentVariableRegionProvider::new().region().await,
    };
    let mut by_profile = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        by_profile = by_profile.profile_name(profile);
    }
    let region = match by_environment {
        Some(region) => Some(region),
        None => match by_profile.build().region().await {
            Some(region) => Some(region),
            None => EnvironmentVariableRegionProvider::new().region().await,
        },
    };
    region.map(|region| region.to_string())
}

async fn assume_role(config: SdkConfig, block: &AwsBlock) -> Result<SdkConfig> {
    let role = match &block.assume_role {
        Attr::Unknown => return Err(not_known_yet("aws.assume_role")),
        Attr::Null => return Ok(config),
        Attr::Known(role) => role,
    };
    let Some(arn) = known(&role.role_arn, "aws.assume_role.role_arn")? else { return Ok(config) };
    let session = known(&role.session_name, "aws.assume_role.session_name")?.map_or("terraform", String::as_str);
    let mut provider = AssumeRoleProvider::builder(arn).session_name(session).configure(&config);
    if let Some(id) = known(&role.external_id, "aws.assume_role.external_id")? {
        provider = provider.external_id(id);
    }
    let provider = provider.build().await;
    let provider = aws_credential_types::provider::SharedCredentialsProvider::new(provider);
    Ok(config.into_builder().credentials_provider(provider).build())
}

fn default_tags(tags: &Attr<Tags>) -> Result<BTreeMap<String, String>> {
    let mut plain = BTreeMap::new();
    for (key, value) in known(tags, "aws.default_tags")?.into_iter().flatten() {
        match value {
            Attr::Known(value) => plain.insert(key.clone(), value.clone()),
            Attr::Null => None,
            Attr::Unknown => return Err(not_known_yet("aws.default_tags")),
        };
    }
    Ok(plain)
}

/// The configured endpoint, or the SDK's own choice.
fn endpoint(attribute: &Attr<String>, name: &str, config: &SdkConfig) -> Result<Option<String>> {
    let configured = known(attribute, &format!("aws.endpoints.{name}"))?.cloned();
    Ok(configured.or_else(|| config.endpoint_url().map(str::to_owned)))
}

fn is_loopback(address: &str) -> bool {
    let host = url::Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || host.starts_with("127.")
}

fn known<'a, T>(attribute: &'a Attr<T>, name: &str) -> Result<Option<&'a T>> {
    if attribute.is_unknown() { Err(not_known_yet(name)) } else { Ok(attribute.known()) }
}

fn not_known_yet(name: &str) -> Error {
    Error::new(format!("{name} of the provider is not known yet"))
        .detail(
            "It depends on something that is still to be created, and AWS is needed now. Give it a value that is known while \
             planning, or create the other thing first with -target.",
        )
        .at(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(region: &str) -> Attr<AwsBlock> {
        Attr::Known(AwsBlock { region: region.into(), ..AwsBlock::default() })
    }

    #[tokio::test]
    async fn a_region_that_does_not_exist_is_refused_at_its_attribute() {
        let error = Aws::from_block(&block("us-est-1")).await.unwrap_err();
        assert_eq!(error.diagnostic().path, Some("aws.region".into()));
        assert!(error.to_string().contains("us-east-1"), "{error}");
        assert_eq!(Aws::from_block(&block("us-east-1")).await.unwrap().region, "us-east-1");
    }

    #[tokio::test]
    async fn an_unknown_region_is_no_default_region() {
        let unknown = Attr::Known(AwsBlock { region: Attr::Unknown, ..AwsBlock::default() });
        let error = Aws::from_block(&unknown).await.unwrap_err();
        assert!(error.to_string().contains("aws.region of the provider is not known yet"), "{error}");
    }

    #[test]
    fn an_emulator_is_recognised_by_its_address() {
        for address in ["http://127.0.0.1:5000", "http://aws.localhost:1", "http://localhost", "http://[::1]:5"] {
            assert!(is_loopback(address), "{address}");
        }
        assert!(!is_loopback("https://s3.eu-west-1.amazonaws.com"));
    }
}
