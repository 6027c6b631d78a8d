//! aws_unity_catalog_assume_role_policy, the function and the data source: who may assume the role of a storage credential.
//! Source: <https://docs.databricks.com/aws/en/connect/unity-catalog/cloud-storage/s3/s3-external-location-manual>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::{
    Attr, COMPUTED, Call, DataSource, Diagnostic, Dynamic, Function, FunctionError, OPTIONAL, OPTIONAL_COMPUTED,
    REQUIRED, Result,
};

use super::arguments::Options;
use super::checks::{Checked, arn, aws_account_id, filled, given, partition, problems};
use super::{Nobody, document};

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
        let options = Options::read(&self.options, 3, &["unity_catalog_iam_arn", "aws_partition"])?;
        let parts = Parts {
            owner: self.aws_account_id.text(),
            role: self.role_name.text(),
            external_id: self.external_id.text(),
            partition: options.text("aws_partition")?,
            catalog: options.text("unity_catalog_iam_arn")?,
        };
        let (_, document) =
            parts.policy().map_err(|wrong| wrong.in_call(&["aws_account_id", "role_name", "external_id"]))?;
        Ok(document)
    }
}

/// The trust policy of a storage credential's role, as JSON: the document of the function of the same name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct UnityCatalogAssumeRolePolicyData {
    /// AWS account, name of the role and external id.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// The AWS account that owns the role: twelve digits.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub aws_account_id: Attr<String>,
    /// Name of the role.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub role_name: Attr<String>,
    /// The storage credential's external id.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub external_id: Attr<String>,
    /// ARN of Unity Catalog's role; Databricks' own where it is not set.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED))]
    pub unity_catalog_iam_arn: Attr<String>,
    /// AWS partition: `aws`, `aws-us-gov` or `aws-us-gov-dod`.
    #[schemars(extend("enum" = ["aws", "aws-us-gov", "aws-us-gov-dod"], "x-tf" = OPTIONAL.default("\"aws\"")))]
    pub aws_partition: Attr<String>,
    /// The policy document.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub json: Attr<String>,
}

impl UnityCatalogAssumeRolePolicyData {
    fn policy(&self) -> Checked<(String, String)> {
        let parts = Parts {
            owner: self.aws_account_id.text(),
            role: self.role_name.text(),
            external_id: self.external_id.text(),
            partition: given(&self.aws_partition),
            catalog: given(&self.unity_catalog_iam_arn),
        };
        parts.policy()
    }
}

impl DataSource for UnityCatalogAssumeRolePolicyData {
    const NAME: &'static str = "databricks_aws_unity_catalog_assume_role_policy";
    const EXAMPLE: &'static str = r#"data "databricks_aws_unity_catalog_assume_role_policy" "example" {
  aws_account_id = "123456789012"
  role_name      = "acme-catalog"
  external_id    = "0d26daa6-5e44-4c97-a497-ef015f91254a"
}
"#;
    type Client = Nobody;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let names = [&config.aws_account_id, &config.role_name, &config.external_id];
        let others = [&config.aws_partition, &config.unity_catalog_iam_arn];
        problems(&[&names[..], &others].concat(), || config.policy().map(|(_, document)| document))
    }

    async fn read(_: &Call<Nobody>, config: Self) -> Result<Self> {
        let (catalog, document) = config.policy()?;
        let of = [&config.aws_account_id, &config.role_name, &config.external_id];
        Ok(Self {
            id: of.map(Attr::text).join("-").into(),
            unity_catalog_iam_arn: catalog.into(),
            json: document.into(),
            aws_partition: given(&config.aws_partition).unwrap_or("aws").into(),
            ..config
        })
    }
}

/// What the document is made of.
struct Parts<'a> {
    owner: &'a str,
    role: &'a str,
    external_id: &'a str,
    partition: Option<&'a str>,
    catalog: Option<&'a str>,
}

impl Parts<'_> {
    /// Unity Catalog's role, and the document.
    fn policy(&self) -> Checked<(String, String)> {
        let owner = aws_account_id("aws_account_id", self.owner)?;
        let role = filled("role_name", self.role)?;
        let external_id = filled("external_id", self.external_id)?;
        let partition = partition(self.partition)?;
        let catalog = match self.catalog {
            Some(catalog) => arn("unity_catalog_iam_arn", catalog, &["iam", "sts"])?.to_owned(),
            None => partition.unity_catalog(),
        };
        let document = document(vec![
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
        ]);
        Ok((catalog, document))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, options, read, refused, text};
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
        refused(call("", Vec::new()), 1, "role_name must not be empty");
        refused(call("c", options(&[("unity_catalog_iam_arn", text("catalog"))])), 3, "no ARN");
    }

    #[tokio::test]
    async fn the_data_source_has_the_functions_document_and_the_official_defaults() {
        let config = UnityCatalogAssumeRolePolicyData {
            aws_account_id: "123456789012".into(),
            role_name: "c".into(),
            external_id: "xyz".into(),
            ..Default::default()
        };
        let plain = read(config.clone()).await.unwrap();
        assert_eq!(plain.json.text(), call("c", Vec::new()).call().unwrap());
        assert_eq!((plain.id.text(), plain.aws_partition.text()), ("123456789012-c-xyz", "aws"));
        let own = "arn:aws:iam::414351767826:role/unity-catalog-prod-UCMasterRole-14S5ZJVKOTYTL";
        assert_eq!(plain.unity_catalog_iam_arn.text(), own);
        let wrong = UnityCatalogAssumeRolePolicyData { aws_account_id: "1".into(), ..config };
        assert_eq!(read(wrong).await.unwrap_err().diagnostic().path, Some("aws_account_id".into()));
    }
}
