//! The policies of the three types, against Databricks' published documents.

use tfplugin::Value;

use super::super::testing::{check, options, read, refused, text};
use super::*;

fn call(policy_type: &str, options: Vec<Dynamic>) -> AwsCrossaccountPolicy {
    AwsCrossaccountPolicy { policy_type: policy_type.into(), options }
}

fn place() -> Vec<(&'static str, Value)> {
    vec![
        ("aws_account_id", text("123456789012")),
        ("region", text("eu-west-1")),
        ("vpc_id", text("vpc-1")),
        ("security_group_id", text("sg-1")),
    ]
}

fn parsed(function: AwsCrossaccountPolicy) -> Vec<Json> {
    let document: Json = serde_json::from_str(&function.call().unwrap()).unwrap();
    document["Statement"].as_array().unwrap().clone()
}

fn spot(namespace: &str) -> Json {
    let role = "role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot";
    json!({
        "Effect": "Allow",
        "Action": ["iam:CreateServiceLinkedRole", "iam:PutRolePolicy"],
        "Resource": format!("arn:{namespace}:iam::*:{role}"),
        "Condition": { "StringLike": { "iam:AWSServiceName": "spot.amazonaws.com" } },
    })
}

#[test]
fn each_type_allows_what_the_one_before_it_allows_and_more() {
    // Number of actions, the last one, and the size of the published document without white space.
    let check = |policy_type: &str, count: usize, last: &str, size: usize| {
        let document = call(policy_type, Vec::new()).call().unwrap();
        assert_eq!(document.len(), size, "{policy_type}");
        let statements = parsed(call(policy_type, Vec::new()));
        let actions = statements[0]["Action"].as_array().unwrap();
        assert_eq!(actions.len(), count, "{policy_type}");
        assert_eq!(actions.last().unwrap(), last, "{policy_type}");
        assert_eq!(statements[0]["Resource"], "*");
        assert_eq!(statements[1..], [spot("aws")]);
    };
    check("customer", 50, "ec2:TerminateInstances", 1720);
    check("managed", 76, "ec2:ReleaseAddress", 2329);
    let managed: Vec<&str> = BASE.iter().chain(CUSTOMER).chain(MANAGED).copied().collect();
    let mut unique = managed.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), managed.len(), "an action is there twice");
}

