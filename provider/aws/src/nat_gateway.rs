//! databricks_aws_nat_gateway: the way out of private subnets.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html>.

use std::time::Duration;

use aws_sdk_ec2::types::{self, ConnectivityType, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe,
    REQUIRED, Resource, Result, Timeouts,
};

use super::client::Aws;
use super::create::{FAST, SLOW, VISIBLE_WITHIN, once, retrying, settled};
use super::ec2::none_if_absent;
use super::eip;
use super::errors::{Explain, Fault, gone_is_fine};
use super::marks;
use super::tag_limits;
use super::tags::{self, Tags};

/// A NAT gateway in a public subnet: the way out for clusters in private subnets.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct NatGateway {
    /// Id of the gateway.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Subnet that the gateway stands in. Its route table leads to an internet gateway, if the gateway is public.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub subnet_id: Attr<String>,
    /// Allocation id of the Elastic IP address that traffic leaves from; for a public gateway.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub allocation_id: Attr<String>,
    /// `public`, or `private` for a gateway between private networks.
    #[schemars(extend("enum" = ["public", "private"], "x-tf" = OPTIONAL.default("\"public\"").replaces()))]
    pub connectivity_type: Attr<String>,
    /// Private address of the gateway. AWS chooses one if none is given.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.replaces().keeps_state()))]
    pub private_ip: Attr<String>,
    /// Tags of the gateway.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the gateway with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// Address that traffic leaves from.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub public_ip: Attr<String>,
    /// Network interface of the gateway.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub network_interface_id: Attr<String>,
    /// Association of the address with the gateway.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub association_id: Attr<String>,
}

crate::tagged!(NatGateway);

impl Resource for NatGateway {
    const NAME: &'static str = "databricks_aws_nat_gateway";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_internet_gateway" "example" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_subnet" "public" {
  vpc_id     = databricks_aws_vpc.example.id
  cidr_block = "10.40.0.0/24"
}

resource "databricks_aws_route_table" "public" {
  vpc_id = databricks_aws_vpc.example.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = databricks_aws_internet_gateway.example.id
  }
}

resource "databricks_aws_route_table_association" "public" {
  subnet_id      = databricks_aws_subnet.public.id
  route_table_id = databricks_aws_route_table.public.id
}

resource "databricks_aws_eip" "first" {
  depends_on = [databricks_aws_internet_gateway.example]
}

resource "databricks_aws_eip" "second" {
  depends_on = [databricks_aws_internet_gateway.example]
}

resource "databricks_aws_nat_gateway" "example" {
  subnet_id     = databricks_aws_subnet.public.id
  allocation_id = databricks_aws_eip.first.id

  tags = { Name = "analytics" }

  depends_on = [databricks_aws_route_table_association.public]
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"analytics\"", "\"analytics-egress\""));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> =
        Some(("databricks_aws_eip.first.id", "databricks_aws_eip.second.id"));
    const IMPORT_ID: Option<&'static str> = Some("nat-0123456789abcdef0");
    const TIMEOUTS: Timeouts = Timeouts {
        create: Duration::from_secs(600),
        update: Duration::from_secs(600),
        delete: Duration::from_secs(1800),
    };
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let private = config.connectivity_type.known().is_some_and(|kind| kind == "private");
        let public =
            config.connectivity_type.is_null() || config.connectivity_type.known().is_some_and(|kind| kind == "public");
        let mut found = tag_limits::check(&config.tags);
        if private && config.allocation_id.is_known() {
            let error = Error::new("A private NAT gateway has no public address").detail("Remove allocation_id.");
            found.push(error.at("allocation_id").into());
        } else if public && config.allocation_id.is_null() {
            let error = Error::new("A public NAT gateway needs an address")
                .detail("Set allocation_id to the id of a databricks_aws_eip, or connectivity_type to \"private\".");
            found.push(error.at("allocation_id").into());
        }
        found
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let send = || async {
            let request = cx.client().ec2_once.create_nat_gateway().subnet_id(plan.subnet_id.text());
            let request = request
                .set_allocation_id(plan.allocation_id.known().cloned())
                .set_private_ip_address(plan.private_ip.known().cloned())
                .connectivity_type(ConnectivityType::from(plan.connectivity_type.text()))
                .client_token(&cx.marker().id)
                .tag_specifications(tags::specification(cx, ResourceType::Natgateway, &plan.tags));
            Ok(request.send().await.fault()?.nat_gateway.and_then(|gateway| gateway.nat_gateway_id))
        };
        let new_parts = |fault: &Fault| fault.is(&["InvalidSubnetID.NotFound", "InvalidAllocationID.NotFound"]);
        let created = retrying(cx, VISIBLE_WITHIN, || once(cx, send), new_parts).await;
        let id = created.map_err(|fault| fault.accusing(ACCUSED))?;
        Ok(Self { id: Attr::Known(id), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let id = state.id.text();
        let gateway = settled(cx, &format!("NAT gateway {id}"), || async {
            let Some(gateway) = describe(cx.client(), id).await? else { return Ok(None) };
            match state_of(&gateway).as_str() {
                "available" => Ok(Some(Probe::Done(gateway))),
                "failed" => Err(failure(&gateway)),
                "deleting" | "deleted" => Err(super::ec2::gone_meanwhile()),
                other => Ok(Some(Probe::Waiting(other.to_owned()))),
            }
        })
        .await?;
        Ok(absorb(cx.client(), state.clone(), &gateway))
    }

    async fn find(cx: &Call<Aws>, _plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        tags::find(cx, marker).await
    }

    async fn marked(cx: &Call<Aws>, _plan: &Self) -> Result<Vec<Marked>> {
        marks::on_ec2(cx).await
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        // A deleted gateway stays visible for an hour.
        let gateway = describe(cx.client(), state.id.text()).await?;
        let live = gateway.filter(|gateway| !state_of(gateway).starts_with("delet"));
        Ok(live.map(|gateway| absorb(cx.client(), state, &gateway)))
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        tags::updated(cx, state, plan).await
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let id = state.id.text();
        let answer = cx.client().ec2.delete_nat_gateway().nat_gateway_id(id).send().await.fault();
        gone_is_fine(answer, &["NatGateway", "InvalidNatGatewayID"])?;
        cx.poll(&format!("NAT gateway {id} to be deleted"), FAST, SLOW, || async {
            let left = describe(cx.client(), id).await?.map(|gateway| state_of(&gateway));
            match left.as_deref() {
                None | Some("deleted") => Ok(Probe::Done(())),
                Some(other) => Ok(Probe::Waiting(other.to_owned())),
            }
        })
        .await?;
        // The address goes with the gateway; an emulator may leave it mapped, which would stand in its way later.
        if let Some(address) = state.allocation_id.known() {
            eip::disassociate(cx.client(), address).await;
        }
        Ok(())
    }
}

