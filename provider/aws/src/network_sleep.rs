//! The action databricks_aws_network_sleep: what a network costs by the hour goes.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNatGateway.html>,
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcEndpoints.html>.

use aws_sdk_ec2::types::{self, Filter, VpcEndpointType};
use futures_util::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Action, Attr, Call, Error, OPTIONAL, Progress, REQUIRED, Resource, Result, Set};

use super::client::Aws;
use super::ec2::none_if_absent;
use super::errors::Explain;
use super::nat_gateway::NatGateway;
use super::vpc_endpoint::{self, VpcEndpoint};

/// Puts a network to sleep: deletes the NAT gateways of a VPC, and the interface endpoints that are named, which is what it costs by the
/// hour. The next plain `terraform apply` makes them again: that wakes it. An action that woke it would make objects that no state has, so
/// there is none.
///
/// Clusters lose their way out, and cannot start meanwhile: terminate them before. Addresses are kept, so that the network comes back with
/// the same one. An endpoint that is registered with Databricks (`databricks_mws_vpc_endpoint`) loses its registration when it is deleted:
/// do not name it. A network that sleeps already is left as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct NetworkSleep {
    /// Id of the VPC.
    #[schemars(regex(pattern = "^vpc-"), extend("x-tf" = REQUIRED))]
    pub vpc_id: Attr<String>,
    /// Ids of interface endpoints of the VPC that are deleted too.
    #[schemars(inner(regex(pattern = "^vpce-")), extend("x-tf" = OPTIONAL))]
    pub vpc_endpoint_ids: Attr<Set<String>>,
}

impl Action for NetworkSleep {
    const NAME: &'static str = "databricks_aws_network_sleep";
    const EXAMPLE: &'static str = r#"action "databricks_aws_network_sleep" "example" {
  config {
    vpc_id           = "vpc-0123456789abcdef0"
    vpc_endpoint_ids = ["vpce-0123456789abcdef0"]
  }
}

resource "terraform_data" "example" {
  input = "weekend"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.databricks_aws_network_sleep.example]
    }
  }
}
"#;

    type Client = Aws;

    async fn invoke(cx: &Call<Aws>, progress: &Progress, config: Self) -> Result<()> {
        let vpc_id = config.vpc_id.text();
        // All is looked at before anything is deleted.
        exists(cx.client(), vpc_id).await?;
        let gateways = gateways(cx.client(), vpc_id).await?;
        let mut endpoints = Vec::new();
        for id in config.vpc_endpoint_ids.or_default().0 {
            endpoints.extend(endpoint(cx.client(), vpc_id, id).await?);
        }
        if gateways.is_empty() && endpoints.is_empty() {
            progress.say(format!("The network {vpc_id} sleeps already")).await;
            return Ok(());
        }
        let ids = gateways.iter().map(|gateway| gateway.id.text()).chain(endpoints.iter().map(|one| one.id.text()));
        progress.say(format!("Deleting {}", ids.collect::<Vec<_>>().join(", "))).await;
        try_join_all(gateways.into_iter().map(|gateway| NatGateway::delete(cx, gateway))).await?;
        try_join_all(endpoints.into_iter().map(|endpoint| VpcEndpoint::delete(cx, endpoint))).await?;
        progress.say(format!("The network {vpc_id} sleeps. A plain terraform apply wakes it")).await;
        Ok(())
    }
}

async fn exists(aws: &Aws, vpc_id: &str) -> Result<()> {
    let answer = aws.ec2.describe_vpcs().vpc_ids(vpc_id).send().await.fault();
    let found = none_if_absent(answer)?.is_some_and(|found| !found.vpcs().is_empty());
    let error = || {
        Error::new(format!("there is no VPC {vpc_id:?} in {}", aws.region))
            .detail("Correct vpc_id, or the provider's region.")
            .at("vpc_id")
    };
    found.then_some(()).ok_or_else(error)
}

/// The gateways that stand in a VPC.
async fn gateways(aws: &Aws, vpc_id: &str) -> Result<Vec<NatGateway>> {
    let of = Filter::builder().name("vpc-id").values(vpc_id).build();
    let standing = Filter::builder().name("state").values("available").values("pending").build();
    let asked = aws.ec2.describe_nat_gateways().filter(of).filter(standing);
    let mut pages = asked.into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(found) = pages.next().await {
        let found = found.fault()?;
        let addresses = found.nat_gateway_addresses();
        all.push(NatGateway {
            id: found.nat_gateway_id().unwrap_or_default().into(),
            allocation_id: addresses
                .first()
                .and_then(types::NatGatewayAddress::allocation_id)
                .map(str::to_owned)
                .into(),
            ..NatGateway::default()
        });
    }
    Ok(all)
}

/// An endpoint of the VPC that can be deleted; nothing where it is gone.
async fn endpoint(aws: &Aws, vpc_id: &str, id: String) -> Result<Option<VpcEndpoint>> {
    let Some(found) = vpc_endpoint::describe(aws, &id).await? else { return Ok(None) };
    if found.vpc_id() != Some(vpc_id) || found.vpc_endpoint_type() != Some(&VpcEndpointType::Interface) {
        return Err(Error::new(format!("{id} is no interface endpoint of {vpc_id}"))
            .detail("Others cost nothing by the hour, or belong to another network. Nothing was deleted.")
            .at("vpc_endpoint_ids"));
    }
    let is_gone = vpc_endpoint::state_of(&found).starts_with("delet");
    Ok((!is_gone).then(|| VpcEndpoint { id: id.into(), ..VpcEndpoint::default() }))
}

#[cfg(test)]
mod tests;
