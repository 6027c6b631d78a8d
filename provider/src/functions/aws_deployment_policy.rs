//! aws_deployment_policy, the function: what an identity needs to be allowed in AWS to apply, put to sleep, and destroy the deployment
//! of this repository's root module, as a policy document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED, Result};

use super::arguments::{Options, refuse};
use super::checks::{aws_account_id, bucket, partition};
use super::document;
use super::partition::Partition;

/// The policy of the identity in AWS that applies and destroys the deployment: each call that it makes, with every switch on or off, and
/// no other. What has a name is allowed below the deployment's name alone.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsDeploymentPolicy {
    /// Name of the deployment: the prefix of its buckets and roles.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub name: Attr<String>,
    /// Id of your AWS account.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub aws_account_id: Attr<String>,
    /// An object of options: `state_bucket` (the bucket in which Terraform keeps the state, which the policy then lets it read and
    /// write) and `aws_partition` (`aws` by default, `aws-us-gov` or `aws-us-gov-dod`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

const NETWORK: &[&str] = &[
    "ec2:AllocateAddress",
    "ec2:AssociateRouteTable",
    "ec2:AttachInternetGateway",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateFlowLogs",
    "ec2:CreateInternetGateway",
    "ec2:CreateNatGateway",
    "ec2:CreateRoute",
    "ec2:CreateRouteTable",
    "ec2:CreateSecurityGroup",
    "ec2:CreateSubnet",
    "ec2:CreateTags",
    "ec2:CreateVpc",
    "ec2:CreateVpcEndpoint",
    "ec2:DeleteFlowLogs",
    "ec2:DeleteInternetGateway",
    "ec2:DeleteNatGateway",
    "ec2:DeleteRoute",
    "ec2:DeleteRouteTable",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteSubnet",
    "ec2:DeleteTags",
    "ec2:DeleteVpc",
    "ec2:DeleteVpcEndpoints",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribePrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ec2:DetachInternetGateway",
    "ec2:DisassociateRouteTable",
    "ec2:EnableEbsEncryptionByDefault",
    "ec2:GetEbsEncryptionByDefault",
    "ec2:ModifyVpcAttribute",
    "ec2:ModifyVpcEndpoint",
    "ec2:ReleaseAddress",
    "ec2:ReplaceRoute",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "route53:AssociateVPCWithHostedZone",
];

const KEYS: &[&str] = &[
    "kms:CreateKey",
    "kms:DescribeKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListKeys",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
];

const BUCKETS: &[&str] = &[
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:GetBucketLogging",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutBucketLogging",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
];

/// What empties a bucket that may be destroyed with its data.
const OBJECTS: &[&str] = &["s3:DeleteObject", "s3:DeleteObjectVersion"];

const ROLES: &[&str] = &[
    "iam:AddRoleToInstanceProfile",
    "iam:CreateInstanceProfile",
    "iam:CreateRole",
    "iam:DeleteInstanceProfile",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:GetInstanceProfile",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:RemoveRoleFromInstanceProfile",
    "iam:TagInstanceProfile",
    "iam:TagRole",
    "iam:UntagInstanceProfile",
    "iam:UntagRole",
];

impl Function for AwsDeploymentPolicy {
    const NAME: &'static str = "aws_deployment_policy";
    const SUMMARY: &'static str = "What an identity needs to be allowed in AWS to apply and destroy the deployment.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = provider::databricks::aws_deployment_policy("lakehouse", "123456789012", {
    state_bucket = "acme-terraform-states"
  })
}
"#;
    type Output = String;

    fn call(self) -> Result<String, FunctionError> {
        let options = Options::read(&self.options, 2, &["state_bucket", "aws_partition"])?;
        let (states, partition_name) = (options.text("state_bucket")?, options.text("aws_partition")?);
        let name = self.name.text();
        if name.len() < 3
            || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            return refuse(
                0,
                format!("{name:?} is no name of a deployment: lower-case letters, digits and hyphens, three at least."),
            );
        }
        let checked = || {
            let account = aws_account_id("aws_account_id", self.aws_account_id.text())?;
            let partition = partition(partition_name)?;
            states.map(|states| bucket("state_bucket", states)).transpose()?;
            Ok((account, partition))
        };
        let (account, partition) =
            checked().map_err(|wrong: super::checks::Wrong| wrong.in_call(&["name", "aws_account_id"]))?;
        Ok(document(statements(name, account, partition, states)))
    }
}

fn statements(name: &str, account: &str, partition: &Partition, states: Option<&str>) -> Vec<Json> {
    let allow = |sid: &str, actions: &[&str], resources: &[String]| json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources });
    let all = ["*".to_owned()];
    let bucket = format!("arn:{}:s3:::{name}-*", partition.namespace);
    let of_iam = |kind: &str| partition.iam(account, &format!("{kind}/{name}-*"));
    let mut statements = vec![
        allow("Network", NETWORK, &all),
        allow("Keys", KEYS, &all),
        allow("Buckets", BUCKETS, std::slice::from_ref(&bucket)),
        allow("Objects", OBJECTS, &[format!("{bucket}/*")]),
        allow("Roles", ROLES, &[of_iam("role"), of_iam("instance-profile")]),
    ];
    if let Some(states) = states {
        let arn = format!("arn:{}:s3:::{states}", partition.namespace);
        let keys = ["kms:Decrypt", "kms:GenerateDataKey"];
        statements.push(allow("StateBucket", &["s3:ListBucket"], std::slice::from_ref(&arn)));
        statements.push(allow("State", &["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], &[format!("{arn}/*")]));
        statements.push(allow("StateKey", &keys, &all));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::super::testing::{options, text};
    use super::*;

    fn call(name: &str, given: Vec<Dynamic>) -> Result<Json, FunctionError> {
        let policy = AwsDeploymentPolicy { name: name.into(), aws_account_id: "123456789012".into(), options: given };
        policy.call().map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn names_are_below_the_deployment_and_the_state_is_in_it_where_it_is_named() {
        let plain = call("acme", Vec::new()).unwrap();
        let statements = plain["Statement"].as_array().unwrap();
        let of = |sid: &str| statements.iter().find(|one| one["Sid"] == sid);
        assert_eq!(of("Buckets").unwrap()["Resource"], json!(["arn:aws:s3:::acme-*"]));
        let roles = ["arn:aws:iam::123456789012:role/acme-*", "arn:aws:iam::123456789012:instance-profile/acme-*"];
        assert_eq!(of("Roles").unwrap()["Resource"], json!(roles));
        assert_eq!(of("State"), None);
        // A managed policy has 6,144 characters at most.
        assert!(plain.to_string().len() < 6144, "{}", plain.to_string().len());
        let with_state = call("acme", options(&[("state_bucket", text("acme-states"))])).unwrap();
        assert!(with_state.to_string().contains("arn:aws:s3:::acme-states/*"), "{with_state}");
    }

    #[test]
    fn a_name_or_a_bucket_that_can_be_none_is_refused() {
        assert_eq!(call("A*", Vec::new()).unwrap_err().argument, Some(0));
        assert_eq!(call("acme", options(&[("state_bucket", text("*"))])).unwrap_err().argument, Some(2));
    }
}
