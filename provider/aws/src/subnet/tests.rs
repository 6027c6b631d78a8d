use localcloud::Fault;
use tfplugin::testing::planned;

use super::*;
use crate::testing::{change, cloud, end, hold, make, named, settled, subnet, vpc};

#[tokio::test]
async fn a_subnet_lives_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let made = hold(&cloud, subnet(&net, "10.40.1.0/24"), |subnet| subnet.id.text().to_owned()).await;
    assert!(made.availability_zone.text().starts_with("eu-west-1"));
    let (_, actions) = cloud.actions(Subnet::ready(&cx, made.clone())).await;
    assert_eq!(actions, ["ec2:DescribeSubnets"], "nothing is read twice");
    let config = Subnet { map_public_ip_on_launch: true.into(), tags: named("public"), ..subnet(&net, "10.40.1.0/24") };
    let made = change(&cx, made, config).await;
    assert!(made.map_public_ip_on_launch.is_true());
    end(&cloud, made).await;
}

#[tokio::test]
async fn a_subnet_that_is_not_seen_yet_is_waited_for() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    cloud.fault(Fault::unseen("ec2:CreateSubnet", Duration::from_millis(500)));
    make(&cloud.call(), subnet(&net, "10.40.1.0/24")).await;
}

#[tokio::test]
async fn a_subnet_outside_the_vpc_is_refused_at_its_range() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let failed = Subnet::create(&cloud.call(), subnet(&net, "10.99.1.0/24")).await.unwrap_err();
    assert!(failed.partial.is_none());
    assert_eq!(failed.error.diagnostic().path, Some("cidr_block".into()), "{}", failed.error);
    assert!(failed.error.to_string().contains("InvalidSubnet.Range"), "{}", failed.error);
}

#[tokio::test]
async fn a_configuration_generated_from_a_subnet_has_its_zone_twice_and_changes_nothing() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let made = make(&cx, subnet(&net, "10.40.1.0/24")).await;
    let twice = Subnet {
        availability_zone: made.availability_zone.clone(),
        availability_zone_id: made.availability_zone_id.clone(),
        ..subnet(&net, "10.40.1.0/24")
    };
    assert_eq!(Subnet::validate(&twice), []);
    settled(&cx, &made, &twice).await;
    let refused = planned(Some(cx.client()), None, &twice).unwrap_err();
    assert_eq!(refused.diagnostic().summary, "a zone is given twice");
}
