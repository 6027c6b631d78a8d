//! The network resources against moto: made, read, imported, found again, changed and taken down; and what faults do to them.

use std::time::{Duration, Instant};

use tfplugin::{Attr, Call, Resource, Set};

use super::client::Aws;
use super::ec2::{filter, texts};
use super::eip::Eip;
use super::internet_gateway::InternetGateway;
use super::nat_gateway::NatGateway;
use super::route::Route;
use super::route_table::{RouteBlock, RouteTable};
use super::route_table_association::RouteTableAssociation;
use super::security_group::SecurityGroup;
use super::security_group_rules::Rule;
use super::subnet::Subnet;
use super::testing::{How, aws_at, call, change, end, hold, make, moto, named};
use super::vpc::Vpc;
use super::vpc_endpoint::VpcEndpoint;

fn vpc() -> Vpc {
    Vpc {
        cidr_block: "10.40.0.0/16".into(),
        instance_tenancy: "default".into(),
        enable_dns_support: true.into(),
        enable_dns_hostnames: true.into(),
        tags: named("test"),
        ..Vpc::default()
    }
}

fn subnet(vpc: &Vpc, range: &str) -> Subnet {
    Subnet {
        vpc_id: vpc.id.clone(),
        cidr_block: range.into(),
        map_public_ip_on_launch: false.into(),
        ..Subnet::default()
    }
}

fn group(vpc: &Vpc, name: &str) -> SecurityGroup {
    SecurityGroup {
        name: name.into(),
        description: "test".into(),
        vpc_id: vpc.id.clone(),
        revoke_rules_on_delete: false.into(),
        ingress: Attr::Known(Set(Vec::new())),
        egress: Attr::Known(Set(Vec::new())),
        ..SecurityGroup::default()
    }
}

fn https(range: &str) -> Rule {
    Rule {
        from_port: 443.into(),
        to_port: 443.into(),
        protocol: "tcp".into(),
        cidr_blocks: Attr::Known(vec![range.into()]),
        ..Rule::default()
    }
}

async fn vpcs(cx: &Call<Aws>) -> usize {
    let answer = cx.client().ec2.describe_vpcs().filters(filter("cidr", "10.40.0.0/16")).send().await.unwrap();
    answer.vpcs().len()
}

#[tokio::test]
async fn a_vpc_and_its_subnet_live_and_die() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let made = hold(&moto, vpc(), |vpc| vpc.id.text().to_owned()).await;
    assert!(made.main_route_table_id.text().starts_with("rtb-"), "{made:?}");
    assert!(made.default_security_group_id.text().starts_with("sg-"));
    assert!(made.default_network_acl_id.text().starts_with("acl-"));
    assert_eq!(made.arn.text(), format!("arn:aws:ec2:eu-west-1:123456789012:vpc/{}", made.id.text()));
    let all = made.tags_all.known().unwrap();
    assert_eq!(all.len(), 2, "the default tag and the own one, not the mark: {all:?}");

    let plan = Vpc { enable_dns_hostnames: false.into(), tags: named("renamed"), ..made.clone() };
    let made = change(&cx, made, plan).await;
    assert!(!made.enable_dns_hostnames.is_true());
    assert_eq!(made.tags, named("renamed"));

    let part = hold(&moto, subnet(&made, "10.40.1.0/24"), |subnet| subnet.id.text().to_owned()).await;
    assert!(part.availability_zone.text().starts_with("eu-west-1"));
    let plan = Subnet { map_public_ip_on_launch: true.into(), tags: named("public"), ..part.clone() };
    let part = change(&cx, part, plan).await;
    assert!(part.map_public_ip_on_launch.is_true());
    end(&moto, part).await;
    end(&moto, made).await;
}