const ACCUSED: &[(&str, &str)] = &[
    ("InvalidSubnetID.NotFound", "subnet_id"),
    ("InvalidSubnet", "subnet_id"),
    ("InvalidAllocationID.NotFound", "allocation_id"),
    ("Resource.AlreadyAssociated", "allocation_id"),
    ("InvalidParameterValue", "private_ip"),
];

fn state_of(gateway: &types::NatGateway) -> String {
    gateway.state().map_or("pending", types::NatGatewayState::as_str).to_lowercase()
}

fn failure(gateway: &types::NatGateway) -> Error {
    let code = gateway.failure_code().unwrap_or_default();
    let (attribute, way_out) = match code {
        "Gateway.NotAttached" => (
            "subnet_id",
            "The subnet's VPC has no internet gateway attached: depend on the databricks_aws_internet_gateway.",
        ),
        "InsufficientFreeAddressesInSubnet" => ("subnet_id", "The subnet has no address left: use a larger one."),
        "Resource.AlreadyAssociated" | "InvalidAllocationID.NotFound" => {
            ("allocation_id", "Use an Elastic IP address that nothing else uses.")
        }
        _ => ("subnet_id", "The next apply replaces it."),
    };
    let message = gateway.failure_message().unwrap_or_default();
    Error::new(format!("it failed: {code}")).detail(format!("{message} {way_out}")).at(attribute)
}

fn absorb(aws: &Aws, mut state: NatGateway, gateway: &types::NatGateway) -> NatGateway {
    let addresses = gateway.nat_gateway_addresses();
    let address = addresses.iter().find(|address| address.is_primary() == Some(true)).or(addresses.first());
    let part = |of: fn(&types::NatGatewayAddress) -> Option<&str>| -> Attr<String> {
        address.and_then(of).filter(|text| !text.is_empty()).map(str::to_owned).into()
    };
    state.subnet_id = gateway.subnet_id.clone().into();
    state.connectivity_type = gateway.connectivity_type().map_or("public", ConnectivityType::as_str).into();
    state.allocation_id = part(types::NatGatewayAddress::allocation_id);
    state.private_ip = part(types::NatGatewayAddress::private_ip);
    state.public_ip = part(types::NatGatewayAddress::public_ip);
    state.network_interface_id = part(types::NatGatewayAddress::network_interface_id);
    state.association_id = part(types::NatGatewayAddress::association_id);
    tags::see(aws, &mut state, gateway.tags());
    state
}

async fn describe(aws: &Aws, id: &str) -> Result<Option<types::NatGateway>> {
    let answer = none_if_absent(aws.ec2.describe_nat_gateways().nat_gateway_ids(id).send().await.fault())?;
    Ok(answer.and_then(|answer| answer.nat_gateways.unwrap_or_default().into_iter().next()))
}

#[cfg(test)]
mod tests;
