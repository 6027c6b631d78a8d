//! databricks_mws_vpc_endpoint: a VPC endpoint of PrivateLink that Databricks knows.
//! API: <https://docs.databricks.com/api/account/vpcendpoints>

use std::time::Duration;

use tfplugin::{Call, Probe, Resource, Result, Timeouts};

use crate::rest::Of;
use crate::rest::prelude::*;

/// A VPC endpoint of Google Cloud.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GcpVpcEndpointInfo {
    /// Project of the endpoint.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub project_id: Attr<String>,
    /// Name of the endpoint.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub psc_endpoint_name: Attr<String>,
    /// Region of the endpoint.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub endpoint_region: Attr<String>,
    /// Id of the connection.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub psc_connection_id: Attr<String>,
    /// Service attachment that it connects to.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub service_attachment_id: Attr<String>,
}

/// A registered VPC endpoint: the way of PrivateLink from clusters, or from people's networks, to Databricks.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct MwsVpcEndpoint {
    /// `account_id/vpc_endpoint_id`.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Databricks account. The provider's own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub account_id: Attr<String>,
    /// Name of the registration, as the account console shows it.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub vpc_endpoint_name: Attr<String>,
    /// The endpoint in AWS.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub aws_vpc_endpoint_id: Attr<String>,
    /// Region of the endpoint in AWS.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub region: Attr<String>,
    /// The endpoint, on Google Cloud.
    #[schemars(extend("x-tf" = OPTIONAL.replaces().block()))]
    pub gcp_vpc_endpoint_info: Attr<GcpVpcEndpointInfo>,
    /// AWS account of the endpoint.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state()))]
    pub aws_account_id: Attr<String>,
    /// Endpoint service that it connects to.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub aws_endpoint_service_id: Attr<String>,
    /// Id of the registration.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub vpc_endpoint_id: Attr<String>,
    /// State of the endpoint in AWS: `available`, or `pendingAcceptance` at first.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub state: Attr<String>,
    /// What it is for: `WORKSPACE_ACCESS` or `DATAPLANE_RELAY_ACCESS`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub use_case: Attr<String>,
}

impl Rest for MwsVpcEndpoint {
    const NAME: &'static str = "databricks_mws_vpc_endpoint";
    const NOUN: &'static str = "VPC endpoint registration";
    const EXAMPLE: &'static str = r#"resource "databricks_mws_vpc_endpoint" "example" {
  vpc_endpoint_name   = "example"
  aws_vpc_endpoint_id = "vpce-0123456789abcdef0"
  region              = "eu-west-1"
}
"#;
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("vpce-0123456789abcdef0", "vpce-0123456789abcdef1"));
    const API: Api = Api::collection("/vpc-endpoints", "account_id/vpc_endpoint_id");
    const TIMEOUTS: Timeouts = Timeouts::minutes(15);

    type Client = Account;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let Some(on_gcp) = config.gcp_vpc_endpoint_info.is_set() else { return Vec::new() };
        let aws = [("aws_vpc_endpoint_id", &config.aws_vpc_endpoint_id), ("region", &config.region)];
        let wrong = aws.into_iter().filter(|(_, value)| value.is_set() == Some(on_gcp));
        wrong
            .map(|(name, _)| Error::new(format!("Set either {name} or gcp_vpc_endpoint_info")).at(name).into())
            .collect()
    }

    /// The endpoint's owner may have to accept the connection: `pending` and `pendingAcceptance` pass.
    async fn ready(cx: &Call<Account>, state: Self) -> Result<Self> {
        if state.is_available()? {
            return Ok(state);
        }
        let what = format!("the VPC endpoint {} to be available", state.aws_vpc_endpoint_id.text());
        let known = Of::from(state);
        let (start, most) = (Duration::from_secs(1), Duration::from_secs(10));
        cx.poll(&what, start, most, async || {
            let gone = || Error::new(format!("The {} {} is gone", Self::NOUN, known.id.text()));
            let now = Of::read(cx, known.clone()).await?.ok_or_else(gone)?.into_inner();
            Ok(if now.is_available()? { Probe::Done(now) } else { Probe::Waiting(now.state.text().to_owned()) })
        })
        .await
    }
}

impl MwsVpcEndpoint {
    /// Whether it can be used; an error if it never will be. `state` is a word of AWS's, in either case.
    fn is_available(&self) -> Result<bool> {
        let state = self.state.text();
        match state.to_lowercase().as_str() {
            "available" => Ok(true),
            "" | "pending" | "pendingacceptance" => Ok(false),
            _ => Err(Error::new(format!("The VPC endpoint {} is {state}", self.aws_vpc_endpoint_id.text()))
                .detail("AWS does not connect it. Look at the endpoint in the AWS console, and make another one.")
                .at("aws_vpc_endpoint_id")),
        }
    }
}