#[test]
fn roles_may_be_passed_and_the_partition_chosen() {
    let role = "arn:aws-us-gov:iam::123456789012:role/r";
    let statements = parsed(call(
        "customer",
        options(&[("pass_roles", Value::List(vec![text(role)])), ("aws_partition", text("aws-us-gov"))]),
    ));
    assert_eq!(statements[1], spot("aws-us-gov"));
    assert_eq!(statements[2], json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": [role] }));
    assert_eq!(parsed(call("customer", options(&[("pass_roles", Value::List(Vec::new()))]))).len(), 2);
}

#[test]
fn a_type_that_is_none_and_a_place_that_is_incomplete_are_refused() {
    refused(call("strict", Vec::new()), 0, "managed, customer or restricted");
    refused(call("restricted", Vec::new()), 1, "aws_account_id is missing");
    for missing in ["region", "vpc_id", "security_group_id"] {
        let rest: Vec<_> = place().into_iter().filter(|(name, _)| *name != missing).collect();
        refused(call("restricted", options(&rest)), 1, &format!("{missing} is missing"));
    }
    for (name, prefix) in [("vpc_id", "vpc-"), ("security_group_id", "sg-")] {
        let mut other: Vec<_> = place().into_iter().filter(|(other, _)| *other != name).collect();
        other.push((name, text("subnet-1")));
        refused(call("restricted", options(&other)), 1, &format!("does not begin with {prefix}"));
    }
    let roles = options(&[("pass_roles", Value::List(vec![text("data-access")]))]);
    refused(call("customer", roles), 1, "no ARN");
}

#[tokio::test]
async fn the_data_source_has_the_functions_document_and_the_official_defaults() {
    let config = CrossaccountPolicyData::default();
    let plain = read(config.clone()).await.unwrap();
    assert_eq!(plain.json.text(), call("managed", Vec::new()).call().unwrap());
    assert_eq!((plain.policy_type.text(), plain.aws_partition.text()), ("managed", "aws"));
    let role = "arn:aws:iam::123456789012:role/r";
    let full = CrossaccountPolicyData {
        policy_type: "restricted".into(),
        pass_roles: vec![role.to_owned()].into(),
        aws_account_id: "123456789012".into(),
        region: "eu-west-1".into(),
        vpc_id: "vpc-1".into(),
        security_group_id: "sg-1".into(),
        ..config
    };
    let mut same = place();
    same.push(("pass_roles", Value::List(vec![text(role)])));
    assert_eq!(read(full.clone()).await.unwrap().json.text(), call("restricted", options(&same)).call().unwrap());
    let wrong = CrossaccountPolicyData { vpc_id: Attr::Null, ..full.clone() };
    let said = CrossaccountPolicyData::validate(&wrong);
    assert_eq!(said.first().map(|one| one.path.clone()), Some(Some("vpc_id".into())));
    let unknown = CrossaccountPolicyData { vpc_id: Attr::Unknown, ..full };
    assert!(CrossaccountPolicyData::validate(&unknown).is_empty());
}

#[test]
fn a_restricted_policy_allows_what_databricks_publishes() {
    let mut statements = vec![json!({ "Effect": "Allow", "Action": BASE, "Resource": "*" }), spot("aws")];
    assert_eq!(BASE.len(), 37);
    statements.extend(published().as_array().unwrap().clone());
    check(call("restricted", options(&place())), &json!({ "Version": "2012-10-17", "Statement": statements }));
}

fn published() -> Json {
    json!([
        {
            "Sid": "InstancePoolsSupport",
            "Effect": "Allow",
            "Action": ["ec2:AssociateIamInstanceProfile", "ec2:DisassociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation"],
            "Resource": "arn:aws:ec2:eu-west-1:123456789012:instance/*",
            "Condition": { "StringEquals": { "ec2:ResourceTag/Vendor": "Databricks" } }
        },
        {
            "Sid": "AllowEc2RunInstancePerTag",
            "Effect": "Allow",
            "Action": "ec2:RunInstances",
            "Resource": ["arn:aws:ec2:eu-west-1:123456789012:volume/*", "arn:aws:ec2:eu-west-1:123456789012:instance/*"],
            "Condition": { "StringEquals": { "aws:RequestTag/Vendor": "Databricks" } }
        },
        {
            "Sid": "AllowEc2RunInstanceImagePerTag",
            "Effect": "Allow",
            "Action": "ec2:RunInstances",
            "Resource": "arn:aws:ec2:eu-west-1:123456789012:image/*",
            "Condition": { "StringEquals": { "aws:ResourceTag/Vendor": "Databricks" } }
        },
        {
            "Sid": "AllowEc2RunInstancePerVPCid",
            "Effect": "Allow",
            "Action": "ec2:RunInstances",
            "Resource": ["arn:aws:ec2:eu-west-1:123456789012:network-interface/*", "arn:aws:ec2:eu-west-1:123456789012:subnet/*", "arn:aws:ec2:eu-west-1:123456789012:security-group/*"],
            "Condition": { "StringEquals": { "ec2:vpc": "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1" } }
        },
        {
            "Sid": "AllowEc2RunInstanceOtherResources",
            "Effect": "Allow",
            "Action": "ec2:RunInstances",
            "NotResource": ["arn:aws:ec2:eu-west-1:123456789012:image/*", "arn:aws:ec2:eu-west-1:123456789012:network-interface/*", "arn:aws:ec2:eu-west-1:123456789012:subnet/*", "arn:aws:ec2:eu-west-1:123456789012:security-group/*", "arn:aws:ec2:eu-west-1:123456789012:volume/*", "arn:aws:ec2:eu-west-1:123456789012:instance/*"]
        },
        {
            "Sid": "EC2TerminateInstancesTag",
            "Effect": "Allow",
            "Action": "ec2:TerminateInstances",
            "Resource": "arn:aws:ec2:eu-west-1:123456789012:instance/*",
            "Condition": { "StringEquals": { "ec2:ResourceTag/Vendor": "Databricks" } }
        },
        {
            "Sid": "EC2AttachDetachVolumeTag",
            "Effect": "Allow",
            "Action": ["ec2:AttachVolume", "ec2:DetachVolume"],
            "Resource": ["arn:aws:ec2:eu-west-1:123456789012:instance/*", "arn:aws:ec2:eu-west-1:123456789012:volume/*"],
            "Condition": { "StringEquals": { "ec2:ResourceTag/Vendor": "Databricks" } }
        },
        {
            "Sid": "EC2CreateVolumeByTag",
            "Effect": "Allow",
            "Action": "ec2:CreateVolume",
            "Resource": "arn:aws:ec2:eu-west-1:123456789012:volume/*",
            "Condition": { "StringEquals": { "aws:RequestTag/Vendor": "Databricks" } }
        },
        {
            "Sid": "EC2DeleteVolumeByTag",
            "Effect": "Allow",
            "Action": "ec2:DeleteVolume",
            "Resource": ["arn:aws:ec2:eu-west-1:123456789012:volume/*"],
            "Condition": { "StringEquals": { "ec2:ResourceTag/Vendor": "Databricks" } }
        },
        {
            "Sid": "VpcNonresourceSpecificActions",
            "Effect": "Allow",
            "Action": ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"],
            "Resource": "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1",
            "Condition": { "StringEquals": { "ec2:vpc": "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1" } }
        }
    ])
}
