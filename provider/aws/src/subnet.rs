//! databricks_aws_subnet: a subnet of a VPC, in one availability zone.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html>.

use std::time::Duration;

use aws_sdk_ec2::types::{self, AttributeBooleanValue, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe,
    REQUIRED, Resource, Result,
};

use super::cidr;
use super::client::Aws;
use super::create::{VISIBLE_WITHIN, once, retrying, settled};
use super::ec2::{delete_when_free, filter, none_if_absent, not_visible_yet};
use super::errors::Explain;
use super::marks;
use super::region;
use super::tag_limits;
use super::tags::{self, Tags};

/// A subnet of a VPC, in one availability zone. A workspace needs at least two, in different zones.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Subnet {
    /// Id of the subnet.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// VPC that it is part of.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub vpc_id: Attr<String>,
    /// Its IPv4 address range, within the VPC's. Databricks takes `/17` to `/26`.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub cidr_block: Attr<String>,
    /// Availability zone, by name: `eu-west-1a`. AWS chooses one if neither this nor the id is given.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub availability_zone: Attr<String>,
    /// Availability zone, by the id that is the same in every account: `euw1-az1`.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub availability_zone_id: Attr<String>,
    /// Whether instances get public addresses.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub map_public_ip_on_launch: Attr<bool>,
    /// Tags of the subnet.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the subnet with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the subnet.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// AWS account that owns it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub owner_id: Attr<String>,
}

crate::tagged!(Subnet);

impl Resource for Subnet {
    const NAME: &'static str = "databricks_aws_subnet";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_subnet" "example" {
  vpc_id            = databricks_aws_vpc.example.id
  cidr_block        = "10.40.64.0/20"
  availability_zone = "eu-west-1a"

