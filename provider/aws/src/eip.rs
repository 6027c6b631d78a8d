//! databricks_aws_eip: an Elastic IP address.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html>.

use std::time::Duration;

use aws_sdk_ec2::types::{self, DomainType, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe,
    Resource, Result,
};

use super::client::Aws;
use super::create::{once, retrying, settled};
use super::ec2::none_if_absent;
use super::errors::{Explain, Fault, gone_is_fine};
use super::marks;
use super::tag_limits;
use super::tags::{self, Tags};

/// An Elastic IP address: a public address that stays the same, for a NAT gateway.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Eip {
    /// Id of the address's allocation.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Always `vpc`.
    #[schemars(extend("enum" = ["vpc"], "x-tf" = OPTIONAL.default("\"vpc\"").replaces()))]
    pub domain: Attr<String>,
    /// The zones from which AWS announces the address; the region by default.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub network_border_group: Attr<String>,
    /// Tags of the address.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the address with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the address.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// Id of the address's allocation, the same as `id`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub allocation_id: Attr<String>,
    /// The address.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub public_ip: Attr<String>,
    /// What the address is used by at present: the id of the association.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub association_id: Attr<String>,
    /// Network interface that the address is mapped to at present.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub network_interface: Attr<String>,
    /// Private address that it is mapped to at present.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub private_ip: Attr<String>,
}

crate::tagged!(Eip);

impl Resource for Eip {
    const NAME: &'static str = "databricks_aws_eip";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_eip" "example" {
  tags = { Name = "analytics-nat" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("analytics-nat", "analytics-egress"));
    const IMPORT_ID: Option<&'static str> = Some("eipalloc-0123456789abcdef0");
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
            let request = cx.client().ec2_once.allocate_address().domain(DomainType::Vpc);
            let request = request
                .set_network_border_group(plan.network_border_group.known().cloned())
                .tag_specifications(tags::specification(cx, ResourceType::ElasticIp, &plan.tags));
            Ok(request.send().await.fault()?.allocation_id)
        };
        let id = once(cx, send).await?;
        Ok(Self { id: Attr::Known(id), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let what = format!("Elastic IP address {}", state.id.text());
        settled(cx, &what, || async { Ok(Self::read(cx, state.clone()).await?.map(Probe::Done)) }).await
    }

    async fn find(cx: &Call<Aws>, _plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        tags::find(cx, marker).await
    }

    async fn marked(cx: &Call<Aws>, _plan: &Self) -> Result<Vec<Marked>> {
        marks::on_ec2(cx).await
    }

    async fn read(cx: &Call<Aws>, mut state: Self) -> Result<Option<Self>> {
        let aws = cx.client();
        let Some(address) = describe(aws, state.id.text()).await? else { return Ok(None) };
        if !state.arn.is_known() {
            state.arn = aws.ec2_arn(&aws.identity().await?.account_id, "elastic-ip", state.id.text()).into();
        }
        state.allocation_id = state.id.clone();
        state.domain = address.domain().map_or("vpc", DomainType::as_str).into();
        state.network_border_group = address.network_border_group.clone().filter(|group| !group.is_empty()).into();
        state.public_ip = address.public_ip.clone().into();
        state.association_id = present(&address.association_id);
        state.network_interface = present(&address.network_interface_id);
        state.private_ip = present(&address.private_ip_address);
        tags::see(aws, &mut state, address.tags());
        Ok(Some(state))
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        tags::updated(cx, state, plan).await
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let id = state.id.text();
        let request = || async {
            let answer = cx.client().ec2.release_address().allocation_id(id).send().await.fault();
            if answer.as_ref().is_err_and(is_still_mapped) {
                disassociate(cx.client(), id).await;
            }
            answer
        };
        let within = Duration::from_secs(300).min(cx.left().saturating_sub(Duration::from_secs(5)));
        gone_is_fine(retrying(cx, within, request, is_still_mapped).await, &["InvalidAllocationID"]).map_err(|fault| {
            let mapped = is_still_mapped(&fault);
            let error = Error::from(fault);
            if mapped { error.also("Something may still use the address.") } else { error }
        })
    }
}

fn present(text: &Option<String>) -> Attr<String> {
    text.clone().filter(|text| !text.is_empty()).into()
}

/// While a NAT gateway drains, AWS calls releasing its address an `AuthFailure`.
fn is_still_mapped(fault: &Fault) -> bool {
    fault.is(&["AuthFailure", "InvalidIPAddress.InUse", "IncorrectState"])
}

/// Unmaps an address, if it is mapped. AWS refuses that for a NAT gateway's address, which goes with the gateway: so
/// whether it worked is seen by what comes next.
pub(crate) async fn disassociate(aws: &Aws, id: &str) {
    let Ok(Some(address)) = describe(aws, id).await else { return };
    if let Some(association) = address.association_id.filter(|id| !id.is_empty())
        && let Err(fault) = aws.ec2.disassociate_address().association_id(association).send().await.fault()
    {
        tracing::debug!(address = id, code = fault.code(), "the address cannot be unmapped yet");
    }
}

async fn describe(aws: &Aws, id: &str) -> Result<Option<types::Address>> {
    let answer = none_if_absent(aws.ec2.describe_addresses().allocation_ids(id).send().await.fault())?;
    Ok(answer.and_then(|answer| answer.addresses.unwrap_or_default().into_iter().next()))
}

#[cfg(test)]
mod tests;
