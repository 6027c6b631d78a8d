//! aws_unity_catalog_assume_role_policy: who may assume the role of a storage credential.
//! Source: <https://docs.databricks.com/aws/en/connect/unity-catalog/cloud-storage/s3/s3-external-location-manual>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::{Attr, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED};

use super::arguments::{Options, aws_account_id, filled};
use super::document;

/// The trust policy of a storage credential's role: Unity Catalog may assume it, and it may assume itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsUnityCatalogAssumeRolePolicy {
    /// The AWS account that owns the role: twelve digits.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub aws_account_id: Attr<String>,
    /// Name of the role.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub role_name: Attr<String>,
    /// The storage credential's external id.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub external_id: Attr<String>,
    /// An object of options: `unity_catalog_iam_arn` (ARN of Unity Catalog's role; Databricks' own by default) and
    /// `aws_partition` (`aws` by default, `aws-us-gov` or `aws-us-gov-dod`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

impl Function for AwsUnityCatalogAssumeRolePolicy {
    const NAME: &'static str = "aws_unity_catalog_assume_role_policy";
    const SUMMARY: &'static str = "The trust policy of the role of a storage credential of Unity Catalog.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = provider::databricks::aws_unity_catalog_assume_role_policy(
    "123456789012",
    "acme-catalog",
    "0d26daa6-5e44-4c97-a497-ef015f91254a",
  )
}
"#;
    type Output = String;

    fn call(self) -> Result<String, FunctionError> {
        let owner = aws_account_id(&self.aws_account_id, 0)?;
        let role = filled(&self.role_name, 1, "name of the role")?;
        let external_id = filled(&self.external_id, 2, "external id")?;
        let options = Options::read(&self.options, 3, &["unity_catalog_iam_arn", "aws_partition"])?;
        let partition = options.partition()?;
        let catalog = options.text("unity_catalog_iam_arn")?.map_or_else(|| partition.unity_catalog(), str::to_owned);
        Ok(document(vec![
            json!({
                "Sid": "UnityCatalogAssumeRole",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": { "AWS": catalog },
                "Condition": { "StringEquals": { "sts:ExternalId": external_id } },
            }),
            json!({
                "Sid": "ExplicitSelfRoleAssumption",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": { "AWS": partition.iam(owner, "root") },
                "Condition": {
                    "ArnLike": { "aws:PrincipalArn": partition.iam(owner, &format!("role/{role}")) },
                    "StringEquals": { "sts:ExternalId": external_id },
                },
            }),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, options, refused, text};
    use super::*;

    fn call(role: &str, options: Vec<Dynamic>) -> AwsUnityCatalogAssumeRolePolicy {
        AwsUnityCatalogAssumeRolePolicy {
            aws_account_id: "123456789012".into(),
            role_name: role.into(),
            external_id: "xyz".into(),
            options,
        }
    }

    #[test]
    fn unity_catalog_and_the_role_itself_may_assume_the_role() {
        let expected = |namespace: &str, catalog: &str| {
            json!({
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "UnityCatalogAssumeRole",
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": { "AWS": catalog },
                        "Condition": { "StringEquals": { "sts:ExternalId": "xyz" } },
                    },
                    {
                        "Sid": "ExplicitSelfRoleAssumption",
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": { "AWS": format!("arn:{namespace}:iam::123456789012:root") },
                        "Condition": {
                            "ArnLike": { "aws:PrincipalArn": format!("arn:{namespace}:iam::123456789012:role/c") },
                            "StringEquals": { "sts:ExternalId": "xyz" },
                        },
                    },
                ],
            })
        };
        let own = "arn:aws:iam::414351767826:role/unity-catalog-prod-UCMasterRole-14S5ZJVKOTYTL";
        check(call("c", Vec::new()), &expected("aws", own));
        let other = "arn:aws:iam::999999999999:role/other";
        check(call("c", options(&[("unity_catalog_iam_arn", text(other))])), &expected("aws", other));
        let gov = "arn:aws-us-gov:iam::044793339203:role/unity-catalog-prod-UCMasterRole-1QRFA8SGY15OJ";
        check(call("c", options(&[("aws_partition", text("aws-us-gov"))])), &expected("aws-us-gov", gov));
        refused(call("", Vec::new()), 1, "name of the role");
    }
}
