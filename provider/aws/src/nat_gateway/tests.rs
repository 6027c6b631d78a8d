use super::*;
use crate::internet_gateway::InternetGateway;
use crate::testing::{change, cloud, end, hold, make, named, subnet, vpc};

#[tokio::test]
async fn a_gateway_lives_and_its_address_is_free_again() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let public = make(&cloud.call(), subnet(&net, "10.40.0.0/24")).await;
    make(&cloud.call(), InternetGateway { vpc_id: net.id.clone(), ..InternetGateway::default() }).await;
    let address = make(&cloud.call(), eip::Eip::default()).await;
    let config =
        || NatGateway { subnet_id: public.id.clone(), allocation_id: address.id.clone(), ..NatGateway::default() };
    let made = hold(&cloud, config(), |gateway| gateway.id.text().to_owned()).await;
    assert_eq!(made.public_ip, address.public_ip);
    let made = change(&cx, made, NatGateway { tags: named("out"), ..config() }).await;
    let marked = async |id: &str| {
        let (tags, _) = marks::tags_on_ec2(cx.client(), "*").await.unwrap();
        tags.iter().any(|tag| tag.resource_id() == Some(id))
    };
    assert!(marked(made.id.text()).await);
    end(&cloud, made.clone()).await;
    assert!(!marked(made.id.text()).await, "EC2 shows the tags of a deleted one for an hour");
    // A replacement uses the same address again.
    let again = make(&cloud.call(), config()).await;
    end(&cloud, again).await;
    end(&cloud, address).await;
}

#[test]
fn a_public_gateway_has_an_address_and_a_private_one_has_none() {
    let check = |kind: Attr<String>, address: Attr<String>, refused: bool| {
        let config = NatGateway { connectivity_type: kind, allocation_id: address, ..NatGateway::default() };
        assert_eq!(!NatGateway::validate(&config).is_empty(), refused, "{config:?}");
    };
    check(Attr::Null, "eipalloc-1".into(), false);
    check(Attr::Null, Attr::Unknown, false);
    check(Attr::Null, Attr::Null, true);
    check("private".into(), Attr::Null, false);
    check("private".into(), "eipalloc-1".into(), true);
    check(Attr::Unknown, Attr::Null, false);
}
