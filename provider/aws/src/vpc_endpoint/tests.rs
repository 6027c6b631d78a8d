use super::*;
use crate::route_table::RouteTable;
use crate::security_group::SecurityGroup;
use crate::testing::{call, change, cloud, end, group, hold, make, named, settled, subnet, vpc};

#[test]
fn attributes_of_the_other_kind_are_refused() {
    fn check(config: &VpcEndpoint, expected: &[&str]) {
        let found = VpcEndpoint::validate(config);
        let paths: Vec<_> = found.iter().map(|found| found.path.clone().unwrap()).collect();
        assert_eq!(paths, expected.iter().map(|name| (*name).into()).collect::<Vec<tfplugin::Path>>());
    }
    let some = || texts(["x-1".to_owned()]);
    let base = VpcEndpoint::default;
    check(&base(), &[]);
    check(&VpcEndpoint { route_table_ids: some(), ..base() }, &[]);
    check(&VpcEndpoint { subnet_ids: some(), ..base() }, &["subnet_ids"]);
    check(&VpcEndpoint { private_dns_enabled: true.into(), ..base() }, &["private_dns_enabled"]);
    let interface = || VpcEndpoint { vpc_endpoint_type: "Interface".into(), ..base() };
    check(&VpcEndpoint { subnet_ids: some(), ..interface() }, &[]);
    check(&VpcEndpoint { route_table_ids: some(), ..interface() }, &["route_table_ids"]);
}

#[test]
fn states_are_compared_without_regard_to_case() {
    let endpoint = |state: &str| types::VpcEndpoint::builder().state(types::State::from(state)).build();
    assert_eq!(state_of(&endpoint("available")), "available");
    assert_eq!(state_of(&endpoint("Available")), "available");
    assert_eq!(state_of(&endpoint("pendingAcceptance")), "pendingacceptance");
}

#[tokio::test]
async fn a_gateway_endpoint_lives_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let table = make(&cloud.call(), RouteTable { vpc_id: net.id.clone(), ..RouteTable::default() }).await;
    let config = || VpcEndpoint {
        vpc_id: net.id.clone(),
        service_name: "com.amazonaws.eu-west-1.s3".into(),
        route_table_ids: texts([table.id.text().to_owned()]),
        ..VpcEndpoint::default()
    };
    let made = hold(&cloud, config(), |endpoint| endpoint.id.text().to_owned()).await;
    assert!(made.prefix_list_id.text().starts_with("pl-"), "{made:?}");
    let made = change(&cx, made, VpcEndpoint { tags: named("s3"), ..config() }).await;
    end(&cloud, made).await;
}

#[tokio::test]
async fn an_interface_endpoint_lives_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let inside = make(&cloud.call(), subnet(&net, "10.40.64.0/20")).await;
    let first = make(&cloud.call(), group(&net, "first")).await;
    let second = make(&cloud.call(), group(&net, "second")).await;
    let config = |group: &SecurityGroup| VpcEndpoint {
        vpc_id: net.id.clone(),
        service_name: "com.amazonaws.eu-west-1.sts".into(),
        vpc_endpoint_type: "Interface".into(),
        private_dns_enabled: true.into(),
        subnet_ids: texts([inside.id.text().to_owned()]),
        security_group_ids: texts([group.id.text().to_owned()]),
        ..VpcEndpoint::default()
    };
    let made = hold(&cloud, config(&first), |endpoint| endpoint.id.text().to_owned()).await;
    assert!(!made.network_interface_ids.known().unwrap().is_empty());
    let made = change(&cx, made, VpcEndpoint { tags: named("sts"), ..config(&second) }).await;
    assert_eq!(made.tags, named("sts"));
    end(&cloud, made).await;
}

#[tokio::test]
async fn a_missing_route_table_does_not_mean_that_the_endpoint_is_gone() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let config = VpcEndpoint {
        vpc_id: net.id.clone(),
        service_name: "com.amazonaws.eu-west-1.s3".into(),
        ..VpcEndpoint::default()
    };
    let made = make(&cloud.call(), config).await;
    cloud.refuse("ec2:DeleteVpcEndpoints", 9, 400, "InvalidRouteTableID.NotFound");
    let error = VpcEndpoint::delete(&call(cloud.aws(), 6), made).await.unwrap_err().to_string();
    assert!(error.contains("InvalidRouteTableID.NotFound"), "{error}");
}

#[tokio::test]
async fn a_policy_stays_as_it_is_configured_and_is_changed_by_one_call() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let inside = make(&cloud.call(), subnet(&net, "10.40.64.0/20")).await;
    let own = make(&cloud.call(), group(&net, "own")).await;
    let gateway = VpcEndpoint {
        vpc_id: net.id.clone(),
        service_name: "com.amazonaws.eu-west-1.s3".into(),
        ..VpcEndpoint::default()
    };
    let interface = VpcEndpoint {
        service_name: "com.amazonaws.eu-west-1.sts".into(),
        vpc_endpoint_type: "Interface".into(),
        subnet_ids: texts([inside.id.text().to_owned()]),
        security_group_ids: texts([own.id.text().to_owned()]),
        ..gateway.clone()
    };
    // EC2 may tell a list of one as its element.
    let policy = |action: &str| {
        format!(
            r#"{{ "Version": "2012-10-17", "Statement": [ {{ "Effect": "Allow", "Principal": "*", "Action": ["{action}"], "Resource": "*" }} ] }}"#
        )
    };
    for plain in [gateway, interface] {
        let cx = cloud.call();
        let config = |action: &str| VpcEndpoint { policy: policy(action).into(), ..plain.clone() };
        let made = make(&cx, config("s3:GetObject")).await;
        assert_eq!(made.policy.text(), policy("s3:GetObject"));
        settled(&cx, &made, &config("s3:GetObject")).await;
        // The same in EC2's words is no change.
        let told = r#"{"Statement":{"Action":"s3:GetObject","Effect":"Allow","Principal":"*","Resource":"*"},"Version":"2012-10-17"}"#;
        let request = cx.client().ec2.modify_vpc_endpoint().vpc_endpoint_id(made.id.text()).policy_document(told);
        request.send().await.unwrap();
        settled(&cx, &made, &config("s3:GetObject")).await;
        // Taken out, it is left alone, and so it is when something else changes.
        settled(&cx, &made, &plain).await;
        let made = change(&cx, made, VpcEndpoint { tags: named("renamed"), ..plain.clone() }).await;
        assert_eq!(made.policy.text(), policy("s3:GetObject"));
        let plan = VpcEndpoint { policy: policy("s3:*").into(), ..made.clone() };
        let (updated, actions) = cloud.actions(VpcEndpoint::update(&cx, made, plan)).await;
        assert_eq!(actions, ["ec2:ModifyVpcEndpoint"]);
        let ready = VpcEndpoint::ready(&cx, updated.unwrap()).await.unwrap();
        assert_eq!(ready.policy.text(), policy("s3:*"));
        end(&cloud, ready).await;
    }
}

#[test]
fn a_policy_that_is_no_document_is_refused_at_its_attribute() {
    let found = VpcEndpoint::validate(&VpcEndpoint { policy: "allow".into(), ..VpcEndpoint::default() });
    assert_eq!(found.iter().map(|one| one.path.clone()).collect::<Vec<_>>(), [Some("policy".into())]);
}
