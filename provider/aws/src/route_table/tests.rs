use super::*;
use crate::internet_gateway::InternetGateway;
use crate::testing::{change, cloud, end, hold, make, vpc};

fn block(range: &str, gateway: &str) -> RouteBlock {
    RouteBlock { cidr_block: range.into(), gateway_id: gateway.into(), ..RouteBlock::default() }
}

#[test]
fn a_way_and_its_block_are_the_same() {
    let block = block("0.0.0.0/0", "igw-1");
    assert_eq!(RouteBlock::from(&block.way().unwrap()), block);
}

#[test]
fn an_extra_route_is_drift_only_where_routes_are_in_blocks() {
    let route =
        |range: &str, gateway: &str| types::Route::builder().destination_cidr_block(range).gateway_id(gateway).build();
    let seen = [route("10.0.0.0/16", "local"), route("0.0.0.0/0", "igw-1"), route("192.0.2.0/24", "igw-1")];
    let in_blocks = Attr::Known(Set(vec![block("0.0.0.0/0", "igw-1")]));
    let expected = Attr::Known(Set(vec![block("192.0.2.0/24", "igw-1"), block("0.0.0.0/0", "igw-1")]));
    assert_eq!(seen_routes(&in_blocks, &seen), expected);
    let separate = Attr::Known(Set(Vec::new()));
    assert_eq!(seen_routes(&separate, &seen), separate);
}

#[test]
fn a_block_without_a_target_is_refused() {
    let config = RouteTable {
        route: Attr::Known(Set(vec![RouteBlock { cidr_block: "0.0.0.0/0".into(), ..RouteBlock::default() }])),
        ..RouteTable::default()
    };
    let found = RouteTable::validate(&config);
    assert_eq!(found[0].summary, "A route has one target, not 0");
    assert_eq!(found[0].path.as_ref().map(ToString::to_string), Some("route[0].gateway_id".to_owned()));
}

fn in_blocks(gateway: &InternetGateway, ranges: &[&str]) -> Attr<Set<RouteBlock>> {
    Attr::Known(ranges.iter().map(|range| block(range, gateway.id.text())).collect())
}

#[tokio::test]
async fn a_table_with_blocks_lives_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let gateway = make(&cloud.call(), InternetGateway { vpc_id: net.id.clone(), ..InternetGateway::default() }).await;
    let config = |ranges: &[&str]| RouteTable {
        vpc_id: net.id.clone(),
        route: in_blocks(&gateway, ranges),
        ..RouteTable::default()
    };
    let made = hold(&cloud, config(&["0.0.0.0/0", "192.0.2.0/24"]), |table| table.id.text().to_owned()).await;
    let (_, actions) = cloud.actions(RouteTable::ready(&cx, made.clone())).await;
    assert!(actions.len() <= 1, "nothing is read twice: {actions:?}");
    let made = change(&cx, made, config(&["0.0.0.0/0", "198.51.100.0/24"])).await;
    assert_eq!(made.route, in_blocks(&gateway, &["0.0.0.0/0", "198.51.100.0/24"]));
    end(&cloud, made).await;
}

#[tokio::test]
async fn an_ipv6_destination_keeps_its_spelling() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let gateway = make(&cloud.call(), InternetGateway { vpc_id: net.id.clone(), ..InternetGateway::default() }).await;
    let everything =
        RouteBlock { ipv6_cidr_block: "::0/0".into(), gateway_id: gateway.id.clone(), ..RouteBlock::default() };
    let route = Attr::Known(Set(vec![everything]));
    let config = RouteTable { vpc_id: net.id.clone(), route: route.clone(), ..RouteTable::default() };
    let made = hold(&cloud, config, |table| table.id.text().to_owned()).await;
    assert_eq!(made.route, route);
}
