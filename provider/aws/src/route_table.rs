//! databricks_aws_route_table: a route table of a VPC, with routes in `route` blocks or as separate resources.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRouteTable.html>.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::types::{self, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Path, Planning,
    Probe, REQUIRED, Resource, Result, Set, Timeouts, one_of,
};

use super::client::Aws;
use super::create::{VISIBLE_WITHIN, once, retrying, settled};
use super::ec2::is_in_use;
use super::errors::{Explain, gone_is_fine};
use super::marks;
use super::route_target::{self as target, Destination, Targeted, Way, targeted};
use super::tag_limits;
use super::tags::{self, Tags};

/// A route table of a VPC. Its routes stand either in its `route` blocks, which are then all that it has, or in separate
/// `databricks_aws_route` resources: with no `route` block its routes are left alone.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RouteTable {
    /// Id of the table.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// VPC that it belongs to.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub vpc_id: Attr<String>,
    /// A route.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().untold()))]
    pub route: Attr<Set<RouteBlock>>,
    /// Tags of the table.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the table with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the table.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// AWS account that owns it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub owner_id: Attr<String>,
}

/// A route: one destination and one target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteBlock {
    /// Destination: an IPv4 range, `0.0.0.0/0` for everything.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub cidr_block: Attr<String>,
    /// Destination: an IPv6 range.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub ipv6_cidr_block: Attr<String>,
    /// Destination: a managed prefix list.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub destination_prefix_list_id: Attr<String>,
    /// Target: an internet or virtual private gateway.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub gateway_id: Attr<String>,
    /// Target: a NAT gateway.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub nat_gateway_id: Attr<String>,
    /// Target: an egress-only internet gateway.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub egress_only_gateway_id: Attr<String>,
    /// Target: a transit gateway.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub transit_gateway_id: Attr<String>,
    /// Target: a VPC peering connection.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub vpc_peering_connection_id: Attr<String>,
    /// Target: a gateway load balancer endpoint.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub vpc_endpoint_id: Attr<String>,
    /// Target: a network interface.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub network_interface_id: Attr<String>,
}

crate::tagged!(RouteTable);
targeted!(RouteBlock);

impl Resource for RouteTable {
    const NAME: &'static str = "databricks_aws_route_table";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_internet_gateway" "example" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_route_table" "example" {
  vpc_id = databricks_aws_vpc.example.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = databricks_aws_internet_gateway.example.id
  }

  tags = { Name = "analytics-public" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("0.0.0.0/0", "198.51.100.0/24"));
    const IMPORT_ID: Option<&'static str> = Some("rtb-0123456789abcdef0");
    // Whether routes are in blocks cannot be seen from the table: after an import the first apply takes them over.
    const TIMEOUTS: Timeouts = Timeouts::minutes(5);
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut found = tag_limits::check(&config.tags);
        let Some(blocks) = config.route.known() else { return found };
        for (attribute, error) in blocks.into_iter().flat_map(problems) {
            found.push(error.at(Path::in_block("route", blocks.len(), attribute)).into());
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = ways(&config.route).into_iter().find(|way| !seen.insert(way.to.clone())) {
            let error = Error::new(format!("Two routes lead to {}", twice.to.text()));
            found.push(error.detail("A destination has one route in a table. Remove one of them.").at("route").into());
        }
        found
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        // A new table has no other routes than the configured ones.
        if planning.prior.is_none() && planning.config.route.is_null() {
            planning.planned.route = Attr::Null;
        }
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let send = || async {
            let request = cx.client().ec2_once.create_route_table().vpc_id(plan.vpc_id.text());
            let tags = tags::specification(cx, ResourceType::RouteTable, &plan.tags);
            let request = request.client_token(&cx.marker().id).tag_specifications(tags);
            Ok(request.send().await.fault()?.route_table.and_then(|table| table.route_table_id))
        };
        let created = retrying(cx, VISIBLE_WITHIN, || once(cx, send), |fault| fault.is(&["InvalidVpcID.NotFound"]));
        let accused = &[("InvalidVpcID.NotFound", "vpc_id")];
        let id = created.await.map_err(|fault| fault.accusing(accused))?;
        Ok(Self { id: Attr::Known(id), ..plan })
    }

    /// Waits for the table and makes the routes that it lacks.
    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let id = state.id.text();
        let what = format!("route table {id}");
        let mut table = settled(cx, &what, || async { Ok(describe(cx.client(), id).await?.map(Probe::Done)) }).await?;
        let seen: Vec<Way> = table.routes().iter().filter_map(target::way_of).collect();
        let missing: Vec<Way> = ways(&state.route).into_iter().filter(|way| !seen.contains(way)).collect();
        for way in &missing {
            let there = seen.iter().any(|other| other.to == way.to);
            let change = || async {
                match there {
                    true => target::replace(cx.client(), id, way).await,
                    false => target::create(cx.client(), id, way).await,
                }
            };
            let made = retrying(cx, VISIBLE_WITHIN, change, target::too_new).await;
            made.map_err(|fault| fault.at("route"))?;
        }
        if !missing.is_empty() {
            table = describe(cx.client(), id).await?.ok_or_else(super::ec2::gone_meanwhile)?;
        }
        Ok(absorb(cx.client(), state.clone(), &table))
    }

    async fn find(cx: &Call<Aws>, _plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        tags::find(cx, marker).await
    }

    async fn marked(cx: &Call<Aws>, _plan: &Self) -> Result<Vec<Marked>> {
        marks::on_ec2(cx).await
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        let table = target::table_of(cx.client(), state.id.text()).await?;
        Ok(table.map(|table| absorb(cx.client(), state, &table)))
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        let id = state.id.text();
        let work = async {
            tags::update(cx, id, &state.tags_all, &plan.tags).await?;
            let wanted = ways(&plan.route);
            // What is new or points elsewhere is `ready`'s work; here goes what is not wanted any more.
            // Without any block the routes are nobody's, and stay.
            let gone = |old: &&Way| !wanted.is_empty() && !wanted.iter().any(|way| way.to == old.to);
            for old in ways(&state.route).iter().filter(gone) {
                target::delete(cx.client(), id, &old.to).await?;
            }
            Ok(())
        };
        let worked: Result<()> = work.await;
        worked.map_err(|error| Failed::with(error, state.clone()))?;
        Ok(plan)
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let id = state.id.text();
        let request = || async { cx.client().ec2.delete_route_table().route_table_id(id).send().await.fault() };
        let deleted = retrying(cx, Duration::from_secs(60), request, is_in_use).await;
        cx.client().tables.changed();
        match gone_is_fine(deleted, &["InvalidRouteTableID"]) {
            Ok(()) => Ok(()),
            Err(fault) => {
                let users = associated(cx.client(), id).await;
                let error = Error::from(fault);
                Err(if users.is_empty() { error } else { error.also(format!("Associated with it: {users}")) })
            }
        }
    }
}

