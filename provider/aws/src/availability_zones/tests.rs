use super::*;
use crate::testing::cloud;

fn shown(config: &AvailabilityZones) -> Vec<String> {
    let filters = filters(config);
    filters.iter().map(|one| format!("{}={}", one.name().unwrap_or_default(), one.values().join(","))).collect()
}

fn by(name: &str, values: &[&str]) -> AvailabilityZones {
    let filter = Filter { name: name.into(), values: texts(values.iter().map(|value| (*value).to_owned())) };
    AvailabilityZones { filter: Attr::Known(vec![filter].into()), ..plain() }
}

fn plain() -> AvailabilityZones {
    AvailabilityZones { state: "available".into(), ..AvailabilityZones::default() }
}

#[test]
fn only_whole_zones_that_are_available_count_unless_a_filter_says_otherwise() {
    assert_eq!(shown(&plain()), ["zone-type=availability-zone", "state=available"]);
    assert_eq!(shown(&by("zone-type", &["local-zone"])), ["zone-type=local-zone", "state=available"]);
    let open = by("opt-in-status", &["opt-in-not-required"]);
    assert_eq!(shown(&open), ["opt-in-status=opt-in-not-required", "zone-type=availability-zone", "state=available"]);
    assert_eq!(shown(&by("state", &["impaired"])), ["state=impaired", "zone-type=availability-zone"]);
}

#[tokio::test]
async fn names_and_ids_are_of_the_same_zones_in_the_order_of_the_names() {
    let cloud = cloud();
    let cx = cloud.call();
    let list = |texts: &[&str]| Attr::Known(texts.iter().map(|text| Attr::from(*text)).collect::<Vec<_>>());
    let zones = AvailabilityZones::read(&cx, plain()).await.unwrap();
    assert_eq!(zones.names, list(&["eu-west-1a", "eu-west-1b", "eu-west-1c"]));
    assert_eq!(zones.zone_ids, list(&["euw1-az3", "euw1-az1", "euw1-az2"]));
    let some = AvailabilityZones {
        exclude_names: texts(["eu-west-1a".to_owned()]),
        exclude_zone_ids: texts(["euw1-az2".to_owned()]),
        ..plain()
    };
    assert_eq!(AvailabilityZones::read(&cx, some).await.unwrap().names, list(&["eu-west-1b"]));
    let none = AvailabilityZones::read(&cx, by("zone-type", &["local-zone"])).await.unwrap();
    assert_eq!(none.names, list(&[]));
}

#[tokio::test]
async fn a_filter_that_ec2_does_not_take_is_told_at_its_block() {
    let cloud = cloud();
    cloud.refuse("ec2:DescribeAvailabilityZones", 1, 400, "InvalidParameterValue");
    let error = AvailabilityZones::read(&cloud.call(), by("colour", &["blue"])).await.unwrap_err();
    assert_eq!(error.diagnostic().path, Some("filter".into()));
}
