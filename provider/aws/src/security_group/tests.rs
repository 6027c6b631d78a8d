use tfplugin::testing::planned;

use super::*;
use crate::ec2::texts;
use crate::security_group_rules::Rule;
use crate::testing::{call, change, cloud, end, group, hold, https, make, rules, settled, vpc};

#[tokio::test]
async fn a_group_lives_and_dies() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let config = SecurityGroup {
        ingress: rules(&[Rule { itself: true.into(), ..https("") }]),
        egress: rules(&[https("0.0.0.0/0"), Rule { description: "out".into(), ..https("10.0.0.0/8") }]),
        ..group(&net, "first")
    };
    let first = hold(&cloud, config, |group| group.id.text().to_owned()).await;
    let silent = hold(&cloud, group(&net, "silent"), |group| group.id.text().to_owned()).await;
    let shown = describe(cx.client(), silent.id.text()).await.unwrap().unwrap();
    assert_eq!(shown.ip_permissions_egress(), [], "AWS's own rule is taken away");
    let config = SecurityGroup {
        ingress: rules(&[Rule { description: "in".into(), ..https("10.40.0.0/16") }]),
        egress: rules(&[Rule { description: "all out".into(), ..https("10.0.0.0/8") }]),
        ..group(&net, "first")
    };
    let first = change(&cx, first, config.clone()).await;
    assert_eq!((&first.ingress, &first.egress), (&config.ingress, &config.egress));
    let (_, actions) = cloud.actions(SecurityGroup::ready(&cx, first.clone())).await;
    assert_eq!(actions, ["ec2:DescribeSecurityGroups"], "nothing is read twice");
    let prefixed = SecurityGroup { name: Attr::Null, name_prefix: "data-".into(), ..group(&net, "") };
    let prefixed = make(&cloud.call(), prefixed).await;
    assert!(prefixed.name.text().starts_with("data-") && prefixed.name.text().len() > 20, "{}", prefixed.name.text());
    let (_, actions) = cloud.actions(SecurityGroup::delete(&cx, prefixed)).await;
    assert_eq!(actions, ["ec2:DeleteSecurityGroup"]);
    end(&cloud, silent).await;
    end(&cloud, first).await;
}

#[tokio::test]
async fn rules_of_a_direction_without_blocks_are_left_alone() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let config = SecurityGroup { egress: rules(&[https("10.0.0.0/8")]), ..group(&net, "shared") };
    let made = make(&cx, config.clone()).await;
    // Another tool lets somebody in, and somebody out.
    let id = &made.id.text().to_owned();
    authorize(&cx, id, Direction::Ingress, &rules::permissions(&rules(&[https("10.1.0.0/16")]))).await.unwrap();
    let seen = SecurityGroup::read(&cx, made.clone()).await.unwrap().unwrap();
    assert!(!planned(Some(cx.client()), Some(&seen), &config).unwrap().changes);
    let config = SecurityGroup { egress: rules(&[https("10.0.0.0/9")]), ..config };
    let made = change(&cx, seen, config.clone()).await;
    let shown = describe(cx.client(), id).await.unwrap().unwrap();
    assert_eq!(rules::seen(shown.ip_permissions(), id).len(), 1, "what entered still enters");
    // What leaves is managed: what was added is drift, and goes.
    authorize(&cx, id, Direction::Egress, &rules::permissions(&rules(&[https("10.200.0.0/16")]))).await.unwrap();
    let seen = SecurityGroup::read(&cx, made).await.unwrap().unwrap();
    assert_eq!(seen.egress.known().unwrap().len(), 2);
    let made = change(&cx, seen, config).await;
    // Without its last block a direction is nobody's, as with hashicorp/aws: its rules stay.
    settled(&cx, &made, &group(&net, "shared")).await;
}

