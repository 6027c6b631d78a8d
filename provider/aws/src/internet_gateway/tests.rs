use super::*;
use crate::testing::{change, cloud, end, hold, make, named, vpc};

#[tokio::test]
async fn a_gateway_is_attached_moved_and_deleted() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let other = make(&cloud.call(), vpc()).await;
    let config = |vpc: Attr<String>| InternetGateway { vpc_id: vpc, ..InternetGateway::default() };
    let made = hold(&cloud, config(net.id.clone()), |gateway| gateway.id.text().to_owned()).await;
    assert_eq!(made.vpc_id, net.id);
    let renamed = InternetGateway { tags: named("out"), ..config(net.id.clone()) };
    let (made, actions) = cloud.actions(change(&cx, made, renamed)).await;
    assert_eq!(actions.iter().filter(|action| *action == "ec2:DescribeInternetGateways").count(), 2, "{actions:?}");
    let made = change(&cx, made, config(other.id.clone())).await;
    assert_eq!(made.vpc_id, other.id);
    end(&cloud, made).await;
}
