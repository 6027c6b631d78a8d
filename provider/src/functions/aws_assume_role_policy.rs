//! aws_assume_role_policy, the function and the data source: who may assume the cross-account role.
//! Source: <https://docs.databricks.com/aws/en/admin/account-settings-e2/credentials>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::{
    Attr, COMPUTED, Call, DataSource, Diagnostic, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED, Result,
};

use super::arguments::Options;
use super::checks::{Checked, filled, given, partition, problems};
use super::{Nobody, document};

/// The trust policy of the role with which Databricks works in your AWS account: Databricks' account may assume it, and
/// only for your Databricks account.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsAssumeRolePolicy {
    /// The external id: the id of your Databricks account.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub external_id: Attr<String>,
    /// An object of options: `for_log_delivery` (`true` for the role that delivers logs; `false` by default) and
    /// `aws_partition` (`aws` by default, `aws-us-gov` or `aws-us-gov-dod`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

impl Function for AwsAssumeRolePolicy {
    const NAME: &'static str = "aws_assume_role_policy";
    const SUMMARY: &'static str = "The trust policy of the role that Databricks assumes.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = provider::databricks::aws_assume_role_policy("0d26daa6-5e44-4c97-a497-ef015f91254a")
}
"#;
    type Output = String;

    fn call(self) -> Result<String, FunctionError> {
        let options = Options::read(&self.options, 1, &["for_log_delivery", "aws_partition"])?;
        let (partition, logs) = (options.text("aws_partition")?, options.flag("for_log_delivery", false)?);
        policy(self.external_id.text(), partition, None, logs).map_err(|wrong| wrong.in_call(&["external_id"]))
    }
}

/// The trust policy of the role with which Databricks works in your AWS account, as JSON: the document of the function of the same name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AssumeRolePolicyData {
    /// The external id.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// The external id: the id of your Databricks account.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub external_id: Attr<String>,
    /// AWS partition: `aws`, `aws-us-gov` or `aws-us-gov-dod`.
    #[schemars(extend("enum" = ["aws", "aws-us-gov", "aws-us-gov-dod"], "x-tf" = OPTIONAL.default("\"aws\"")))]
    pub aws_partition: Attr<String>,
    /// AWS account of Databricks, instead of the partition's own.
    #[schemars(extend("x-tf" = OPTIONAL.deprecated("Set aws_partition: it names the account of Databricks.")))]
    pub databricks_account_id: Attr<String>,
    /// Whether it is the role that delivers logs.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub for_log_delivery: Attr<bool>,
    /// The policy document.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub json: Attr<String>,
}

impl AssumeRolePolicyData {
    fn policy(&self) -> Checked<String> {
        let (partition, account) = (given(&self.aws_partition), given(&self.databricks_account_id));
        policy(self.external_id.text(), partition, account, self.for_log_delivery.is_true())
    }
}

impl DataSource for AssumeRolePolicyData {
    const NAME: &'static str = "databricks_aws_assume_role_policy";
    const EXAMPLE: &'static str = r#"data "databricks_aws_assume_role_policy" "example" {
  external_id = "0d26daa6-5e44-4c97-a497-ef015f91254a"
}
"#;
    type Client = Nobody;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let inputs = [&config.external_id, &config.aws_partition, &config.databricks_account_id];
        problems(&inputs, || config.policy())
    }

    async fn read(_: &Call<Nobody>, config: Self) -> Result<Self> {
        Ok(Self {
            json: config.policy()?.into(),
            id: config.external_id.clone(),
            aws_partition: given(&config.aws_partition).unwrap_or("aws").into(),
            for_log_delivery: config.for_log_delivery.is_true().into(),
            ..config
        })
    }
}

/// The document. `account` is an AWS account that takes the place of Databricks' own.
fn policy(external_id: &str, partition_name: Option<&str>, account: Option<&str>, logs: bool) -> Checked<String> {
    let external_id = filled("external_id", external_id)?;
    let partition = partition(partition_name)?;
    let principal = match (logs, account) {
        (true, _) => partition.log_delivery(),
        (false, Some(account)) => partition.iam(account, "root"),
        (false, None) => partition.databricks(),
    };
    Ok(document(vec![json!({
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": { "AWS": principal },
        "Condition": { "StringEquals": { "sts:ExternalId": external_id } },
    })]))
}

#[cfg(test)]
mod tests {
    use tfplugin::Value;

    use super::super::testing::{check, options, read, refused, text};
    use super::*;

    fn call(external_id: &str, options: Vec<Dynamic>) -> AwsAssumeRolePolicy {
        AwsAssumeRolePolicy { external_id: external_id.into(), options }
    }

    #[test]
    fn databricks_may_assume_the_role_for_one_account_only() {
        let expected = |principal: &str| {
            json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "AWS": principal },
                    "Action": "sts:AssumeRole",
                    "Condition": { "StringEquals": { "sts:ExternalId": "abc-123" } },
                }],
            })
        };
        check(call("abc-123", Vec::new()), &expected("arn:aws:iam::414351767826:root"));
        check(
            call("abc-123", options(&[("aws_partition", text("aws-us-gov-dod"))])),
            &expected("arn:aws-us-gov:iam::170661010020:root"),
        );
        check(
            call("abc-123", options(&[("for_log_delivery", Value::Bool(true))])),
            &expected("arn:aws:iam::414351767826:role/SaasUsageDeliveryRole-prod-IAMRole-3PLHICCRR1TK"),
        );
        refused(call("", Vec::new()), 0, "external_id must not be empty");
        refused(call("abc", options(&[("external_id", text("a"))])), 1, "There is no option");
    }

    #[tokio::test]
    async fn the_data_source_has_the_functions_document_and_the_official_defaults() {
        let config = AssumeRolePolicyData { external_id: "abc-123".into(), ..Default::default() };
        let plain = read(config.clone()).await.unwrap();
        assert_eq!(plain.json.text(), call("abc-123", Vec::new()).call().unwrap());
        assert_eq!((plain.id.text(), plain.aws_partition.text()), ("abc-123", "aws"));
        assert_eq!(plain.for_log_delivery, false.into());

        let other = AssumeRolePolicyData { databricks_account_id: "123456789012".into(), ..config.clone() };
        assert!(read(other).await.unwrap().json.text().contains(r#""AWS":"arn:aws:iam::123456789012:root""#));
        let logs = AssumeRolePolicyData { for_log_delivery: true.into(), ..config.clone() };
        assert!(read(logs).await.unwrap().json.text().contains("SaasUsageDeliveryRole-prod-IAMRole"));

        let wrong = read(AssumeRolePolicyData { external_id: "".into(), ..config.clone() }).await.unwrap_err();
        assert_eq!(wrong.diagnostic().path, Some("external_id".into()));
        let unknown = AssumeRolePolicyData { external_id: Attr::Unknown, ..config };
        assert!(AssumeRolePolicyData::validate(&unknown).is_empty());
    }
}
