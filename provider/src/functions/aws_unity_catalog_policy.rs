//! aws_unity_catalog_policy: what the role of a storage credential may do.
//! Source: <https://docs.databricks.com/aws/en/connect/unity-catalog/cloud-storage/s3/s3-external-location-manual>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED};

use super::arguments::{Options, aws_account_id, bucket, filled};
use super::document;
use super::partition::Partition;

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
        let owner = aws_account_id(&self.aws_account_id, 0)?;
        let name = bucket(&self.bucket_name, 1)?;
        let role = filled(&self.role_name, 2, "name of the role")?;
        let options = Options::read(&self.options, 3, &["kms_key_arn", "managed_file_events", "aws_partition"])?;
        let partition = options.partition()?;
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
        if let Some(key) = options.text("kms_key_arn")? {
            statements.push(json!({
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"],
                "Resource": [key],
            }));
        }
        if options.flag("managed_file_events", true)? {
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

    use super::super::testing::{check, options, refused, text};
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
    }
}
