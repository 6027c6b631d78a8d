//! aws_unity_catalog_policy, the function and the data source: what the role of a storage credential may do.
//! Source: <https://docs.databricks.com/aws/en/connect/unity-catalog/cloud-storage/s3/s3-external-location-manual>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{
    Attr, COMPUTED, Call, DataSource, Diagnostic, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED, Result,
};

use super::arguments::Options;
use super::checks::{Checked, Wrong, arn, aws_account_id, bucket, filled, given, partition, problems};
use super::partition::Partition;
use super::{Nobody, document};

/// The policy of a storage credential's role: it may read and write the bucket, use its key, and hear of new files.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsUnityCatalogPolicy {
    /// The AWS account that owns the role: twelve digits.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub aws_account_id: Attr<String>,
    /// Name of the bucket.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub bucket_name: Attr<String>,
    /// Name of the role.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub role_name: Attr<String>,
    /// An object of options: `kms_key_arn` (the key that encrypts the bucket), `managed_file_events` (`false`: the role may
    /// set up no queues for events of new files; `true` by default) and `aws_partition` (`aws` by default, `aws-us-gov` or
    /// `aws-us-gov-dod`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

impl Function for AwsUnityCatalogPolicy {
    const NAME: &'static str = "aws_unity_catalog_policy";
    const SUMMARY: &'static str = "The policy of the role of a storage credential of Unity Catalog.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = provider::databricks::aws_unity_catalog_policy("123456789012", "acme-data", "acme-catalog")
}
"#;
    type Output = String;

    fn call(self) -> Result<String, FunctionError> {
        let options = Options::read(&self.options, 3, &["kms_key_arn", "managed_file_events", "aws_partition"])?;
        let parts = Parts {
            owner: self.aws_account_id.text(),
            bucket: self.bucket_name.text(),
            role: self.role_name.text(),
            partition: options.text("aws_partition")?,
            key: options
                .text("kms_key_arn")?
                .map(|key| arn("kms_key_arn", key, &["kms"]))
                .transpose()
                .map_err(in_call)?,
            file_events: options.flag("managed_file_events", true)?,
        };
        parts.policy().map_err(in_call)
    }
}

fn in_call(wrong: Wrong) -> FunctionError {
    wrong.in_call(&["aws_account_id", "bucket_name", "role_name"])
}

/// The policy of a storage credential's role, as JSON: the document of the function of the same name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct UnityCatalogPolicyData {
    /// Name of the bucket, AWS account and name of the role.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub id: Attr<String>,
    /// The AWS account that owns the role: twelve digits.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub aws_account_id: Attr<String>,
    /// Name of the bucket.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub bucket_name: Attr<String>,
    /// Name of the role.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub role_name: Attr<String>,
    /// The KMS key that encrypts the bucket: its ARN, or what stands in it behind `arn:aws:kms:`.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub kms_name: Attr<String>,
    /// AWS partition: `aws`, `aws-us-gov` or `aws-us-gov-dod`.
    #[schemars(extend("enum" = ["aws", "aws-us-gov", "aws-us-gov-dod"], "x-tf" = OPTIONAL.default("\"aws\"")))]
    pub aws_partition: Attr<String>,
    /// The policy document.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub json: Attr<String>,
}

impl UnityCatalogPolicyData {
    fn policy(&self) -> Checked<String> {
        let key = match given(&self.kms_name) {
            Some(name) if !name.starts_with("arn:") => {
                Some(format!("arn:{}:kms:{name}", partition(given(&self.aws_partition))?.namespace))
            }
            name => name.map(str::to_owned),
        };
        let parts = Parts {
            owner: self.aws_account_id.text(),
            bucket: self.bucket_name.text(),
            role: self.role_name.text(),
            partition: given(&self.aws_partition),
            key: key.as_deref(),
            file_events: true,
        };
        parts.policy()
    }
}

