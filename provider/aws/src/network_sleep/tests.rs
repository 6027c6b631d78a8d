use tfplugin::testing::invoked;

use super::*;
use crate::eip::Eip;
use crate::internet_gateway::InternetGateway;
use crate::subnet::Subnet;
use crate::testing::{Cloud, cloud, group, make, subnet, vpc};
use crate::vpc::Vpc;

/// A VPC with a public subnet and a NAT gateway in it.
async fn network(cloud: &Cloud) -> (Vpc, Subnet, NatGateway) {
    let net = make(&cloud.call(), vpc()).await;
    let public = make(&cloud.call(), subnet(&net, "10.40.0.0/24")).await;
    make(&cloud.call(), InternetGateway { vpc_id: net.id.clone(), ..InternetGateway::default() }).await;
    let address = make(&cloud.call(), Eip::default()).await;
    let gateway = NatGateway { subnet_id: public.id.clone(), allocation_id: address.id, ..NatGateway::default() };
    let gateway = make(&cloud.call(), gateway).await;
    (net, public, gateway)
}

async fn endpoint_in(cloud: &Cloud, net: &Vpc, kind: &str, subnet: &Subnet) -> VpcEndpoint {
    let service = if kind == "Interface" { "sts" } else { "s3" };
    let inside = crate::ec2::texts([subnet.id.text().to_owned()]);
    let shared = make(&cloud.call(), group(net, "endpoints")).await;
    let config = VpcEndpoint {
        vpc_id: net.id.clone(),
        service_name: format!("com.amazonaws.eu-west-1.{service}").into(),
        vpc_endpoint_type: kind.into(),
        ..VpcEndpoint::default()
    };
    let config = match kind {
        "Interface" => {
            let security_group_ids = crate::ec2::texts([shared.id.text().to_owned()]);
            VpcEndpoint { subnet_ids: inside, security_group_ids, ..config }
        }
        _ => config,
    };
    make(&cloud.call(), config).await
}

fn sleep(net: &Vpc, endpoints: &[&VpcEndpoint]) -> NetworkSleep {
    let ids: Vec<String> = endpoints.iter().map(|one| one.id.text().to_owned()).collect();
    NetworkSleep { vpc_id: net.id.clone(), vpc_endpoint_ids: Attr::Known(Set(ids)) }
}

#[tokio::test]
async fn a_network_falls_asleep_alone_keeps_its_address_and_sleeps_on() {
    let cloud = cloud();
    let cx = cloud.call();
    let (net, public, gateway) = network(&cloud).await;
    let (_, _, other) = network(&cloud).await;
    let sts = endpoint_in(&cloud, &net, "Interface", &public).await;

    let (said, ended) = invoked(&cx, sleep(&net, &[&sts])).await;
    ended.unwrap();
    let (id, endpoint) = (gateway.id.text(), sts.id.text());
    assert_eq!(said[0], format!("Deleting {id}, {endpoint}"));
    assert!(said[1].contains("A plain terraform apply wakes it"), "{said:?}");
    assert!(NatGateway::read(&cx, gateway.clone()).await.unwrap().is_none());
    assert!(VpcEndpoint::read(&cx, sts.clone()).await.unwrap().is_none());
    cx.client().tables.changed();
    assert!(NatGateway::read(&cx, other).await.unwrap().is_some(), "another network's stays");

    // The address is there, and free: what wakes the network takes it again.
    let woken = NatGateway { subnet_id: public.id, allocation_id: gateway.allocation_id, ..NatGateway::default() };
    let woken = make(&cloud.call(), woken).await;
    assert_eq!(woken.public_ip, gateway.public_ip);
    invoked(&cx, sleep(&net, &[])).await.1.unwrap();
    let (said, ended) = invoked(&cx, sleep(&net, &[&sts])).await;
    ended.unwrap();
    assert_eq!(said, [format!("The network {} sleeps already", net.id.text())]);
}

#[tokio::test]
async fn what_is_no_part_of_the_network_is_refused_before_anything_is_deleted() {
    let cloud = cloud();
    let cx = cloud.call();
    let (net, public, gateway) = network(&cloud).await;
    let s3 = endpoint_in(&cloud, &net, "Gateway", &public).await;
    let (elsewhere, other_public, _) = network(&cloud).await;
    let other = endpoint_in(&cloud, &elsewhere, "Interface", &other_public).await;
    for wrong in [&s3, &other] {
        let error = invoked(&cx, sleep(&net, &[wrong])).await.1.unwrap_err();
        let said = error.diagnostic();
        assert!(said.summary.contains(&format!("{} is no interface endpoint", wrong.id.text())), "{}", said.summary);
        assert_eq!(said.path.as_ref().unwrap().to_string(), "vpc_endpoint_ids");
    }
    assert_eq!(cloud.asked("ec2:DeleteNatGateway") + cloud.asked("ec2:DeleteVpcEndpoints"), 0);
    cx.client().tables.changed();
    assert!(NatGateway::read(&cx, gateway).await.unwrap().is_some());

    let nowhere = Vpc { id: "vpc-0123456789abcdef0".into(), ..Vpc::default() };
    let error = invoked(&cx, sleep(&nowhere, &[])).await.1.unwrap_err();
    assert!(error.diagnostic().summary.contains("there is no VPC \"vpc-0123456789abcdef0\" in eu-west-1"), "{error}");
}
