//! aws_bucket_policy, the function and the data source: what Databricks may do with the root bucket.
//! Source: <https://docs.databricks.com/aws/en/admin/account-settings-e2/storage>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{
    Attr, COMPUTED, Call, DataSource, Diagnostic, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED, Result,
};

use super::arguments::Options;
use super::checks::{Checked, arn, bucket, given, partition, problems};
use super::{Nobody, document, for_account};

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
        let options = Options::read(&self.options, 2, &["full_access_role", "require_tls", "aws_partition"])?;
        let parts = Parts {
            bucket: self.bucket.text(),
            partition: options.text("aws_partition")?,
            account: given(&self.databricks_account_id),
            role: options.text("full_access_role")?,
            tls: options.flag("require_tls", false)?,
        };
        parts.policy().map_err(|wrong| wrong.in_call(&["bucket", "databricks_account_id"]))
    }
}

/// The policy of a workspace's root bucket, as JSON: the document of the function of the same name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct BucketPolicyData {
    /// Name of the bucket.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// Name of the bucket.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub bucket: Attr<String>,
    /// AWS partition: `aws`, `aws-us-gov` or `aws-us-gov-dod`.
    #[schemars(extend("enum" = ["aws", "aws-us-gov", "aws-us-gov-dod"], "x-tf" = OPTIONAL.default("\"aws\"")))]
    pub aws_partition: Attr<String>,
    /// Without effect: aws_partition names the AWS account of Databricks.
    #[schemars(extend("x-tf" = OPTIONAL.deprecated("Set aws_partition: it names the account of Databricks.")))]
    pub databricks_account_id: Attr<String>,
    /// Id of your Databricks account: only what works for it may use the bucket. Without one there is no such condition, which
    /// only a full_access_role should go without.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub databricks_e2_account_id: Attr<String>,
    /// ARN of a role that gets the access instead of Databricks' account.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub full_access_role: Attr<String>,
    /// The policy document.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub json: Attr<String>,
}

impl BucketPolicyData {
    fn policy(&self) -> Checked<String> {
        let parts = Parts {
            bucket: self.bucket.text(),
            partition: given(&self.aws_partition),
            account: given(&self.databricks_e2_account_id),
            role: given(&self.full_access_role),
            tls: false,
        };
        parts.policy()
    }
}

impl DataSource for BucketPolicyData {
    const NAME: &'static str = "databricks_aws_bucket_policy";
    const EXAMPLE: &'static str = r#"data "databricks_aws_bucket_policy" "example" {
  bucket                   = "acme-root"
  databricks_e2_account_id = "0d26daa6-5e44-4c97-a497-ef015f91254a"
}
"#;
    type Client = Nobody;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let inputs =
            [&config.bucket, &config.aws_partition, &config.databricks_e2_account_id, &config.full_access_role];
        problems(&inputs, || config.policy())
    }

    async fn read(_: &Call<Nobody>, config: Self) -> Result<Self> {
        Ok(Self {
            json: config.policy()?.into(),
            id: config.bucket.clone(),
            aws_partition: given(&config.aws_partition).unwrap_or("aws").into(),
            ..config
        })
    }
}

/// What the document is made of.
struct Parts<'a> {
    bucket: &'a str,
    partition: Option<&'a str>,
    /// The Databricks account that the access is for.
    account: Option<&'a str>,
    /// Who gets the access instead of Databricks' account.
    role: Option<&'a str>,
    /// Whether everybody without TLS is refused.
    tls: bool,
}

impl Parts<'_> {
    fn policy(&self) -> Checked<String> {
        let partition = partition(self.partition)?;
        let resources = partition.bucket(bucket("bucket", self.bucket)?);
        let principal = match self.role {
            Some(role) => arn("full_access_role", role, &["iam", "sts"])?.to_owned(),
            None => partition.databricks(),
        };
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
        if let (Some(id), Some(statement)) = (self.account, access.as_object_mut()) {
            statement.insert("Condition".to_owned(), for_account(json!(id)));
        }
        let mut statements = vec![access];
        if self.tls {
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

    use super::super::testing::{check, options, read, refused, text};
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
    fn names_that_are_no_bucket_and_no_arn_are_refused() {
        refused(call("Acme_Root", Some("abc"), Vec::new()), 0, "no bucket name");
        let role = options(&[("full_access_role", text("not an arn"))]);
        refused(call("acme-root", Some("abc"), role), 2, "\"not an arn\", which is no ARN");
    }

    #[tokio::test]
    async fn the_data_source_has_the_functions_document_and_the_official_defaults() {
        let config = BucketPolicyData { bucket: "acme-root".into(), ..Default::default() };
        let plain = read(config.clone()).await.unwrap();
        assert_eq!(plain.json.text(), call("acme-root", None, Vec::new()).call().unwrap());
        assert_eq!((plain.id.text(), plain.aws_partition.text()), ("acme-root", "aws"));
        let role = "arn:aws-us-gov:iam::123456789012:role/r";
        let full = BucketPolicyData {
            databricks_e2_account_id: "abc".into(),
            databricks_account_id: "123456789012".into(),
            full_access_role: role.into(),
            aws_partition: "aws-us-gov".into(),
            ..config.clone()
        };
        let same = options(&[("full_access_role", text(role)), ("aws_partition", text("aws-us-gov"))]);
        assert_eq!(read(full).await.unwrap().json.text(), call("acme-root", Some("abc"), same).call().unwrap());
        let empty = BucketPolicyData { databricks_e2_account_id: "".into(), full_access_role: "".into(), ..config };
        assert_eq!(read(empty.clone()).await.unwrap().json, plain.json, "the empty text is none");
        let wrong = BucketPolicyData { full_access_role: "not an arn".into(), ..empty };
        let said = BucketPolicyData::validate(&wrong);
        assert_eq!(said.first().map(|one| one.path.clone()), Some(Some("full_access_role".into())));
    }
}
