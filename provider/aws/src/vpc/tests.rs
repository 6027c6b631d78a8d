use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use localcloud::Fault;

use super::*;
use crate::eip::Eip;
use crate::testing::{aws_at, call, change, cloud, end, hold, make, named, subnet, vpc};

async fn vpcs(cx: &Call<Aws>) -> usize {
    let answer = cx.client().ec2.describe_vpcs().filters(filter("cidr", "10.40.0.0/16")).send().await.unwrap();
    answer.vpcs().len()
}

#[tokio::test]
async fn a_vpc_lives_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let made = hold(&cloud, vpc(), |vpc| vpc.id.text().to_owned()).await;
    assert!(made.main_route_table_id.text().starts_with("rtb-"), "{made:?}");
    assert!(made.default_security_group_id.text().starts_with("sg-"));
    assert!(made.default_network_acl_id.text().starts_with("acl-"));
    assert_eq!(made.arn.text(), format!("arn:aws:ec2:eu-west-1:{}:vpc/{}", cloud.id(), made.id.text()));
    let all = made.tags_all.known().unwrap();
    assert_eq!(all.len(), 2, "the default tag and the own one, not the mark: {all:?}");
    let config = Vpc { enable_dns_hostnames: false.into(), tags: named("renamed"), ..vpc() };
    let made = change(&cx, made, config).await;
    assert!(!made.enable_dns_hostnames.is_true());
    assert_eq!(made.tags, named("renamed"));
    end(&cloud, made).await;
}

#[tokio::test]
async fn nothing_is_read_twice() {
    let cloud = cloud();
    let cx = cloud.call();
    let made = make(&cx, Vpc { enable_dns_hostnames: false.into(), ..vpc() }).await;
    let (_, actions) = cloud.actions(Vpc::read(&cx, made.clone())).await;
    assert_eq!(actions.len(), 3, "the VPC and its two settings: {actions:?}");
    let (_, actions) = cloud.actions(Vpc::ready(&cx, made)).await;
    assert_eq!(actions.len(), 3, "{actions:?}");
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_makes_one_vpc() {
    let cloud = cloud();
    let cx = cloud.call();
    cloud.fault(Fault::lost_answer("ec2:CreateVpc"));
    make(&cx, vpc()).await;
    assert_eq!((cloud.asked("ec2:CreateVpc"), vpcs(&cx).await), (1, 1));
}

#[tokio::test]
async fn a_throttled_create_is_repeated_and_makes_one_vpc() {
    let cloud = cloud();
    let cx = cloud.call();
    cloud.refuse("ec2:CreateVpc", 2, 503, "RequestLimitExceeded");
    make(&cx, vpc()).await;
    assert_eq!((cloud.asked("ec2:CreateVpc"), vpcs(&cx).await), (3, 1));
}

#[tokio::test]
async fn a_vpc_that_is_not_seen_yet_is_waited_for() {
    let cloud = cloud();
    cloud.fault(Fault::unseen("ec2:CreateVpc", Duration::from_millis(500)));
    let made = make(&cloud.call(), vpc()).await;
    assert!(made.enable_dns_hostnames.is_true());
}

#[tokio::test]
async fn what_is_still_in_use_is_deleted_when_it_is_free() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cx, vpc()).await;
    let address = make(&cloud.call(), Eip::default()).await;
    cloud.refuse("ec2:ReleaseAddress", 2, 400, "AuthFailure");
    cloud.refuse("ec2:DeleteVpc", 2, 400, "DependencyViolation");
    Eip::delete(&cx, address).await.unwrap();
    Vpc::delete(&cx, net).await.unwrap();
    assert_eq!((cloud.asked("ec2:ReleaseAddress"), cloud.asked("ec2:DeleteVpc")), (3, 3));
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_delete_is_named() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let part = make(&cloud.call(), subnet(&net, "10.40.1.0/24")).await;
    let error = Vpc::delete(&call(cloud.aws(), 6), net).await.unwrap_err().to_string();
    assert!(error.contains("DependencyViolation") && error.contains(part.id.text()), "{error}");
}

#[tokio::test]
async fn the_mark_is_not_the_tag_too_many() {
    let cloud = cloud();
    let cx = cloud.call();
    // With the default tag.
    let tags = |count: usize| {
        let tags = (0..count).map(|at| (format!("key-{at}"), "value".into()));
        Attr::Known(tags.collect::<Tags>())
    };
    let marked = |id: String| {
        let cx = &cx;
        async move {
            let tags = cx.client().ec2.describe_tags().filters(filter("resource-id", &id)).send().await.unwrap();
            tags.tags().iter().any(|tag| tag.key() == Some(Marker::TAG))
        }
    };
    let made = make(&cx, Vpc { tags: tags(49), ..vpc() }).await;
    assert!(!marked(made.id.text().to_owned()).await);
    let made = make(&cloud.call(), Vpc { tags: tags(48), ..vpc() }).await;
    assert!(marked(made.id.text().to_owned()).await);
    let made = change(&cx, made, Vpc { tags: tags(49), ..vpc() }).await;
    assert!(!marked(made.id.text().to_owned()).await);
}

#[tokio::test]
async fn a_stopped_local_cloud_is_told_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let began = Instant::now();
    let cx = call(aws_at(&endpoint, Credentials::new("test", "test", None, None, "test")), 60);
    let failed = Vpc::create(&cx, vpc()).await.unwrap_err().error.to_string();
    assert!(failed.contains("ocal cloud") && failed.contains("localcloud up"), "{failed}");
    let read = Vpc::read(&cx, Vpc { id: "vpc-1".into(), ..Vpc::default() }).await.unwrap_err().to_string();
    assert!(read.contains("localcloud up"), "{read}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
