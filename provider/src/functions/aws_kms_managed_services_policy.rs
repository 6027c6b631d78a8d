//! aws_kms_managed_services_policy: a key for the control plane's data.
//! Source: <https://docs.databricks.com/aws/en/security/keys/configure-customer-managed-keys>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED};

use super::arguments::Options;
use super::checks::{Checked, aws_account_id, filled, partition};
use super::partition::Partition;
use super::{document, for_account};

/// The policy of a KMS key that encrypts notebooks, secrets and queries in Databricks' control plane.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsKmsManagedServicesPolicy {
    /// The AWS account that owns the key: twelve digits.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub aws_account_id: Attr<String>,
    /// Id of your Databricks account.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub databricks_account_id: Attr<String>,
    /// An object of options: `aws_partition` (`aws` by default, `aws-us-gov` or `aws-us-gov-dod`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

impl Function for AwsKmsManagedServicesPolicy {
    const NAME: &'static str = "aws_kms_managed_services_policy";
    const SUMMARY: &'static str = "The policy of a KMS key for Databricks' managed services.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = provider::databricks::aws_kms_managed_services_policy(
    "123456789012",
    "0d26daa6-5e44-4c97-a497-ef015f91254a",
  )
}
"#;
    type Output = String;

    fn call(self) -> Result<String, FunctionError> {
        let options = Options::read(&self.options, 2, &["aws_partition"])?;
        policy(self.aws_account_id.text(), self.databricks_account_id.text(), options.text("aws_partition")?)
            .map_err(|wrong| wrong.in_call(&["aws_account_id", "databricks_account_id"]))
    }
}

fn policy(owner: &str, databricks_account: &str, partition_name: Option<&str>) -> Checked<String> {
    let owner = aws_account_id("aws_account_id", owner)?;
    let databricks_account = filled("databricks_account_id", databricks_account)?;
    let partition = partition(partition_name)?;
    Ok(document(vec![owner_statement(partition, owner), managed_services(partition, databricks_account)]))
}

/// The owning account may do everything, by its IAM policies.
pub(super) fn owner_statement(partition: &Partition, account_id: &str) -> Json {
    json!({
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": { "AWS": partition.iam(account_id, "root") },
        "Action": "kms:*",
        "Resource": "*",
    })
}

/// The control plane may encrypt and decrypt.
pub(super) fn managed_services(partition: &Partition, databricks_account_id: &str) -> Json {
    json!({
        "Sid": "Allow Databricks to use KMS key for control plane managed services",
        "Effect": "Allow",
        "Principal": { "AWS": partition.databricks() },
        "Action": ["kms:Encrypt", "kms:Decrypt"],
        "Resource": "*",
        "Condition": for_account(json!([databricks_account_id])),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, options, refused, text};
    use super::*;

    fn call(owner: &str, account: &str, options: Vec<Dynamic>) -> AwsKmsManagedServicesPolicy {
        AwsKmsManagedServicesPolicy { aws_account_id: owner.into(), databricks_account_id: account.into(), options }
    }

    #[test]
    fn the_owner_may_do_all_and_databricks_may_encrypt_and_decrypt() {
        let expected = |namespace: &str, databricks: &str| {
            json!({
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "Enable IAM User Permissions",
                        "Effect": "Allow",
                        "Principal": { "AWS": format!("arn:{namespace}:iam::123456789012:root") },
                        "Action": "kms:*",
                        "Resource": "*",
                    },
                    {
                        "Sid": "Allow Databricks to use KMS key for control plane managed services",
                        "Effect": "Allow",
                        "Principal": { "AWS": format!("arn:{namespace}:iam::{databricks}:root") },
                        "Action": ["kms:Encrypt", "kms:Decrypt"],
                        "Resource": "*",
                        "Condition": { "StringEquals": { "aws:PrincipalTag/DatabricksAccountId": ["abc"] } },
                    },
                ],
            })
        };
        check(call("123456789012", "abc", Vec::new()), &expected("aws", "414351767826"));
        check(
            call("123456789012", "abc", options(&[("aws_partition", text("aws-us-gov"))])),
            &expected("aws-us-gov", "044793339203"),
        );
        refused(call("12345", "abc", Vec::new()), 0, "twelve digits");
        refused(call("123456789012", "", Vec::new()), 1, "databricks_account_id must not be empty");
    }
}