#[tokio::test]
async fn blocks_with_a_permission_in_common_and_other_spellings_stay_as_they_are_written() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let both = Rule { cidr_blocks: Attr::Known(vec!["10.9.0.0/16".into(), "10.8.0.0/16".into()]), ..https("") };
    let everything = Rule { ipv6_cidr_blocks: Attr::Known(vec!["::0/0".into()]), ..https("") };
    let without_ports = Rule { protocol: "50".into(), ..https("10.8.0.0/16") };
    let kept = [https("10.8.0.0/16"), everything, without_ports];
    let config = SecurityGroup { ingress: rules(&[&[both][..], &kept[..]].concat()), ..group(&net, "common") };
    let made = make(&cloud.call(), config.clone()).await;
    assert_eq!(made.ingress, config.ingress);
    settled(&cloud.call(), &made, &config).await;
    // Without one of the blocks, what the other one stands for stays.
    let config = SecurityGroup { ingress: rules(&kept), ..config };
    let cx = cloud.call();
    let (made, actions) = cloud.actions(change(&cx, made, config.clone())).await;
    assert_eq!(made.ingress, config.ingress);
    assert!(!actions.contains(&"ec2:AuthorizeSecurityGroupIngress".to_owned()), "nobody is cut off: {actions:?}");
}

#[tokio::test]
async fn a_rule_that_is_gone_already_keeps_no_other_one() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let config = SecurityGroup {
        ingress: rules(&[https("10.1.0.0/16"), https("10.2.0.0/16"), https("10.3.0.0/16")]),
        ..group(&net, "raced")
    };
    let made = make(&cx, config.clone()).await;
    cloud.refuse("ec2:RevokeSecurityGroupIngress", 1, 400, "InvalidPermission.NotFound");
    let config = SecurityGroup { ingress: rules(&[https("10.1.0.0/16")]), ..config };
    let made = change(&cx, made, config.clone()).await;
    assert_eq!(made.ingress, config.ingress);
    // One request for both, and one for each.
    assert_eq!(cloud.asked("ec2:RevokeSecurityGroupIngress"), 3);
}

#[tokio::test]
async fn tags_that_somebody_changed_are_seen() {
    let cloud = cloud();
    let cx = cloud.call();
    let net = make(&cloud.call(), vpc()).await;
    let config = group(&net, "watched");
    let made = make(&cx, config.clone()).await;
    let tag = aws_sdk_ec2::types::Tag::builder().key("who").value("me").build();
    cx.client().ec2.create_tags().resources(made.id.text()).tags(tag).send().await.unwrap();
    let seen = SecurityGroup::read(&cx, made).await.unwrap().unwrap();
    assert!(seen.tags.known().unwrap().contains_key("who"));
    assert_eq!(change(&cx, seen, config).await.tags, Attr::Null);
}

#[tokio::test]
async fn a_group_that_another_one_names_says_so_or_frees_itself() {
    let cloud = cloud();
    let net = make(&cloud.call(), vpc()).await;
    let named = make(&cloud.call(), group(&net, "named")).await;
    let rule = Rule { security_groups: texts([named.id.text().to_owned()]), ..https("") };
    let naming = make(&cloud.call(), SecurityGroup { ingress: rules(&[rule]), ..group(&net, "naming") }).await;
    // moto lets a named group go; AWS does not.
    cloud.refuse("ec2:DeleteSecurityGroup", 99, 400, "DependencyViolation");
    let error = SecurityGroup::delete(&call(cloud.aws(), 6), named.clone()).await.unwrap_err().to_string();
    assert!(error.contains(naming.id.text()) && error.contains("revoke_rules_on_delete"), "{error}");
    let allowed = SecurityGroup { revoke_rules_on_delete: true.into(), ..named };
    let _ = SecurityGroup::delete(&call(cloud.aws(), 6), allowed).await;
    let seen = SecurityGroup::read(&cloud.call(), naming).await.unwrap().unwrap();
    assert!(seen.ingress.known().unwrap().is_empty(), "{:?}", seen.ingress);
}