#[tokio::test]
async fn a_way_out_is_built_and_taken_down() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let net = make(&cx, vpc()).await;
    let public = make(&moto.call(), subnet(&net, "10.40.0.0/24")).await;
    let private = make(&moto.call(), subnet(&net, "10.40.64.0/20")).await;
    let id = |id: &Attr<String>| id.text().to_owned();
    let gateway = InternetGateway { vpc_id: net.id.clone(), ..InternetGateway::default() };
    let gateway = hold(&moto, gateway, |gateway| id(&gateway.id)).await;

    let block =
        |range: &str| RouteBlock { cidr_block: range.into(), gateway_id: gateway.id.clone(), ..RouteBlock::default() };
    let blocks = |ranges: &[&str]| Attr::Known(ranges.iter().map(|range| block(range)).collect::<Set<_>>());
    let table =
        RouteTable { vpc_id: net.id.clone(), route: blocks(&["0.0.0.0/0", "192.0.2.0/24"]), ..RouteTable::default() };
    let table = hold(&moto, table, |table| id(&table.id)).await;
    assert_eq!(table.route, blocks(&["192.0.2.0/24", "0.0.0.0/0"]));
    let plan = RouteTable { route: blocks(&["0.0.0.0/0", "198.51.100.0/24"]), ..table.clone() };
    let table = change(&cx, table, plan).await;
    assert_eq!(table.route, blocks(&["0.0.0.0/0", "198.51.100.0/24"]));

    let other = RouteTable { vpc_id: net.id.clone(), route: Attr::Known(Set(Vec::new())), ..RouteTable::default() };
    let other = make(&moto.call(), other).await;
    let association = RouteTableAssociation {
        subnet_id: public.id.clone(),
        route_table_id: other.id.clone(),
        ..RouteTableAssociation::default()
    };
    let association = hold(&moto, association, |a| format!("{}/{}", a.subnet_id.text(), a.route_table_id.text())).await;
    let imported = RouteTableAssociation::import(&cx, association.id.text()).await.unwrap();
    let imported = RouteTableAssociation::read(&cx, imported).await.unwrap().unwrap();
    assert_eq!(imported.subnet_id, public.id, "an import by the association's own id");
    let plan = RouteTableAssociation { route_table_id: table.id.clone(), ..association.clone() };
    let moved = change(&cx, association.clone(), plan).await;
    assert_eq!(moved.route_table_id, table.id);

    let address = || Eip { domain: "vpc".into(), ..Eip::default() };
    let address = hold(&moto, address(), |address| id(&address.id)).await;
    let nat = || NatGateway {
        subnet_id: public.id.clone(),
        allocation_id: address.id.clone(),
        connectivity_type: "public".into(),
        ..NatGateway::default()
    };
    let out = hold(&moto, nat(), |nat| id(&nat.id)).await;
    assert_eq!(out.public_ip, address.public_ip);
    let route = Route {
        route_table_id: other.id.clone(),
        destination_cidr_block: "0.0.0.0/0".into(),
        nat_gateway_id: out.id.clone(),
        ..Route::default()
    };
    let route = hold(&moto, route, |route| id(&route.id)).await;
    let plan = Route { nat_gateway_id: Attr::Null, gateway_id: gateway.id.clone(), ..route.clone() };
    let route = change(&cx, route, plan).await;
    assert_eq!((&route.gateway_id, &route.nat_gateway_id), (&gateway.id, &Attr::Null));

    // A replacement uses the same address again.
    end(&moto, out).await;
    let out = make(&moto.call(), nat()).await;
    end(&moto, route).await;
    end(&moto, out).await;
    end(&moto, address).await;
    end(&moto, moved).await;
    end(&moto, other).await;
    end(&moto, table).await;
    end(&moto, gateway).await;
    end(&moto, public).await;
    end(&moto, private).await;
    end(&moto, net).await;
}

