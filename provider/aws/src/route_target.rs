//! Where a route leads from and to: shared by `route` blocks of a route table and by `databricks_aws_route`.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html>.

use std::sync::Arc;

use aws_sdk_ec2::types;
use tfplugin::Attr;

use super::cidr;
use super::client::Aws;
use super::errors::{Explain, Fault};

/// A destination: the key of a route in its table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Destination {
    /// An IPv4 range.
    V4(String),
    /// An IPv6 range.
    V6(String),
    /// A managed prefix list.
    PrefixList(String),
}

/// Kinds of targets, with the names of their attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `gateway_id`: an internet or virtual private gateway.
    Gateway,
    /// `nat_gateway_id`.
    NatGateway,
    /// `egress_only_gateway_id`.
    EgressOnlyGateway,
    /// `transit_gateway_id`.
    TransitGateway,
    /// `vpc_peering_connection_id`.
    Peering,
    /// `vpc_endpoint_id`: a gateway load balancer endpoint.
    Endpoint,
    /// `network_interface_id`.
    Interface,
}

/// A route: where from, where to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way {
    pub(crate) to: Destination,
    pub(crate) over: Kind,
    pub(crate) target: String,
}

impl Destination {
    /// The one that is set, in the order IPv4, IPv6, prefix list.
    pub(crate) fn of(v4: &Attr<String>, v6: &Attr<String>, list: &Attr<String>) -> Option<Self> {
        let v4 = v4.known().map(|range| Self::V4(cidr::canonical(range)));
        let v6 = v6.known().map(|range| Self::V6(cidr::canonical(range)));
        v4.or(v6).or(list.known().cloned().map(Self::PrefixList))
    }

    /// Its text, as an import id has it.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::V4(text) | Self::V6(text) | Self::PrefixList(text) => text,
        }
    }

    /// `text`, if it means this destination; else this destination's own text.
    pub(crate) fn spelled_as(&self, text: &Attr<String>) -> Attr<String> {
        match text.known() {
            Some(text) if Self::parse(text) == *self => Attr::Known(text.clone()),
            _ => Attr::Known(self.text().to_owned()),
        }
    }

    /// The destination that a text means.
    pub(crate) fn parse(text: &str) -> Self {
        if text.starts_with("pl-") {
            Self::PrefixList(text.to_owned())
        } else if text.contains(':') {
            Self::V6(cidr::canonical(text))
        } else {
            Self::V4(cidr::canonical(text))
        }
    }

    fn v4(&self) -> Option<String> {
        if let Self::V4(text) = self { Some(text.clone()) } else { None }
    }

    fn v6(&self) -> Option<String> {
        if let Self::V6(text) = self { Some(text.clone()) } else { None }
    }

    fn list(&self) -> Option<String> {
        if let Self::PrefixList(text) = self { Some(text.clone()) } else { None }
    }
}

/// A route as EC2 shows it; `None` for the ones that AWS keeps itself: to the VPC, to gateway endpoints, propagated ones.
pub(crate) fn way_of(route: &types::Route) -> Option<Way> {
    if matches!(
        route.origin(),
        Some(types::RouteOrigin::CreateRouteTable | types::RouteOrigin::EnableVgwRoutePropagation)
    ) {
        return None;
    }
    let gateway = route.gateway_id().filter(|id| *id != "local");
    let endpoint = gateway.filter(|id| id.starts_with("vpce-"));
    if endpoint.is_some() && route.destination_prefix_list_id().is_some() {
        return None;
    }
    let to = to_of(route)?;
    let (over, target) = [
        (Kind::Endpoint, endpoint),
        (Kind::Gateway, gateway),
        (Kind::NatGateway, route.nat_gateway_id()),
        (Kind::EgressOnlyGateway, route.egress_only_internet_gateway_id()),
        (Kind::TransitGateway, route.transit_gateway_id()),
        (Kind::Peering, route.vpc_peering_connection_id()),
        (Kind::Interface, route.network_interface_id()),
    ]
    .into_iter()
    .find_map(|(kind, id)| Some((kind, id.filter(|id| !id.is_empty())?)))?;
    Some(Way { to, over, target: target.to_owned() })
}

/// The destination of a route as EC2 shows it.
pub(crate) fn to_of(route: &types::Route) -> Option<Destination> {
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    some(route.destination_cidr_block())
        .map(|range| Destination::V4(cidr::canonical(&range)))
        .or(some(route.destination_ipv6_cidr_block()).map(|range| Destination::V6(cidr::canonical(&range))))
        .or(some(route.destination_prefix_list_id()).map(Destination::PrefixList))
}

/// A struct with the attributes of a route's targets.
pub(crate) trait Targeted {
    /// The attributes, by what they lead over.
    fn targets(&self) -> [(Kind, &Attr<String>); 7];

    /// The same, to be set.
    fn targets_mut(&mut self) -> [(Kind, &mut Attr<String>); 7];

    /// The target that is set.
    fn target(&self) -> Option<(Kind, String)> {
        self.targets().into_iter().find_map(|(kind, id)| Some((kind, id.known()?.clone())))
    }

    /// Sets the target of a way, and no other.
    fn lead(&mut self, way: &Way) {
        for (kind, id) in self.targets_mut() {
            *id = if kind == way.over { way.target.clone().into() } else { Attr::Null };
        }
    }
}

