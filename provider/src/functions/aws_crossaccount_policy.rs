//! aws_crossaccount_policy, the function and the data source: what Databricks may do in your AWS account.
//! Source: <https://docs.databricks.com/aws/en/admin/account-settings-e2/credentials>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{
    Attr, COMPUTED, Call, DataSource, Diagnostic, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED, Result,
};

use super::arguments::Options;
use super::checks::{Checked, arn, aws_account_id, given, partition, problems, wrong};
use super::partition::Partition;
use super::{Nobody, document};

/// The policy of the cross-account role, with which Databricks runs clusters in your AWS account.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsCrossaccountPolicy {
    /// How much Databricks may do: `managed` (it also makes the network), `customer` (the network is yours) or
    /// `restricted` (the network is yours, and Databricks touches only what bears its tag and stands in one VPC).
    #[schemars(extend("x-tf" = REQUIRED))]
    pub policy_type: Attr<String>,
    /// An object of options: `pass_roles` (ARNs of roles that clusters may be given), `aws_partition` (`aws` by default,
    /// `aws-us-gov` or `aws-us-gov-dod`) and, for `restricted`, all of `aws_account_id`, `region`, `vpc_id` and
    /// `security_group_id`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

impl Function for AwsCrossaccountPolicy {
    const NAME: &'static str = "aws_crossaccount_policy";
    const SUMMARY: &'static str = "The policy of the cross-account role, with which Databricks runs clusters.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = provider::databricks::aws_crossaccount_policy("restricted", {
    aws_account_id    = "123456789012"
    region            = "eu-west-1"
    vpc_id            = "vpc-0123456789abcdef0"
    security_group_id = "sg-0123456789abcdef0"
    pass_roles        = ["arn:aws:iam::123456789012:role/data-access"]
  })
}
"#;
    type Output = String;

    fn call(self) -> Result<String, FunctionError> {
        let options = Options::read(&self.options, 1, OPTIONS)?;
        let parts = Parts {
            policy_type: self.policy_type.text(),
            partition: options.text("aws_partition")?,
            pass_roles: options.texts("pass_roles")?,
            aws_account_id: options.text("aws_account_id")?,
            region: options.text("region")?,
            vpc_id: options.text("vpc_id")?,
            security_group_id: options.text("security_group_id")?,
        };
        parts.policy().map_err(|wrong| wrong.in_call(&["policy_type"]))
    }
}

const OPTIONS: &[&str] = &["pass_roles", "aws_account_id", "region", "vpc_id", "security_group_id", "aws_partition"];

/// The policy of the cross-account role, as JSON: the document of the function of the same name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CrossaccountPolicyData {
    /// Always `_`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// How much Databricks may do: `managed` (it also makes the network), `customer` (the network is yours) or `restricted` (the
    /// network is yours, and Databricks touches only what bears its tag and stands in one VPC).
    #[schemars(extend("enum" = ["managed", "customer", "restricted"], "x-tf" = OPTIONAL.default("\"managed\"")))]
    pub policy_type: Attr<String>,
    /// ARNs of roles that clusters may be given.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub pass_roles: Attr<Vec<String>>,
    /// AWS partition: `aws`, `aws-us-gov` or `aws-us-gov-dod`.
    #[schemars(extend("enum" = ["aws", "aws-us-gov", "aws-us-gov-dod"], "x-tf" = OPTIONAL.default("\"aws\"")))]
    pub aws_partition: Attr<String>,
    /// Your AWS account, for `restricted`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub aws_account_id: Attr<String>,
    /// AWS region, for `restricted`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub region: Attr<String>,
    /// VPC, for `restricted`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub vpc_id: Attr<String>,
    /// Security group, for `restricted`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub security_group_id: Attr<String>,
    /// The policy document.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub json: Attr<String>,
}

impl CrossaccountPolicyData {
    fn policy(&self) -> Checked<String> {
        let parts = Parts {
            policy_type: given(&self.policy_type).unwrap_or("managed"),
            partition: given(&self.aws_partition),
            pass_roles: self.pass_roles.known().into_iter().flatten().map(String::as_str).collect(),
            aws_account_id: given(&self.aws_account_id),
            region: given(&self.region),
            vpc_id: given(&self.vpc_id),
            security_group_id: given(&self.security_group_id),
        };
        parts.policy()
    }
}