#[tokio::test]
async fn groups_and_endpoints_live_and_die() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let net = make(&cx, vpc()).await;
    let inside = make(&moto.call(), subnet(&net, "10.40.64.0/20")).await;
    let id = |id: &Attr<String>| id.text().to_owned();
    let first = SecurityGroup {
        ingress: Attr::Known(Set(vec![Rule { itself: true.into(), cidr_blocks: Attr::Null, ..https("") }])),
        egress: Attr::Known(Set(vec![https("0.0.0.0/0"), Rule { description: "out".into(), ..https("10.0.0.0/8") }])),
        ..group(&net, "first")
    };
    let first = hold(&moto, first, |group| id(&group.id)).await;
    let silent = hold(&moto, group(&net, "silent"), |group| id(&group.id)).await;
    assert!(silent.egress.known().unwrap().is_empty(), "AWS's own rule is taken away");
    let plan = SecurityGroup {
        ingress: Attr::Known(Set(vec![Rule { description: "in".into(), ..https("10.40.0.0/16") }])),
        egress: Attr::Known(Set(vec![Rule { description: "all out".into(), ..https("10.0.0.0/8") }])),
        ..first.clone()
    };
    let wanted = (plan.ingress.clone(), plan.egress.clone());
    let first = change(&cx, first, plan).await;
    assert_eq!((first.ingress.clone(), first.egress.clone()), wanted);
    let prefixed = SecurityGroup { name: Attr::Unknown, name_prefix: "data-".into(), ..group(&net, "") };
    let prefixed = make(&moto.call(), prefixed).await;
    assert!(prefixed.name.text().starts_with("data-") && prefixed.name.text().len() > 20, "{}", prefixed.name.text());

    let table = RouteTable { vpc_id: net.id.clone(), route: Attr::Known(Set(Vec::new())), ..RouteTable::default() };
    let table = make(&moto.call(), table).await;
    let gateway = VpcEndpoint {
        vpc_id: net.id.clone(),
        service_name: "com.amazonaws.eu-west-1.s3".into(),
        vpc_endpoint_type: "Gateway".into(),
        private_dns_enabled: false.into(),
        route_table_ids: texts([id(&table.id)]),
        ..VpcEndpoint::default()
    };
    let gateway = hold(&moto, gateway, |endpoint| id(&endpoint.id)).await;
    assert!(gateway.prefix_list_id.text().starts_with("pl-"), "{gateway:?}");
    let interface = VpcEndpoint {
        vpc_id: net.id.clone(),
        service_name: "com.amazonaws.eu-west-1.sts".into(),
        vpc_endpoint_type: "Interface".into(),
        private_dns_enabled: true.into(),
        subnet_ids: texts([id(&inside.id)]),
        security_group_ids: texts([id(&first.id)]),
        ..VpcEndpoint::default()
    };
    let interface = hold(&moto, interface, |endpoint| id(&endpoint.id)).await;
    assert!(!interface.network_interface_ids.known().unwrap().is_empty());
    let plan = VpcEndpoint { security_group_ids: texts([id(&silent.id)]), tags: named("sts"), ..interface.clone() };
    let interface = change(&cx, interface, plan).await;
    assert_eq!(interface.tags, named("sts"));
    let plan = VpcEndpoint { route_table_ids: texts([]), ..gateway.clone() };
    let gateway = change(&cx, gateway, plan).await;
    assert_eq!(gateway.route_table_ids, texts([]));
    end(&moto, interface).await;
    end(&moto, gateway).await;
    end(&moto, table).await;
    end(&moto, prefixed).await;
    end(&moto, silent).await;
    end(&moto, first).await;
    end(&moto, inside).await;
    end(&moto, net).await;
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_makes_one_vpc() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    moto.misbehave("CreateVpc", 1, How::LoseAnswer);
    make(&cx, vpc()).await;
    assert_eq!((moto.asked("CreateVpc"), vpcs(&cx).await), (1, 1));
}

#[tokio::test]
async fn a_throttled_create_is_repeated_and_makes_one_vpc() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    moto.misbehave("CreateVpc", 2, How::Refuse(503, "RequestLimitExceeded"));
    make(&cx, vpc()).await;
    assert_eq!((moto.asked("CreateVpc"), vpcs(&cx).await), (3, 1));
}

#[tokio::test]
async fn what_aws_does_not_see_yet_is_waited_for() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let net = make(&cx, vpc()).await;
    moto.misbehave("DescribeSubnets", 3, How::Refuse(400, "InvalidSubnetID.NotFound"));
    moto.misbehave("AssociateRouteTable", 2, How::Refuse(400, "InvalidRouteTableID.NotFound"));
    moto.misbehave("CreateRoute", 2, How::Refuse(400, "InvalidNatGatewayID.NotFound"));
    let part = make(&moto.call(), subnet(&net, "10.40.1.0/24")).await;
    let gateway = make(&moto.call(), InternetGateway { vpc_id: net.id.clone(), ..InternetGateway::default() }).await;
    let table = RouteTable { vpc_id: net.id.clone(), route: Attr::Known(Set(Vec::new())), ..RouteTable::default() };
    let table = make(&moto.call(), table).await;
    let association = RouteTableAssociation {
        subnet_id: part.id,
        route_table_id: table.id.clone(),
        ..RouteTableAssociation::default()
    };
    make(&moto.call(), association).await;
    let route = Route {
        route_table_id: table.id,
        destination_cidr_block: "0.0.0.0/0".into(),
        gateway_id: gateway.id,
        ..Route::default()
    };
    make(&moto.call(), route).await;
    assert_eq!((moto.asked("AssociateRouteTable"), moto.asked("CreateRoute")), (3, 3));
}

