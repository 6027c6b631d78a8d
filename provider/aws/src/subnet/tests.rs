use localcloud::Fault;
use tfplugin::testing::planned;

use super::*;
use crate::testing::{change, cloud, end, hold, make, named, settled, subnet, vpc};
use crate::vpc::Vpc;

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
    // Made anew, it stands where it stood.
    end(&cloud, made).await;
    let anew = make(&cloud.call(), twice.clone()).await;
    assert_eq!(anew.availability_zone_id, twice.availability_zone_id);
    let two = Subnet { availability_zone_id: "euw1-az99".into(), ..twice };
    let error = Subnet::create(&cloud.call(), two).await.unwrap_err().error;
    assert_eq!(error.diagnostic().path, Some("availability_zone_id".into()));
    assert!(error.to_string().contains("and not euw1-az99"), "{error}");
}

#[tokio::test]
async fn a_zone_of_another_region_is_refused_in_the_plan() {
    let cloud = cloud();
    let aws = cloud.aws();
    let config = |zone: &str| Subnet { availability_zone: zone.into(), ..subnet(&Vpc::default(), "10.40.1.0/24") };
    let error = planned(Some(&aws), None, &config("us-east-1a")).unwrap_err();
    assert_eq!(error.diagnostic().summary, "\"us-east-1a\" is no availability zone of eu-west-1");
    assert_eq!(error.diagnostic().path, Some("availability_zone".into()));
    planned(Some(&aws), None, &config("eu-west-1c")).unwrap();
    planned(None, None, &config("us-east-1a")).unwrap();
}