impl DataSource for CrossaccountPolicyData {
    const NAME: &'static str = "databricks_aws_crossaccount_policy";
    const EXAMPLE: &'static str = r#"data "databricks_aws_crossaccount_policy" "example" {
  policy_type = "customer"
  pass_roles  = ["arn:aws:iam::123456789012:role/data-access"]
}
"#;
    type Client = Nobody;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let place = [&config.aws_account_id, &config.region, &config.vpc_id, &config.security_group_id];
        problems(&[&place[..], &[&config.policy_type, &config.aws_partition]].concat(), || config.policy())
    }

    async fn read(_: &Call<Nobody>, config: Self) -> Result<Self> {
        Ok(Self {
            json: config.policy()?.into(),
            id: "_".into(),
            policy_type: given(&config.policy_type).unwrap_or("managed").into(),
            aws_partition: given(&config.aws_partition).unwrap_or("aws").into(),
            ..config
        })
    }
}

/// What the document is made of.
struct Parts<'a> {
    policy_type: &'a str,
    partition: Option<&'a str>,
    pass_roles: Vec<&'a str>,
    aws_account_id: Option<&'a str>,
    region: Option<&'a str>,
    vpc_id: Option<&'a str>,
    security_group_id: Option<&'a str>,
}

impl Parts<'_> {
    fn policy(&self) -> Checked<String> {
        let partition = partition(self.partition)?;
        let mut actions = BASE.to_vec();
        let mut restricted = Vec::new();
        match self.policy_type {
            "managed" => actions.extend(CUSTOMER.iter().chain(MANAGED)),
            "customer" => actions.extend(CUSTOMER),
            "restricted" => restricted = self.place(partition)?.statements(),
            other => {
                let text = format!("{other:?} is no policy type: use managed, customer or restricted.");
                return wrong("policy_type", text);
            }
        }
        let mut statements = vec![
            json!({ "Effect": "Allow", "Action": actions, "Resource": "*" }),
            json!({
                "Effect": "Allow",
                "Action": ["iam:CreateServiceLinkedRole", "iam:PutRolePolicy"],
                "Resource": partition.iam(
                    "*",
                    "role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
                ),
                "Condition": { "StringLike": { "iam:AWSServiceName": "spot.amazonaws.com" } },
            }),
        ];
        for role in self.pass_roles.iter().filter(|role| **role != "*") {
            arn("pass_roles", role, &["iam"])?;
        }
        if !self.pass_roles.is_empty() {
            statements.push(json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": self.pass_roles }));
        }
        statements.extend(restricted);
        Ok(document(statements))
    }

    fn place(&self, partition: &Partition) -> Checked<Place> {
        let demanded = |input: &'static str, value: Option<&str>, prefix: &str| match value {
            Some(text) if text.starts_with(prefix) => Ok(text.to_owned()),
            Some(text) => wrong(input, format!("{input} is {text:?}, which does not begin with {prefix}.")),
            None => wrong(input, format!("{input} is missing: a restricted policy is restricted to one place.")),
        };
        let account = demanded("aws_account_id", self.aws_account_id, "")?;
        let account = aws_account_id("aws_account_id", &account)?;
        let region = demanded("region", self.region, "")?;
        Ok(Place {
            ec2: format!("arn:{}:ec2:{region}:{account}", partition.namespace),
            vpc_id: demanded("vpc_id", self.vpc_id, "vpc-")?,
            security_group_id: demanded("security_group_id", self.security_group_id, "sg-")?,
        })
    }
}

/// The place that a restricted policy is restricted to.
struct Place {
    /// `arn:aws:ec2:eu-west-1:123456789012`, to which `:instance/*` is appended.
    ec2: String,
    vpc_id: String,
    security_group_id: String,
}

impl Place {
    fn all(&self, kind: &str) -> String {
        format!("{}:{kind}/*", self.ec2)
    }