#[tokio::test]
async fn what_is_still_in_use_is_deleted_when_it_is_free() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let net = make(&cx, vpc()).await;
    let address = make(&moto.call(), Eip { domain: "vpc".into(), ..Eip::default() }).await;
    moto.misbehave("ReleaseAddress", 2, How::Refuse(400, "AuthFailure"));
    moto.misbehave("DeleteVpc", 2, How::Refuse(400, "DependencyViolation"));
    Eip::delete(&cx, address).await.unwrap();
    Vpc::delete(&cx, net).await.unwrap();
    assert_eq!((moto.asked("ReleaseAddress"), moto.asked("DeleteVpc")), (3, 3));
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_delete_is_named() {
    let Some(moto) = moto().await else { return };
    let net = make(&moto.call(), vpc()).await;
    let part = make(&moto.call(), subnet(&net, "10.40.1.0/24")).await;
    let error = Vpc::delete(&call(moto.aws(), 6), net).await.unwrap_err().to_string();
    assert!(error.contains("DependencyViolation") && error.contains(part.id.text()), "{error}");
}

#[tokio::test]
async fn a_subnet_outside_the_vpc_is_refused_at_its_range() {
    let Some(moto) = moto().await else { return };
    let net = make(&moto.call(), vpc()).await;
    let failed = Subnet::create(&moto.call(), subnet(&net, "10.99.1.0/24")).await.unwrap_err();
    assert!(failed.partial.is_none());
    assert_eq!(failed.error.diagnostic().path, Some("cidr_block".into()), "{}", failed.error);
    assert!(failed.error.to_string().contains("InvalidSubnet.Range"), "{}", failed.error);
}

#[tokio::test]
async fn rules_and_tags_that_somebody_changed_are_seen() {
    let Some(moto) = moto().await else { return };
    let cx = moto.call();
    let net = make(&cx, vpc()).await;
    let made = SecurityGroup { egress: Attr::Known(Set(vec![https("0.0.0.0/0")])), ..group(&net, "watched") };
    let made = make(&moto.call(), made).await;
    let extra =
        SecurityGroup { egress: Attr::Known(Set(vec![https("0.0.0.0/0"), https("10.0.0.0/8")])), ..made.clone() };
    SecurityGroup::ready(&cx, extra).await.unwrap();
    let tag = aws_sdk_ec2::types::Tag::builder().key("who").value("me").build();
    cx.client().ec2.create_tags().resources(made.id.text()).tags(tag).send().await.unwrap();
    let seen = SecurityGroup::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(seen.egress.known().unwrap().len(), 2);
    assert!(seen.tags.known().unwrap().contains_key("who"));
    let repaired = change(&cx, seen, made.clone()).await;
    assert_eq!((repaired.egress, repaired.tags), (made.egress, Attr::Null));
}

#[tokio::test]
async fn a_group_that_another_one_names_says_so_or_frees_itself() {
    let Some(moto) = moto().await else { return };
    let net = make(&moto.call(), vpc()).await;
    let named = make(&moto.call(), group(&net, "named")).await;
    let rule = Rule { cidr_blocks: Attr::Null, security_groups: texts([named.id.text().to_owned()]), ..https("") };
    let naming = SecurityGroup { ingress: Attr::Known(Set(vec![rule])), ..group(&net, "naming") };
    let naming = make(&moto.call(), naming).await;
    // moto lets a named group go; AWS does not.
    moto.misbehave("DeleteSecurityGroup", 99, How::Refuse(400, "DependencyViolation"));
    let error = SecurityGroup::delete(&call(moto.aws(), 6), named.clone()).await.unwrap_err().to_string();
    assert!(error.contains(naming.id.text()) && error.contains("revoke_rules_on_delete"), "{error}");
    let allowed = SecurityGroup { revoke_rules_on_delete: true.into(), ..named };
    let _ = SecurityGroup::delete(&call(moto.aws(), 6), allowed).await;
    let seen = SecurityGroup::read(&moto.call(), naming).await.unwrap().unwrap();
    assert!(seen.ingress.known().unwrap().is_empty(), "{:?}", seen.ingress);
}

#[tokio::test]
async fn a_stopped_local_cloud_is_told_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let began = Instant::now();
    let cx = call(aws_at(&endpoint), 60);
    let failed = Vpc::create(&cx, vpc()).await.unwrap_err().error.to_string();
    assert!(failed.contains("ocal cloud") && failed.contains("localcloud up"), "{failed}");
    let read = Vpc::read(&cx, Vpc { id: "vpc-1".into(), ..Vpc::default() }).await.unwrap_err().to_string();
    assert!(read.contains("localcloud up"), "{read}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