impl DataSource for UnityCatalogPolicyData {
    const NAME: &'static str = "databricks_aws_unity_catalog_policy";
    const EXAMPLE: &'static str = r#"data "databricks_aws_unity_catalog_policy" "example" {
  aws_account_id = "123456789012"
  bucket_name    = "acme-data"
  role_name      = "acme-catalog"
  kms_name       = "arn:aws:kms:eu-west-1:123456789012:key/0d26daa6-5e44-4c97-a497-ef015f91254a"
}
"#;
    type Client = Nobody;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let names = [&config.aws_account_id, &config.bucket_name, &config.role_name];
        problems(&[&names[..], &[&config.aws_partition, &config.kms_name]].concat(), || config.policy())
    }

    async fn read(_: &Call<Nobody>, config: Self) -> Result<Self> {
        let of = [&config.bucket_name, &config.aws_account_id, &config.role_name];
        Ok(Self {
            id: of.map(Attr::text).join("-").into(),
            json: config.policy()?.into(),
            aws_partition: given(&config.aws_partition).unwrap_or("aws").into(),
            ..config
        })
    }
}

/// What the document is made of.
struct Parts<'a> {
    owner: &'a str,
    bucket: &'a str,
    role: &'a str,
    partition: Option<&'a str>,
    /// ARN of the key that encrypts the bucket.
    key: Option<&'a str>,
    /// Whether the role may set up queues for events of new files.
    file_events: bool,
}

impl Parts<'_> {
    fn policy(&self) -> Checked<String> {
        let owner = aws_account_id("aws_account_id", self.owner)?;
        let name = bucket("bucket_name", self.bucket)?;
        let role = filled("role_name", self.role)?;
        let partition = partition(self.partition)?;
        let mut statements = vec![
            json!({
                "Effect": "Allow",
                "Action": [
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:ListBucket",
                    "s3:GetBucketLocation",
                    "s3:ListBucketMultipartUploads",
                    "s3:ListMultipartUploadParts",
                    "s3:AbortMultipartUpload",
                ],
                "Resource": partition.bucket(name),
            }),
            json!({
                "Effect": "Allow",
                "Action": ["sts:AssumeRole"],
                "Resource": [partition.iam(owner, &format!("role/{role}"))],
            }),
        ];
        if let Some(key) = self.key {
            statements.push(json!({
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"],
                "Resource": [key],
            }));
        }
        if self.file_events {
            statements.extend(file_events(partition, owner, name));
        }
        Ok(document(statements))
    }
}

/// Queues and topics by which Unity Catalog hears of new files. Databricks names them `csms-…`.
fn file_events(partition: &Partition, owner: &str, bucket: &str) -> [Json; 3] {
    let namespace = partition.namespace;
    let queues = format!("arn:{namespace}:sqs:*:{owner}:csms-*");
    let topics = format!("arn:{namespace}:sns:*:{owner}:csms-*");
    [
        json!({
            "Sid": "ManagedFileEventsSetupStatement",
            "Effect": "Allow",
            "Action": [
                "s3:GetBucketNotification",
                "s3:PutBucketNotification",
                "sns:ListSubscriptionsByTopic",
                "sns:GetTopicAttributes",
                "sns:SetTopicAttributes",
                "sns:CreateTopic",
                "sns:TagResource",
                "sns:Publish",
                "sns:Subscribe",
                "sqs:CreateQueue",
                "sqs:DeleteMessage",
                "sqs:ReceiveMessage",
                "sqs:SendMessage",
                "sqs:GetQueueUrl",
                "sqs:GetQueueAttributes",
                "sqs:SetQueueAttributes",
                "sqs:TagQueue",
                "sqs:ChangeMessageVisibility",
                "sqs:PurgeQueue",
            ],
            "Resource": [format!("arn:{namespace}:s3:::{bucket}"), queues, topics],
        }),
        json!({
            "Sid": "ManagedFileEventsListStatement",
            "Effect": "Allow",
            "Action": ["sqs:ListQueues", "sqs:ListQueueTags", "sns:ListTopics"],
            "Resource": [queues, topics],
        }),
        json!({
            "Sid": "ManagedFileEventsTeardownStatement",
            "Effect": "Allow",
            "Action": ["sns:Unsubscribe", "sns:DeleteTopic", "sqs:DeleteQueue"],
            "Resource": [queues, topics],
        }),
    ]
}

#[cfg(test)]
mod tests {
    use tfplugin::Value;

