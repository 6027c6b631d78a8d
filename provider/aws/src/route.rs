//! databricks_aws_route: one route of a route table.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marker, OPTIONAL, Probe, REQUIRED, Resource, Result, Timeouts,
    one_of,
};

use super::client::Aws;
use super::create::{VISIBLE_WITHIN, retrying, settled};
use super::route_target::{self as target, Destination, Targeted, Way, targeted};

/// One route of a route table. A table's routes are either all in its own `route` blocks or all separate ones like this.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// The table's id and the destination, with an underscore between them.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Route table that it belongs to.
    #[schemars(extend("x-tf" = REQUIRED.replaces()))]
    pub route_table_id: Attr<String>,
    /// Destination: an IPv4 range, `0.0.0.0/0` for everything.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub destination_cidr_block: Attr<String>,
    /// Destination: an IPv6 range.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub destination_ipv6_cidr_block: Attr<String>,
    /// Destination: a managed prefix list.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
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
    /// How the route came about: `CreateRoute`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub origin: Attr<String>,
    /// `active`, or `blackhole` while the target is gone.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub state: Attr<String>,
}

targeted!(Route);

impl Resource for Route {
    const NAME: &'static str = "databricks_aws_route";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_internet_gateway" "example" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_subnet" "example" {
  vpc_id     = databricks_aws_vpc.example.id
  cidr_block = "10.40.0.0/24"
}

resource "databricks_aws_eip" "example" {
  depends_on = [databricks_aws_internet_gateway.example]
}

resource "databricks_aws_nat_gateway" "example" {
  subnet_id     = databricks_aws_subnet.example.id
  allocation_id = databricks_aws_eip.example.id

  depends_on = [databricks_aws_internet_gateway.example]
}

