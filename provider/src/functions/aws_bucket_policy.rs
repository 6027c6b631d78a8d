//! aws_bucket_policy: what Databricks may do with the root bucket.
//! Source: <https://docs.databricks.com/aws/en/admin/account-settings-e2/storage>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED};

use super::arguments::{Options, bucket};
use super::{document, for_account};

/// The policy of a workspace's root bucket: Databricks may read and write it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsBucketPolicy {
    /// Name of the bucket.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub bucket: Attr<String>,
    /// Id of your Databricks account: only what works for it may use the bucket. With null there is no such condition,
    /// which only the roles of `full_access_role` should go without.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub databricks_account_id: Attr<String>,
    /// An object of options: `full_access_role` (ARN of a role that gets the access instead of Databricks' account),
    /// `require_tls` (`true` also refuses everybody without TLS; `false` by default) and `aws_partition` (`aws` by
    /// default, `aws-us-gov` or `aws-us-gov-dod`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

impl Function for AwsBucketPolicy {
    const NAME: &'static str = "aws_bucket_policy";
    const SUMMARY: &'static str = "The policy of a workspace's root bucket.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = provider::databricks::aws_bucket_policy("acme-root", "0d26daa6-5e44-4c97-a497-ef015f91254a")
}
"#;
    type Output = String;

    fn call(self) -> Result<String, FunctionError> {
        let name = bucket(&self.bucket, 0)?;
        let options = Options::read(&self.options, 2, &["full_access_role", "require_tls", "aws_partition"])?;
        let partition = options.partition()?;
        let resources = partition.bucket(name);
        let principal = options.text("full_access_role")?.map_or_else(|| partition.databricks(), str::to_owned);
        let mut access = json!({
            "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:ListBucket",
                "s3:GetBucketLocation",
            ],
            "Resource": resources,
            "Principal": { "AWS": principal },
        });
        if let (Some(id), Some(statement)) = (self.databricks_account_id.known(), access.as_object_mut()) {
            statement.insert("Condition".to_owned(), for_account(json!(id)));
        }
        let mut statements = vec![access];
        if options.flag("require_tls", false)? {
            statements.push(tls_only(&resources));
        }
        Ok(document(statements))
    }
}

fn tls_only(resources: &[String; 2]) -> Json {
    json!({
        "Sid": "AllowSSLRequestsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:*"],
        "Resource": resources,
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
}

#[cfg(test)]
mod tests {
    use tfplugin::Value;

    use super::super::testing::{check, options, refused, text};
    use super::*;

    fn call(bucket: &str, account: Option<&str>, options: Vec<Dynamic>) -> AwsBucketPolicy {
        let databricks_account_id = account.map(str::to_owned).into();
        AwsBucketPolicy { bucket: bucket.into(), databricks_account_id, options }
    }

    fn access(principal: &str, namespace: &str) -> Json {
        json!({
            "Effect": "Allow",
            "Principal": { "AWS": principal },
            "Action": [
                "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket",
                "s3:GetBucketLocation"
            ],
            "Resource": [format!("arn:{namespace}:s3:::acme-root/*"), format!("arn:{namespace}:s3:::acme-root")],
        })
    }

    fn with_condition(mut statement: Json) -> Json {
        statement["Condition"] = json!({ "StringEquals": { "aws:PrincipalTag/DatabricksAccountId": "abc" } });
        statement
    }

    #[test]
    fn databricks_may_use_the_bucket_for_one_account() {
        let expected = |statements: Json| json!({ "Version": "2012-10-17", "Statement": statements });
        let root = access("arn:aws:iam::414351767826:root", "aws");
        check(call("acme-root", Some("abc"), Vec::new()), &expected(json!([with_condition(root.clone())])));
        check(call("acme-root", None, Vec::new()), &expected(json!([root])));
        let role = "arn:aws:iam::123456789012:role/r";
        check(
            call("acme-root", None, options(&[("full_access_role", text(role))])),
            &expected(json!([access(role, "aws")])),
        );
        let gov = access("arn:aws-us-gov:iam::044793339203:root", "aws-us-gov");
        check(call("acme-root", None, options(&[("aws_partition", text("aws-us-gov"))])), &expected(json!([gov])));
        let tls = json!({
            "Sid": "AllowSSLRequestsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:*"],
            "Resource": ["arn:aws:s3:::acme-root/*", "arn:aws:s3:::acme-root"],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        });
        check(
            call("acme-root", Some("abc"), options(&[("require_tls", Value::Bool(true))])),
            &expected(json!([with_condition(root), tls])),
        );
    }

    #[test]
    fn a_name_that_is_no_bucket_name_is_refused() {
        refused(call("Acme_Root", Some("abc"), Vec::new()), 0, "no bucket name");
    }
}
