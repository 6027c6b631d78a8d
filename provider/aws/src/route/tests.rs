use super::*;
use crate::eip::Eip;
use crate::internet_gateway::InternetGateway;
use crate::nat_gateway::NatGateway;
use crate::route_table::RouteTable;
use crate::route_table_association::RouteTableAssociation;
use crate::testing::{change, cloud, end, hold, make, settled, subnet, vpc};

#[test]
fn a_route_has_one_destination_and_one_target() {
    fn check(config: &Route, expected: &[&str]) {
        let found: Vec<String> = Route::validate(config).into_iter().map(|found| found.summary).collect();
        assert_eq!(found, expected);
    }
    let good = Route { destination_cidr_block: "0.0.0.0/0".into(), gateway_id: "igw-1".into(), ..Route::default() };
    check(&good, &[]);
    check(&Route { gateway_id: Attr::Unknown, ..good.clone() }, &[]);
    check(&Route { gateway_id: Attr::Null, ..good.clone() }, &["A route has one target; 0 are set"]);
    check(&Route { nat_gateway_id: "nat-1".into(), ..good.clone() }, &["A route has one target; 2 are set"]);
    check(
        &Route { destination_ipv6_cidr_block: "::/0".into(), ..good.clone() },
        &["A route has one destination; 2 are set"],
    );
    check(&Route { destination_cidr_block: "all".into(), ..good }, &["\"all\" is no address range that can be used"]);
}

#[tokio::test]
async fn a_route_lives_is_pointed_elsewhere_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let gateway = make(&cloud.call(), InternetGateway { vpc_id: net.id.clone(), ..InternetGateway::default() }).await;
    let public = make(&cloud.call(), subnet(&net, "10.40.0.0/24")).await;
    let address = make(&cloud.call(), Eip::default()).await;
    let nat = NatGateway { subnet_id: public.id, allocation_id: address.id, ..NatGateway::default() };
    let nat = make(&cloud.call(), nat).await;
    let table = make(&cloud.call(), RouteTable { vpc_id: net.id, ..RouteTable::default() }).await;
    let to = |range: &str| Route {
        route_table_id: table.id.clone(),
        destination_cidr_block: range.into(),
        ..Route::default()
    };
    let config = Route { nat_gateway_id: nat.id.clone(), ..to("0.0.0.0/0") };
    let made = hold(&cloud, config, |route| route.id.text().to_owned()).await;
    assert_eq!(made.id.text(), format!("{}_0.0.0.0/0", table.id.text()));
    let made = change(&cx, made, Route { gateway_id: gateway.id.clone(), ..to("0.0.0.0/0") }).await;
    assert_eq!((&made.gateway_id, &made.nat_gateway_id), (&gateway.id, &Attr::Null));
    cloud.refuse("ec2:CreateRoute", 2, 400, "InvalidGatewayID.NotFound");
    let late = make(&cloud.call(), Route { gateway_id: gateway.id.clone(), ..to("192.0.2.0/24") }).await;
    assert_eq!(late.state.text(), "active");
    end(&cloud, made).await;
}

#[tokio::test]
async fn an_ipv6_destination_keeps_its_spelling() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let gateway = make(&cloud.call(), InternetGateway { vpc_id: net.id.clone(), ..InternetGateway::default() }).await;
    let table = make(&cloud.call(), RouteTable { vpc_id: net.id, ..RouteTable::default() }).await;
    let config = Route {
        route_table_id: table.id,
        destination_ipv6_cidr_block: "::0/0".into(),
        gateway_id: gateway.id,
        ..Route::default()
    };
    let made = make(&cloud.call(), config.clone()).await;
    assert_eq!(made.destination_ipv6_cidr_block.text(), "::0/0");
    settled(&cloud.call(), &made, &config).await;
    end(&cloud, made).await;
}

#[tokio::test]
async fn a_table_its_routes_and_its_associations_are_read_with_one_request() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let gateway = make(&cloud.call(), InternetGateway { vpc_id: net.id.clone(), ..InternetGateway::default() }).await;
    let part = make(&cloud.call(), subnet(&net, "10.40.0.0/24")).await;
    let table = make(&cloud.call(), RouteTable { vpc_id: net.id, ..RouteTable::default() }).await;
    let route = Route {
        route_table_id: table.id.clone(),
        destination_cidr_block: "0.0.0.0/0".into(),
        gateway_id: gateway.id,
        ..Route::default()
    };
    let route = make(&cloud.call(), route).await;
    let association = RouteTableAssociation {
        subnet_id: part.id,
        route_table_id: table.id.clone(),
        ..RouteTableAssociation::default()
    };
    let association = make(&cloud.call(), association).await;
    let cx = cloud.call();
    let (_, actions) = cloud
        .actions(async {
            RouteTable::read(&cx, table).await.unwrap().unwrap();
            Route::read(&cx, route).await.unwrap().unwrap();
            RouteTableAssociation::read(&cx, association).await.unwrap().unwrap();
        })
        .await;
    assert_eq!(actions, ["ec2:DescribeRouteTables"]);
}