resource "databricks_aws_route_table" "example" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_route" "example" {
  route_table_id         = databricks_aws_route_table.example.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = databricks_aws_nat_gateway.example.id
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some((
        "  nat_gateway_id         = databricks_aws_nat_gateway.example.id",
        "  gateway_id             = databricks_aws_internet_gateway.example.id",
    ));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("0.0.0.0/0", "198.51.100.0/24"));
    const IMPORT_ID: Option<&'static str> = Some("rtb-0123456789abcdef0_0.0.0.0/0");
    const TIMEOUTS: Timeouts = Timeouts::minutes(5);
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let destinations =
            [&config.destination_cidr_block, &config.destination_ipv6_cidr_block, &config.destination_prefix_list_id];
        if let Err(set) = one_of(destinations.map(Attr::is_set)) {
            let error = Error::new(format!("A route has one destination; {set} are set"));
            let error = error.detail(
                "Set one of destination_cidr_block, destination_ipv6_cidr_block and destination_prefix_list_id.",
            );
            found.push(error.at("destination_cidr_block").into());
        }
        if let Err(set) = one_of(config.targets().map(|(_, target)| target.is_set())) {
            let error = Error::new(format!("A route has one target; {set} are set"));
            found.push(
                error.detail("Set gateway_id, nat_gateway_id or another one of the targets.").at("gateway_id").into(),
            );
        }
        for (name, range, v6) in [
            ("destination_cidr_block", &config.destination_cidr_block, false),
            ("destination_ipv6_cidr_block", &config.destination_ipv6_cidr_block, true),
        ] {
            found.extend(range.known().and_then(|range| super::cidr::check_any(range, v6, name.into())));
        }
        found
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let way = plan.way()?;
        let table = plan.route_table_id.text();
        let made = retrying(cx, VISIBLE_WITHIN, || target::create(cx.client(), table, &way), target::too_new).await;
        made.map_err(|fault| fault.accusing(ACCUSED))?;
        Ok(Self { id: id_of(table, &way.to).into(), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let what = format!("route {}", state.id.text());
        settled(cx, &what, || async {
            cx.client().tables.changed();
            Ok(Self::read(cx, state.clone()).await?.map(Probe::Done))
        })
        .await
    }

    /// A route bears no mark, and is its own key: `create` takes the one that leads where the plan wants it.
    async fn find(_cx: &Call<Aws>, _plan: &Self, _marker: &Marker) -> Result<Option<Self>> {
        Ok(None)
    }

    async fn read(cx: &Call<Aws>, mut state: Self) -> Result<Option<Self>> {
        let id = state.id.text().to_owned();
        let Some((table, to)) = id.split_once('_').map(|(table, to)| (table, Destination::parse(to))) else {
            return Err(Error::new("this is no id of a route").detail("It looks like rtb-0123456789abcdef0_0.0.0.0/0."));
        };
        let Some(seen) = target::table_of(cx.client(), table).await? else { return Ok(None) };
        let route = seen.routes().iter().find(|route| target::to_of(route).as_ref() == Some(&to));
        let Some((route, way)) = route.and_then(|route| Some((route, target::way_of(route)?))) else { return Ok(None) };
        state.route_table_id = table.into();
        state.origin = route.origin().map_or("CreateRoute", |origin| origin.as_str()).into();
        state.state = route.state().map_or("active", |state| state.as_str()).into();
        state.write(&way);
        Ok(Some(state))
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        let way = plan.way()?;
        let table = plan.route_table_id.text();
        let changed = retrying(cx, VISIBLE_WITHIN, || target::replace(cx.client(), table, &way), target::too_new).await;
        changed.map_err(|fault| Failed::with(fault.accusing(ACCUSED), state))?;
        Ok(plan)
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        let Ok(way) = state.way() else { return Ok(()) };
        let table = state.route_table_id.text();
        Ok(target::delete(cx.client(), table, &way.to).await?)
    }

    async fn import(_cx: &Call<Aws>, id: &str) -> Result<Self> {
        Ok(Self { id: id.into(), ..Self::default() })
    }

    /// hashicorp/aws makes the id of a checksum: `r-rtb-0123456789abcdef01080289494`.
    fn adopt(state: Self) -> Self {
        match (state.route_table_id.known(), state.to()) {
            (Some(table), Some(to)) => Self { id: id_of(table, &to).into(), ..state },
            _ => state,
        }
    }
}

const ACCUSED: &[(&str, &str)] = &[
    ("RouteAlreadyExists", "destination_cidr_block"),
    ("InvalidRouteTableID.NotFound", "route_table_id"),
    ("InvalidGatewayID.NotFound", "gateway_id"),
    ("InvalidInternetGatewayID.NotFound", "gateway_id"),
    ("InvalidNatGatewayID.NotFound", "nat_gateway_id"),
    ("NatGatewayNotFound", "nat_gateway_id"),
];

fn id_of(table: &str, to: &Destination) -> String {
    format!("{table}_{}", to.text())
}

impl Route {
    fn to(&self) -> Option<Destination> {
        Destination::of(
            &self.destination_cidr_block,
            &self.destination_ipv6_cidr_block,
            &self.destination_prefix_list_id,
        )
    }

    fn way(&self) -> Result<Way> {
        let to = self.to();
        match (to, self.target()) {
            (Some(to), Some((over, target))) => Ok(Way { to, over, target }),
            _ => Err(Error::new("The route has no destination or no target").at("destination_cidr_block")),
        }
    }

    fn write(&mut self, way: &Way) {
        let to = |wanted: bool, prior: &Attr<String>| if wanted { way.to.spelled_as(prior) } else { Attr::Null };
        self.destination_cidr_block = to(matches!(way.to, Destination::V4(_)), &self.destination_cidr_block);
        self.destination_ipv6_cidr_block = to(matches!(way.to, Destination::V6(_)), &self.destination_ipv6_cidr_block);
        self.destination_prefix_list_id =
            to(matches!(way.to, Destination::PrefixList(_)), &self.destination_prefix_list_id);
        self.lead(way);
    }
}

#[cfg(test)]
mod tests;
