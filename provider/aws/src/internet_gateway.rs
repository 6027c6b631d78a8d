//! databricks_aws_internet_gateway: the way of a VPC to the internet.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateInternetGateway.html>.

use std::time::Duration;

use aws_sdk_ec2::types::{self, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, COMPUTED, Call, Diagnostic, Failed, ID, Marked, Marker, OPTIONAL, Planning, Resource, Result};

use super::client::Aws;
use super::create::{VISIBLE_WITHIN, converged, once, retrying};
use super::ec2::{is_in_use, none_if_absent};
use super::errors::{Explain, Fault, gone_is_fine};
use super::marks;
use super::tag_limits;
use super::tags::{self, Tags};

/// An internet gateway: the way of a VPC to the internet.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct InternetGateway {
    /// Id of the gateway.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// VPC that it is attached to.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub vpc_id: Attr<String>,
    /// Tags of the gateway.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the gateway with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the gateway.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// AWS account that owns it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub owner_id: Attr<String>,
}

crate::tagged!(InternetGateway);

impl Resource for InternetGateway {
    const NAME: &'static str = "databricks_aws_internet_gateway";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_internet_gateway" "example" {
  vpc_id = databricks_aws_vpc.example.id

  tags = { Name = "analytics" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"analytics\"", "\"analytics-internet\""));
    const IMPORT_ID: Option<&'static str> = Some("igw-0123456789abcdef0");
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        tag_limits::check(&config.tags)
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let send = || async {
            let request = cx.client().ec2_once.create_internet_gateway();
            let tags = tags::specification(cx, ResourceType::InternetGateway, &plan.tags);
            let answer = request.tag_specifications(tags).send().await.fault()?;
            Ok(answer.internet_gateway.and_then(|gateway| gateway.internet_gateway_id))
        };
        let id = once(cx, send).await?;
        Ok(Self { id: Attr::Known(id), ..plan })
    }

    /// Attaches the gateway where the plan wants it, and waits for the attachment.
    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let id = state.id.text();
        let what = format!("internet gateway {id}");
        let wanted = state.vpc_id.known();
        let differs = |seen: &types::InternetGateway| (attached_to(seen).as_ref() != wanted).then_some("vpc_id");
        let change = async |seen: types::InternetGateway| {
            if let Some(vpc) = attached_to(&seen) {
                detach(cx, id, &vpc).await?;
            }
            match wanted {
                Some(vpc) => attach(cx, id, vpc).await,
                None => Ok(()),
            }
        };
        let seen = converged(cx, &what, None, || describe(cx.client(), id), differs, change).await?;
        Ok(absorb(cx.client(), state.clone(), &seen))
    }

    async fn find(cx: &Call<Aws>, _plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        tags::find(cx, marker).await
    }

    async fn marked(cx: &Call<Aws>, _plan: &Self) -> Result<Vec<Marked>> {
        marks::on_ec2(cx).await
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        let gateway = describe(cx.client(), state.id.text()).await?;
        Ok(gateway.map(|gateway| absorb(cx.client(), state, &gateway)))
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        tags::updated(cx, state, plan).await
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let id = state.id.text();
        let Some(gateway) = describe(cx.client(), id).await? else { return Ok(()) };
        if let Some(vpc) = attached_to(&gateway) {
            detach(cx, id, &vpc).await?;
        }
        let request =
            || async { cx.client().ec2.delete_internet_gateway().internet_gateway_id(id).send().await.fault() };
        let deleted = retrying(cx, Duration::from_secs(60), request, is_in_use).await;
        Ok(gone_is_fine(deleted, GONE)?)
    }
}

/// How the code of its absence begins.
const GONE: &[&str] = &["InvalidInternetGatewayID", "InvalidGatewayID"];

fn absorb(aws: &Aws, mut state: InternetGateway, gateway: &types::InternetGateway) -> InternetGateway {
    let owner = gateway.owner_id().unwrap_or_default().to_owned();
    state.arn = aws.ec2_arn(&owner, "internet-gateway", state.id.text()).into();
    state.owner_id = owner.into();
    state.vpc_id = attached_to(gateway).into();
    tags::see(aws, &mut state, gateway.tags());
    state
}

fn attached_to(gateway: &types::InternetGateway) -> Option<String> {
    let attachments = gateway.attachments().iter();
    let live =
        attachments.filter(|attachment| attachment.state().is_none_or(|state| !state.as_str().starts_with("detach")));
    live.filter_map(|attachment| attachment.vpc_id.clone()).next()
}

async fn attach(cx: &Call<Aws>, id: &str, vpc: &str) -> Result<()> {
    let request = || async {
        let answer = cx.client().ec2.attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send().await.fault();
        match answer {
            // A repeated request whose first answer was lost.
            Err(fault) if fault.is(&["Resource.AlreadyAssociated"]) => {
                let seen = describe(cx.client(), id).await.ok().flatten();
                if seen.and_then(|gateway| attached_to(&gateway)).as_deref() == Some(vpc) { Ok(()) } else { Err(fault) }
            }
            other => other.map(drop),
        }
    };
    let attached = retrying(cx, VISIBLE_WITHIN, request, Fault::is_not_found).await;
    attached.map_err(|fault| fault.at("vpc_id"))
}

/// A VPC with mapped public addresses (a NAT gateway's, say) does not let its gateway go; they may be on their way out.
async fn detach(cx: &Call<Aws>, id: &str, vpc: &str) -> Result<()> {
    let request = || async {
        let answer = cx.client().ec2.detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send().await;
        match answer.fault() {
            Err(fault) if fault.is(&["Gateway.NotAttached"]) => Ok(()),
            other => other.map(drop),
        }
    };
    let within = Duration::from_secs(600).min(cx.left().saturating_sub(Duration::from_secs(5)));
    let detached = gone_is_fine(retrying(cx, within, request, is_in_use).await, GONE);
    detached.map_err(|fault| {
        let in_use = is_in_use(&fault);
        let error = fault.at("vpc_id");
        if in_use { error.also(format!("Public addresses of {vpc} may still be in use.")) } else { error }
    })
}

async fn describe(aws: &Aws, id: &str) -> Result<Option<types::InternetGateway>> {
    let answer = none_if_absent(aws.ec2.describe_internet_gateways().internet_gateway_ids(id).send().await.fault())?;
    Ok(answer.and_then(|answer| answer.internet_gateways.unwrap_or_default().into_iter().next()))
}

#[cfg(test)]
mod tests;