  tags = { Name = "analytics-private-a" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("analytics-private-a", "analytics-clusters-a"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("10.40.64.0/20", "10.40.80.0/20"));
    const IMPORT_ID: Option<&'static str> = Some("subnet-0123456789abcdef0");
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut found = tag_limits::check(&config.tags);
        found.extend(cidr::check("cidr_block", &config.cidr_block, cidr::VPC_MASKS));
        found
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        let zone = &planning.config.availability_zone;
        if let (Some(aws), Some(name)) = (planning.client, zone.known())
            && planning.prior.is_none_or(|prior| prior.availability_zone != *zone)
            && !region::has_zone(&aws.region, name)
        {
            let region = &aws.region;
            let error = Error::new(format!("{name:?} is no availability zone of {region}"))
                .detail(format!("The provider works in {region}, whose zones are called {region}a and so on."));
            return Err(error.at("availability_zone"));
        }
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        // EC2 takes one of them. A configuration that Terraform generated from an existing subnet says both.
        let zone_id = match (plan.availability_zone.known(), plan.availability_zone_id.known()) {
            (Some(zone), Some(id)) => agree(cx.client(), zone, id).await.map(|()| None)?,
            (_, id) => id,
        };
        let send = || async {
            let request = cx.client().ec2_once.create_subnet().vpc_id(plan.vpc_id.text());
            let request = request
                .cidr_block(plan.cidr_block.text())
                .set_availability_zone(plan.availability_zone.known().cloned())
                .set_availability_zone_id(zone_id.cloned())
                .tag_specifications(tags::specification(cx, ResourceType::Subnet, &plan.tags));
            Ok(request.send().await.fault()?.subnet.and_then(|subnet| subnet.subnet_id))
        };
        let created = retrying(cx, VISIBLE_WITHIN, || once(cx, send), |fault| fault.is(&["InvalidVpcID.NotFound"]));
        let id = created.await.map_err(|fault| fault.accusing(ACCUSED))?;
        Ok(Self { id: Attr::Known(id), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let id = state.id.text();
        let mut subnet = settled(cx, &format!("subnet {id}"), || async {
            Ok(describe(cx.client(), id).await?.map(|subnet| match subnet.state() {
                Some(state) if !state.as_str().eq_ignore_ascii_case("available") => {
                    Probe::Waiting(state.as_str().to_owned())
                }
                _ => Probe::Done(subnet),
            }))
        })
        .await?;
        let wanted = state.map_public_ip_on_launch.is_true();
        if subnet.map_public_ip_on_launch().unwrap_or_default() != wanted {
            let value = AttributeBooleanValue::builder().value(wanted).build();
            let change = || async {
                let request = cx.client().ec2.modify_subnet_attribute().subnet_id(id);
                request.map_public_ip_on_launch(value.clone()).send().await.fault()
            };
            let changed = retrying(cx, VISIBLE_WITHIN, change, not_visible_yet).await;
            changed.map_err(|fault| fault.at("map_public_ip_on_launch"))?;
            subnet = settled(cx, &format!("map_public_ip_on_launch of subnet {id}"), || async {
                Ok(describe(cx.client(), id).await?.map(|subnet| match subnet.map_public_ip_on_launch() {
                    seen if seen.unwrap_or_default() == wanted => Probe::Done(subnet),
                    _ => Probe::Waiting("as before".to_owned()),
                }))
            })
            .await?;
        }
        Ok(absorb(cx.client(), state.clone(), &subnet))
    }

    async fn find(cx: &Call<Aws>, _plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        tags::find(cx, marker).await
    }

    async fn marked(cx: &Call<Aws>, _plan: &Self) -> Result<Vec<Marked>> {
        marks::on_ec2(cx).await
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        let subnet = describe(cx.client(), state.id.text()).await?;
        Ok(subnet.map(|subnet| absorb(cx.client(), state, &subnet)))
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        tags::updated(cx, state, plan).await
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let id = state.id.text();
        let request = || async { cx.client().ec2.delete_subnet().subnet_id(id).send().await.fault() };
        // The network interfaces of clusters and endpoints take minutes to go.
        delete_when_free(cx, "InvalidSubnetID", Duration::from_secs(900), ("subnet-id", id), request).await
    }
}

const ACCUSED: &[(&str, &str)] = &[
    ("InvalidSubnet.Range", "cidr_block"),
    ("InvalidSubnet.Conflict", "cidr_block"),
    ("InvalidVpcID.NotFound", "vpc_id"),
    ("InvalidParameterValue", "availability_zone"),
];

/// Refuses a zone's name and a zone's id that are two zones.
async fn agree(aws: &Aws, zone: &str, id: &str) -> Result<()> {
    let request = aws.ec2.describe_availability_zones().filters(filter("zone-name", zone));
    let answer = request.send().await.fault()?;
    match answer.availability_zones().first().and_then(|found| found.zone_id()) {
        Some(found) if found != id => {
            let error =
                Error::new(format!("{zone} is {found} in this account, and not {id}")).at("availability_zone_id");
            Err(error.detail("The names of zones mean other places in other accounts. Set one of the two.").undone())
        }
        _ => Ok(()),
    }
}

fn absorb(aws: &Aws, mut state: Subnet, subnet: &types::Subnet) -> Subnet {
    let owner = subnet.owner_id.clone().unwrap_or_default();
    state.arn = Attr::from(subnet.subnet_arn.clone().unwrap_or_else(|| aws.ec2_arn(&owner, "subnet", state.id.text())));
    state.owner_id = owner.into();
    state.vpc_id = subnet.vpc_id.clone().into();
    state.cidr_block = subnet.cidr_block.clone().into();
    state.availability_zone = subnet.availability_zone.clone().into();
    state.availability_zone_id = subnet.availability_zone_id.clone().into();
    state.map_public_ip_on_launch = subnet.map_public_ip_on_launch.unwrap_or_default().into();
    tags::see(aws, &mut state, subnet.tags());
    state
}

async fn describe(aws: &Aws, id: &str) -> Result<Option<types::Subnet>> {
    let answer = none_if_absent(aws.ec2.describe_subnets().subnet_ids(id).send().await.fault())?;
    Ok(answer.and_then(|answer| answer.subnets.unwrap_or_default().into_iter().next()))
}

#[cfg(test)]
mod tests;