/// Implements [`Targeted`] by the fields that are named as the attributes are.
macro_rules! targeted {
    ($route:ty) => {
        targeted!($route: Gateway gateway_id, NatGateway nat_gateway_id, EgressOnlyGateway egress_only_gateway_id,
            TransitGateway transit_gateway_id, Peering vpc_peering_connection_id, Endpoint vpc_endpoint_id,
            Interface network_interface_id);
    };
    ($route:ty: $($kind:ident $field:ident),*) => {
        impl $crate::route_target::Targeted for $route {
            fn targets(&self) -> [($crate::route_target::Kind, &tfplugin::Attr<String>); 7] {
                [$(($crate::route_target::Kind::$kind, &self.$field)),*]
            }

            fn targets_mut(&mut self) -> [($crate::route_target::Kind, &mut tfplugin::Attr<String>); 7] {
                [$(($crate::route_target::Kind::$kind, &mut self.$field)),*]
            }
        }
    };
}
pub(crate) use targeted;

/// A request for a route, with its way in it. The two requests have nothing in common but their words.
macro_rules! going {
    ($request:expr, $way:expr) => {{
        let id = |kind| ($way.over == kind).then(|| $way.target.clone());
        $request
            .set_destination_cidr_block($way.to.v4())
            .set_destination_ipv6_cidr_block($way.to.v6())
            .set_destination_prefix_list_id($way.to.list())
            .set_gateway_id(id(Kind::Gateway))
            .set_nat_gateway_id(id(Kind::NatGateway))
            .set_egress_only_internet_gateway_id(id(Kind::EgressOnlyGateway))
            .set_transit_gateway_id(id(Kind::TransitGateway))
            .set_vpc_peering_connection_id(id(Kind::Peering))
            .set_vpc_endpoint_id(id(Kind::Endpoint))
            .set_network_interface_id(id(Kind::Interface))
    }};
}

/// Makes a route; one that is there already and leads to the same target counts as made.
pub(crate) async fn create(aws: &Aws, table: &str, way: &Way) -> Result<(), Fault> {
    let answer = going!(aws.ec2.create_route().route_table_id(table), way).send().await.fault();
    aws.tables.changed();
    match answer {
        Err(fault) if fault.is(&["RouteAlreadyExists"]) => {
            let same = table_of(aws, table)
                .await?
                .is_some_and(|table| table.routes().iter().any(|r| way_of(r).as_ref() == Some(way)));
            if same { Ok(()) } else { Err(fault) }
        }
        answer => answer.map(drop),
    }
}

/// Points a route at another target.
pub(crate) async fn replace(aws: &Aws, table: &str, way: &Way) -> Result<(), Fault> {
    let answer = going!(aws.ec2.replace_route().route_table_id(table), way).send().await.fault();
    aws.tables.changed();
    answer.map(drop)
}

/// Removes a route; one that is not there counts as removed.
pub(crate) async fn delete(aws: &Aws, table: &str, to: &Destination) -> Result<(), Fault> {
    let request = aws.ec2.delete_route().route_table_id(table);
    let request = request
        .set_destination_cidr_block(to.v4())
        .set_destination_ipv6_cidr_block(to.v6())
        .set_destination_prefix_list_id(to.list());
    let answer = request.send().await.fault();
    aws.tables.changed();
    super::errors::gone_is_fine(answer, &["InvalidRoute"])
}

/// A route table, as it is or was a moment ago; `None` if it is gone.
pub(crate) async fn table_of(aws: &Aws, id: &str) -> Result<Option<Arc<types::RouteTable>>, Fault> {
    let ask = || async {
        let answer = aws.ec2.describe_route_tables().route_table_ids(id).send().await.fault();
        let answer = super::ec2::none_if_absent(answer)?;
        Ok(answer.and_then(|answer| answer.route_tables.unwrap_or_default().into_iter().next()))
    };
    aws.tables.get(id, ask).await
}

/// Whether a route was refused because its target or table is too new to be known everywhere.
pub(crate) fn too_new(fault: &Fault) -> bool {
    fault.is_not_found() && !fault.is(&["InvalidRoute.NotFound"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_that_aws_keeps_itself_are_left_alone() {
        let route = |build: fn(types::builders::RouteBuilder) -> types::builders::RouteBuilder| {
            way_of(&build(types::Route::builder()).build())
        };
        assert_eq!(route(|r| r.destination_cidr_block("10.0.0.0/16").gateway_id("local")), None);
        assert_eq!(route(|r| r.destination_prefix_list_id("pl-1").gateway_id("vpce-1")), None);
        let to = Destination::V4("0.0.0.0/0".to_owned());
        let way = route(|r| r.destination_cidr_block("0.0.0.0/0").nat_gateway_id("nat-1"));
        assert_eq!(way, Some(Way { to: to.clone(), over: Kind::NatGateway, target: "nat-1".to_owned() }));
        let way = route(|r| r.destination_cidr_block("0.0.0.0/0").gateway_id("igw-1"));
        assert_eq!(way, Some(Way { to, over: Kind::Gateway, target: "igw-1".to_owned() }));
    }

    #[test]
    fn a_text_is_a_destination() {
        assert_eq!(Destination::parse("::/0"), Destination::V6("::/0".to_owned()));
        assert_eq!(Destination::parse("::0/0"), Destination::V6("::/0".to_owned()));
        assert_eq!(Destination::parse("::/0").spelled_as(&"::0/0".into()), "::0/0".into());
        assert_eq!(Destination::parse("::/0").spelled_as(&"2001:db8::/32".into()), "::/0".into());
        assert_eq!(Destination::parse("pl-1"), Destination::PrefixList("pl-1".to_owned()));
        assert_eq!(Destination::parse("0.0.0.0/0").text(), "0.0.0.0/0");
    }
}