/// The table as it is now, whatever was seen of it a moment ago.
async fn describe(aws: &Aws, id: &str) -> Result<Option<types::RouteTable>> {
    aws.tables.changed();
    Ok(target::table_of(aws, id).await?.map(|table| (*table).clone()))
}

fn absorb(aws: &Aws, mut state: RouteTable, table: &types::RouteTable) -> RouteTable {
    let owner = table.owner_id().unwrap_or_default().to_owned();
    state.arn = aws.ec2_arn(&owner, "route-table", state.id.text()).into();
    state.owner_id = owner.into();
    state.vpc_id = table.vpc_id.clone().into();
    state.route = seen_routes(&state.route, table.routes());
    tags::see(aws, &mut state, table.tags());
    state
}

async fn associated(aws: &Aws, id: &str) -> String {
    let table = describe(aws, id).await.ok().flatten();
    let parts = table.iter().flat_map(|table| table.associations());
    let names = parts.filter_map(|part| part.subnet_id().or(part.gateway_id()).map(str::to_owned));
    names.collect::<Vec<_>>().join(", ")
}

fn ways(blocks: &Attr<Set<RouteBlock>>) -> Vec<Way> {
    blocks.known().into_iter().flatten().filter_map(RouteBlock::way).collect()
}

/// The routes as blocks, where blocks are in use; extra routes are then drift.
fn seen_routes(prior: &Attr<Set<RouteBlock>>, routes: &[types::Route]) -> Attr<Set<RouteBlock>> {
    match prior.known() {
        Some(prior) if !prior.is_empty() => {
            let seen = routes.iter().filter_map(target::way_of);
            let known = |way: &Way| prior.iter().find(|block| block.way().as_ref() == Some(way)).cloned();
            Attr::Known(seen.map(|way| known(&way).unwrap_or_else(|| RouteBlock::from(&way))).collect())
        }
        // No blocks are an empty set, never null.
        _ => Attr::Known(Set(Vec::new())),
    }
}

/// What is wrong with a block, as far as its values are known, each with the attribute that is to blame.
fn problems(block: &RouteBlock) -> Vec<(&'static str, Error)> {
    let mut found = Vec::new();
    let destinations = [&block.cidr_block, &block.ipv6_cidr_block, &block.destination_prefix_list_id];
    if let Err(set) = one_of(destinations.map(Attr::is_set)) {
        let error = Error::new(format!("A route has one destination, not {set}"));
        found.push((
            "cidr_block",
            error.detail("Set one of cidr_block, ipv6_cidr_block and destination_prefix_list_id."),
        ));
    }
    if let Err(set) = one_of(block.targets().map(|(_, target)| target.is_set())) {
        let error = Error::new(format!("A route has one target, not {set}"));
        found.push(("gateway_id", error.detail("Set one of gateway_id, nat_gateway_id and the other targets.")));
    }
    let ranges = [("cidr_block", &block.cidr_block, false), ("ipv6_cidr_block", &block.ipv6_cidr_block, true)];
    for (attribute, range, v6) in ranges {
        found.extend(range.known().and_then(|range| Some((attribute, super::cidr::problem(range, v6)?))));
    }
    found
}

impl RouteBlock {
    fn way(&self) -> Option<Way> {
        let to = Destination::of(&self.cidr_block, &self.ipv6_cidr_block, &self.destination_prefix_list_id)?;
        let (over, target) = self.target()?;
        Some(Way { to, over, target })
    }
}

impl From<&Way> for RouteBlock {
    fn from(way: &Way) -> Self {
        let mut block = Self::default();
        let to = Attr::Known(way.to.text().to_owned());
        match way.to {
            Destination::V4(_) => block.cidr_block = to,
            Destination::V6(_) => block.ipv6_cidr_block = to,
            Destination::PrefixList(_) => block.destination_prefix_list_id = to,
        }
        block.lead(way);
        block
    }
}

#[cfg(test)]
mod tests;
