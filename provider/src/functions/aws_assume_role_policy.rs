//! aws_assume_role_policy: who may assume the cross-account role.
//! Source: <https://docs.databricks.com/aws/en/admin/account-settings-e2/credentials>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::{Attr, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED};

use super::arguments::{Options, filled};
use super::document;

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
        let external_id = filled(&self.external_id, 0, "external id")?;
        let options = Options::read(&self.options, 1, &["for_log_delivery", "aws_partition"])?;
        let partition = options.partition()?;
        let principal =
            if options.flag("for_log_delivery", false)? { partition.log_delivery() } else { partition.databricks() };
        Ok(document(vec![json!({
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": { "AWS": principal },
            "Condition": { "StringEquals": { "sts:ExternalId": external_id } },
        })]))
    }
}

#[cfg(test)]
mod tests {
    use tfplugin::Value;

    use super::super::testing::{check, options, refused, text};
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
        refused(call("", Vec::new()), 0, "external id must not be empty");
        refused(call("abc", options(&[("external_id", text("a"))])), 1, "There is no option");
    }
}