    use super::super::testing::{check, options, read, refused, text};
    use super::*;

    fn call(bucket: &str, options: Vec<Dynamic>) -> AwsUnityCatalogPolicy {
        AwsUnityCatalogPolicy {
            aws_account_id: "123456789012".into(),
            bucket_name: bucket.into(),
            role_name: "catalog".into(),
            options,
        }
    }

    #[test]
    fn the_role_may_use_the_bucket_itself_and_the_key() {
        let key = "arn:aws:kms:eu-west-1:123456789012:key/k";
        let no_events = ("managed_file_events", Value::Bool(false));
        let mut statements = vec![
            json!({
                "Effect": "Allow",
                "Action": [
                    "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation",
                    "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"
                ],
                "Resource": ["arn:aws:s3:::data/*", "arn:aws:s3:::data"],
            }),
            json!({
                "Effect": "Allow",
                "Action": ["sts:AssumeRole"],
                "Resource": ["arn:aws:iam::123456789012:role/catalog"],
            }),
        ];
        let expected = |statements: &Vec<Json>| json!({ "Version": "2012-10-17", "Statement": statements });
        check(call("data", options(std::slice::from_ref(&no_events))), &expected(&statements));
        statements.push(json!({
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"],
            "Resource": [key],
        }));
        check(call("data", options(&[no_events, ("kms_key_arn", text(key))])), &expected(&statements));
    }

    #[test]
    fn file_events_are_set_up_listed_and_torn_down() {
        let document: Json = serde_json::from_str(&call("data", Vec::new()).call().unwrap()).unwrap();
        let check = |at: usize, sid: &str, actions: usize, resources: &[&str]| {
            let statement = &document["Statement"][at];
            assert_eq!(statement["Sid"], sid);
            assert_eq!(statement["Action"].as_array().unwrap().len(), actions);
            assert_eq!(statement["Resource"], json!(resources));
        };
        let (queues, topics) = ("arn:aws:sqs:*:123456789012:csms-*", "arn:aws:sns:*:123456789012:csms-*");
        check(2, "ManagedFileEventsSetupStatement", 19, &["arn:aws:s3:::data", queues, topics]);
        check(3, "ManagedFileEventsListStatement", 3, &[queues, topics]);
        check(4, "ManagedFileEventsTeardownStatement", 3, &[queues, topics]);
    }

    #[test]
    fn a_name_that_is_no_bucket_name_is_refused() {
        refused(call("Data", Vec::new()), 1, "no bucket name");
        refused(call("data", options(&[("kms_key_arn", text("k"))])), 3, "no ARN");
    }

    #[tokio::test]
    async fn the_data_source_has_the_functions_document_and_the_official_defaults() {
        let config = UnityCatalogPolicyData {
            aws_account_id: "123456789012".into(),
            bucket_name: "data".into(),
            role_name: "catalog".into(),
            ..Default::default()
        };
        let plain = read(config.clone()).await.unwrap();
        assert_eq!(plain.json.text(), call("data", Vec::new()).call().unwrap());
        assert_eq!((plain.id.text(), plain.aws_partition.text()), ("data-123456789012-catalog", "aws"));
        let key = "arn:aws:kms:eu-west-1:123456789012:key/k";
        let expected = call("data", options(&[("kms_key_arn", text(key))])).call().unwrap();
        for name in [key, "eu-west-1:123456789012:key/k"] {
            let with_key = UnityCatalogPolicyData { kms_name: name.into(), ..config.clone() };
            assert_eq!(read(with_key).await.unwrap().json.text(), expected, "{name}");
        }
        // The Department of Defense's partition has GovCloud's namespace.
        let gov = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/k";
        let dod =
            UnityCatalogPolicyData { kms_name: gov.into(), aws_partition: "aws-us-gov-dod".into(), ..config.clone() };
        assert!(read(dod).await.unwrap().json.text().contains(&format!("[{gov:?}]")));
        let wrong = UnityCatalogPolicyData { bucket_name: "Data".into(), ..config };
        assert_eq!(read(wrong).await.unwrap_err().diagnostic().path, Some("bucket_name".into()));
    }
}
