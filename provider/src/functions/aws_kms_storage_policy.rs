//! aws_kms_storage_policy: a key for the root bucket and the clusters' volumes.
//! Source: <https://docs.databricks.com/aws/en/security/keys/configure-customer-managed-keys>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED};

use super::arguments::Options;
use super::aws_kms_managed_services_policy::{managed_services, owner_statement};
use super::checks::{Wrong, arn, aws_account_id, filled, given, partition};
use super::{document, for_account};

/// The policy of a KMS key that encrypts a workspace's root bucket and, through the cross-account role, the volumes of its
/// clusters.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsKmsStoragePolicy {
    /// The AWS account that owns the key: twelve digits.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub aws_account_id: Attr<String>,
    /// Id of your Databricks account.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub databricks_account_id: Attr<String>,
    /// ARN of the cross-account role, which creates the clusters' volumes. Null: the key is not for volumes.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub cross_account_role_arn: Attr<String>,
    /// An object of options: `managed_services` (`true`: the same key also encrypts the control plane's data; `false` by
    /// default), `grants` (`false`: Databricks may make no grants; `true` by default) and `aws_partition` (`aws` by default,
    /// `aws-us-gov` or `aws-us-gov-dod`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

impl Function for AwsKmsStoragePolicy {
    const NAME: &'static str = "aws_kms_storage_policy";
    const SUMMARY: &'static str = "The policy of a KMS key for a workspace's bucket and volumes.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = provider::databricks::aws_kms_storage_policy(
    "123456789012",
    "0d26daa6-5e44-4c97-a497-ef015f91254a",
    "arn:aws:iam::123456789012:role/databricks",
    { managed_services = true },
  )
}
"#;
    type Output = String;

    fn call(self) -> Result<String, FunctionError> {
        let refused =
            |wrong: Wrong| wrong.in_call(&["aws_account_id", "databricks_account_id", "cross_account_role_arn"]);
        let owner = aws_account_id("aws_account_id", self.aws_account_id.text()).map_err(refused)?;
        let account = filled("databricks_account_id", self.databricks_account_id.text()).map_err(refused)?;
        let role = given(&self.cross_account_role_arn);
        let role = role.map(|role| arn("cross_account_role_arn", role, &["iam"])).transpose().map_err(refused)?;
        let options = Options::read(&self.options, 3, &["managed_services", "grants", "aws_partition"])?;
        let partition = partition(options.text("aws_partition")?).map_err(refused)?;
        let databricks = partition.databricks();
        let mut statements = vec![owner_statement(partition, owner)];
        if options.flag("managed_services", false)? {
            statements.push(managed_services(partition, account));
        }
        statements.push(bucket(&databricks, account));
        if options.flag("grants", true)? {
            statements.push(grants(&databricks, account));
        }
        if let Some(role) = role {
            statements.push(volumes(role));
        }
        Ok(document(statements))
    }
}

fn bucket(databricks: &str, account: &str) -> Json {
    json!({
        "Sid": "Allow Databricks to use KMS key for DBFS",
        "Effect": "Allow",
        "Principal": { "AWS": databricks },
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": for_account(json!([account])),
    })
}

fn grants(databricks: &str, account: &str) -> Json {
    let mut condition = for_account(json!([account]));
    if let Some(condition) = condition.as_object_mut() {
        condition.insert("Bool".to_owned(), json!({ "kms:GrantIsForAWSResource": "true" }));
    }
    json!({
        "Sid": "Allow Databricks to use KMS key for DBFS (Grants)",
        "Effect": "Allow",
        "Principal": { "AWS": databricks },
        "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
        "Resource": "*",
        "Condition": condition,
    })
}

fn volumes(role: &str) -> Json {
    json!({
        "Sid": "Allow Databricks to use KMS key for EBS",
        "Effect": "Allow",
        "Principal": { "AWS": role },
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": { "ForAnyValue:StringLike": { "kms:ViaService": "ec2.*.amazonaws.com" } },
    })
}

#[cfg(test)]
mod tests {
    use tfplugin::Value;

    use super::super::testing::{check, options, refused};
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/databricks";

    fn call(role: Option<&str>, options: Vec<Dynamic>) -> AwsKmsStoragePolicy {
        AwsKmsStoragePolicy {
            aws_account_id: "123456789012".into(),
            databricks_account_id: "abc".into(),
            cross_account_role_arn: role.map(str::to_owned).into(),
            options,
        }
    }

    #[test]
    fn databricks_may_use_the_key_for_buckets_and_the_role_for_volumes() {
        let expected = json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
                    "Action": "kms:*",
                    "Resource": "*",
                },
                {
                    "Sid": "Allow Databricks to use KMS key for DBFS",
                    "Effect": "Allow",
                    "Principal": { "AWS": "arn:aws:iam::414351767826:root" },
                    "Action": [
                        "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"
                    ],
                    "Resource": "*",
                    "Condition": { "StringEquals": { "aws:PrincipalTag/DatabricksAccountId": ["abc"] } },
                },
                {
                    "Sid": "Allow Databricks to use KMS key for DBFS (Grants)",
                    "Effect": "Allow",
                    "Principal": { "AWS": "arn:aws:iam::414351767826:root" },
                    "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
                    "Resource": "*",
                    "Condition": {
                        "StringEquals": { "aws:PrincipalTag/DatabricksAccountId": ["abc"] },
                        "Bool": { "kms:GrantIsForAWSResource": "true" },
                    },
                },
                {
                    "Sid": "Allow Databricks to use KMS key for EBS",
                    "Effect": "Allow",
                    "Principal": { "AWS": ROLE },
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
                    "Resource": "*",
                    "Condition": { "ForAnyValue:StringLike": { "kms:ViaService": "ec2.*.amazonaws.com" } },
                },
            ],
        });
        check(call(Some(ROLE), Vec::new()), &expected);
    }

    #[test]
    fn statements_come_and_go_with_their_options() {
        let actions = |function: AwsKmsStoragePolicy| -> Vec<String> {
            let document: Json = serde_json::from_str(&function.call().unwrap()).unwrap();
            let statements = document["Statement"].as_array().unwrap().clone();
            statements.iter().map(|statement| statement["Sid"].as_str().unwrap().to_owned()).collect()
        };
        let off = |name: &str| options(&[(name, Value::Bool(false))]);
        assert_eq!(actions(call(None, off("grants"))).len(), 2);
        assert_eq!(actions(call(Some(ROLE), off("grants"))).len(), 3);
        let both = actions(call(Some(ROLE), options(&[("managed_services", Value::Bool(true))])));
        assert_eq!(both.len(), 5);
        assert_eq!(both[1], "Allow Databricks to use KMS key for control plane managed services");
    }

    #[test]
    fn an_account_id_is_twelve_digits() {
        let function = AwsKmsStoragePolicy { aws_account_id: "12345".into(), ..call(None, Vec::new()) };
        refused(function, 0, "twelve digits");
    }
}