    fn statements(&self) -> Vec<Json> {
        let requested = json!({ "StringEquals": { "aws:RequestTag/Vendor": "Databricks" } });
        let tagged = json!({ "StringEquals": { "ec2:ResourceTag/Vendor": "Databricks" } });
        let image = json!({ "StringEquals": { "aws:ResourceTag/Vendor": "Databricks" } });
        let in_vpc = json!({ "StringEquals": { "ec2:vpc": format!("{}:vpc/{}", self.ec2, self.vpc_id) } });
        let (volumes, instances, images) = (self.all("volume"), self.all("instance"), self.all("image"));
        let network = [self.all("network-interface"), self.all("subnet"), self.all("security-group")];
        let allow = |sid: &str, action: Json, resource: Json, condition: &Json| json!({ "Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition });
        let run = || json!("ec2:RunInstances");
        let mut named = vec![images.clone()];
        named.extend(network.clone());
        named.extend([volumes.clone(), instances.clone()]);
        vec![
            allow(
                "InstancePoolsSupport",
                json!([
                    "ec2:AssociateIamInstanceProfile",
                    "ec2:DisassociateIamInstanceProfile",
                    "ec2:ReplaceIamInstanceProfileAssociation",
                ]),
                json!(instances),
                &tagged,
            ),
            allow("AllowEc2RunInstancePerTag", run(), json!([volumes, instances]), &requested),
            allow("AllowEc2RunInstanceImagePerTag", run(), json!(images), &image),
            allow("AllowEc2RunInstancePerVPCid", run(), json!(network), &in_vpc),
            json!({
                "Sid": "AllowEc2RunInstanceOtherResources",
                "Effect": "Allow",
                "Action": "ec2:RunInstances",
                "NotResource": named,
            }),
            allow("EC2TerminateInstancesTag", json!("ec2:TerminateInstances"), json!(instances), &tagged),
            allow(
                "EC2AttachDetachVolumeTag",
                json!(["ec2:AttachVolume", "ec2:DetachVolume"]),
                json!([instances, volumes]),
                &tagged,
            ),
            allow("EC2CreateVolumeByTag", json!("ec2:CreateVolume"), json!(volumes), &requested),
            allow("EC2DeleteVolumeByTag", json!("ec2:DeleteVolume"), json!([volumes]), &tagged),
            allow(
                "VpcNonresourceSpecificActions",
                json!([
                    "ec2:AuthorizeSecurityGroupEgress",
                    "ec2:AuthorizeSecurityGroupIngress",
                    "ec2:RevokeSecurityGroupEgress",
                    "ec2:RevokeSecurityGroupIngress",
                ]),
                json!(format!("{}:security-group/{}", self.ec2, self.security_group_id)),
                &in_vpc,
            ),
        ]
    }
}

/// What every type of policy allows.
const BASE: &[&str] = &[
    "ec2:AssignPrivateIpAddresses",
    "ec2:CancelSpotInstanceRequests",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeIamInstanceProfileAssociations",
    "ec2:DescribeInstanceStatus",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribePrefixLists",
    "ec2:DescribeReservedInstancesOfferings",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSpotInstanceRequests",
    "ec2:DescribeSpotPriceHistory",
    "ec2:DescribeSubnets",
    "ec2:DescribeVolumes",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcs",
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:GetSpotPlacementScores",
    "ec2:RequestSpotInstances",
    "ec2:DescribeFleetHistory",
    "ec2:ModifyFleet",
    "ec2:DeleteFleets",
    "ec2:DescribeFleetInstances",
    "ec2:DescribeFleets",
    "ec2:CreateFleet",
    "ec2:DeleteLaunchTemplate",
    "ec2:GetLaunchTemplateData",
    "ec2:CreateLaunchTemplate",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:ModifyLaunchTemplate",
    "ec2:DeleteLaunchTemplateVersions",
    "ec2:CreateLaunchTemplateVersion",
];

/// What running clusters in a network of yours takes on top, where no tag restricts it.
const CUSTOMER: &[&str] = &[
    "ec2:AssociateIamInstanceProfile",
    "ec2:AttachVolume",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateVolume",
    "ec2:DeleteVolume",
    "ec2:DetachVolume",
    "ec2:DisassociateIamInstanceProfile",
    "ec2:ReplaceIamInstanceProfileAssociation",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:RunInstances",
    "ec2:TerminateInstances",
];

/// What making the network takes on top.
const MANAGED: &[&str] = &[
    "ec2:AttachInternetGateway",
    "ec2:AllocateAddress",
    "ec2:AssociateDhcpOptions",
    "ec2:AssociateRouteTable",
    "ec2:CreateDhcpOptions",
    "ec2:CreateInternetGateway",
    "ec2:CreateNatGateway",
    "ec2:CreateRoute",
    "ec2:CreateRouteTable",
    "ec2:CreateSecurityGroup",
    "ec2:CreateSubnet",
    "ec2:CreateVpc",
    "ec2:CreateVpcEndpoint",
    "ec2:DeleteDhcpOptions",
    "ec2:DeleteInternetGateway",
    "ec2:DeleteNatGateway",
    "ec2:DeleteRoute",
    "ec2:DeleteRouteTable",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteSubnet",
    "ec2:DeleteVpc",
    "ec2:DeleteVpcEndpoints",
    "ec2:DetachInternetGateway",
    "ec2:DisassociateRouteTable",
    "ec2:ModifyVpcAttribute",
    "ec2:ReleaseAddress",
];

#[cfg(test)]
mod tests;
