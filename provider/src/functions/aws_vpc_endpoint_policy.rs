//! aws_vpc_endpoint_policy, the function: what compute may do through an endpoint of AWS's own services.
//! Source: <https://docs.databricks.com/aws/en/security/network/classic/customer-managed-vpc#endpoint-policies>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Dynamic, Function, FunctionError, OPTIONAL, REQUIRED, Result};

use super::arguments::Options;
use super::checks::{Checked, aws_account_id, bucket, partition, wrong};
use super::document;
use super::partition::Partition;
use super::regions::{self, Region};

/// The policy of a VPC endpoint that lets compute do what Databricks needs, and reach no buckets but the named ones and
/// Databricks' own.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AwsVpcEndpointPolicy {
    /// The service that the endpoint leads to: `s3`, `sts` or `kinesis-streams`.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub service: Attr<String>,
    /// Id of your AWS account.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub aws_account_id: Attr<String>,
    /// The AWS region. One in which Databricks' own buckets are not known is an error.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub region: Attr<String>,
    /// An object of options: `root_buckets` (names of buckets that Databricks' account uses: those of workspaces), `buckets` (names of
    /// buckets of your account that compute reads and writes) and `aws_partition` (`aws` by default, `aws-us-gov` or
    /// `aws-us-gov-dod`).
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub options: Vec<Dynamic>,
}

impl Function for AwsVpcEndpointPolicy {
    const NAME: &'static str = "aws_vpc_endpoint_policy";
    const SUMMARY: &'static str = "The policy of a VPC endpoint to S3, STS or Kinesis.";
    const EXAMPLE: &'static str = r#"output "example" {
  value = provider::databricks::aws_vpc_endpoint_policy("s3", "123456789012", "eu-west-1", {
    root_buckets = ["acme-root"]
    buckets      = ["acme-lake"]
  })
}
"#;
    type Output = String;

    fn call(self) -> Result<String, FunctionError> {
        let options = Options::read(&self.options, 3, &["root_buckets", "buckets", "aws_partition"])?;
        let (roots, buckets) = (options.texts("root_buckets")?, options.texts("buckets")?);
        let name = options.text("aws_partition")?;
        let policy = || {
            let account = aws_account_id("aws_account_id", self.aws_account_id.text())?;
            let partition = partition(name)?;
            let region = regions::in_partition(self.region.text(), partition)?;
            for name in &roots {
                bucket("root_buckets", name)?;
            }
            for name in &buckets {
                bucket("buckets", name)?;
            }
            statements(self.service.text(), account, partition, region, (&roots, &buckets)).map(document)
        };
        policy().map_err(|wrong| wrong.in_call(&["service", "aws_account_id", "region"]))
    }
}

fn statements(
    service: &str,
    account: &str,
    partition: &Partition,
    region: &Region,
    (roots, buckets): (&[&str], &[&str]),
) -> Checked<Vec<Json>> {
    match service {
        "s3" => Ok(s3(account, partition, region, roots, buckets)),
        "sts" => Ok(sts(account, partition)),
        "kinesis-streams" => Ok(kinesis(partition, region)),
        other => wrong("service", format!("The service {other:?} is none of s3, sts and kinesis-streams.")),
    }
}

/// What compute does with a bucket that it reads, and with one that it writes too.
const READ: &[&str] = &["s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"];
const WRITE: &[&str] = &[
    "s3:DeleteObject",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:PutObject",
];
const LOG: &[&str] = &["s3:GetBucketLocation", "s3:ListBucket", "s3:PutObject"];

fn s3(account: &str, partition: &Partition, region: &Region, roots: &[&str], buckets: &[&str]) -> Vec<Json> {
    let databricks = partition.account_id;
    let on = |sid: &str, actions: &[&str], names: &[&str], condition: Json| {
        let resources: Vec<String> = names.iter().flat_map(|name| partition.bucket(name)).collect();
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": actions,
            "Resource": resources,
            "Condition": { "StringEquals": condition },
        })
    };
    let own = json!({ "aws:PrincipalAccount": account, "s3:ResourceAccount": account });
    let by_databricks = json!({ "aws:PrincipalAccount": databricks });
    let of_databricks = json!({ "s3:ResourceAccount": databricks });
    let (tables, data, log) = (region.system_tables_bucket(), region.datasets_bucket(), region.log_bucket());
    let mut statements = Vec::new();
    if !roots.is_empty() {
        statements.push(on("RootBuckets", WRITE, roots, by_databricks.clone()));
    }
    if !buckets.is_empty() {
        let actions =
            [WRITE, &["s3:AbortMultipartUpload", "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts"]];
        statements.push(on("OwnBuckets", &actions.concat(), buckets, own));
    }
    statements.push(on("DatabricksPrograms", READ, region.artifact_buckets, of_databricks));
    statements.push(on("SystemTablesAndSamples", READ, &[&tables, &data], by_databricks.clone()));
    statements.push(on("DatabricksLogs", LOG, &[&log], by_databricks));
    statements
}

fn sts(account: &str, partition: &Partition) -> Vec<Json> {
    let samples = partition.iam(partition.account_id, "user/databricks-datasets-readonly-user-prod");
    vec![
        json!({
            "Sid": "OwnAccount",
            "Effect": "Allow",
            "Principal": { "AWS": account },
            "Action": [
                "sts:AssumeRole",
                "sts:DecodeAuthorizationMessage",
                "sts:GetAccessKeyInfo",
                "sts:GetCallerIdentity",
                "sts:GetSessionToken",
                "sts:TagSession",
            ],
            "Resource": "*",
        }),
        json!({
            "Sid": "Databricks",
            "Effect": "Allow",
            "Principal": { "AWS": [samples, partition.account_id] },
            "Action": ["sts:AssumeRole", "sts:GetSessionToken", "sts:TagSession"],
            "Resource": "*",
        }),
    ]
}

fn kinesis(partition: &Partition, region: &Region) -> Vec<Json> {
    let streams = format!("arn:{}:kinesis:{}:{}:stream/*", partition.namespace, region.name, partition.account_id);
    vec![json!({
        "Sid": "DatabricksTelemetry",
        "Effect": "Allow",
        "Principal": { "AWS": partition.account_id },
        "Action": ["kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": streams,
    })]
}

#[cfg(test)]
mod tests {
    use tfplugin::Value;

    use super::super::testing::{check, options, refused, text};
    use super::*;

    fn call(service: &str, options: Vec<Dynamic>) -> AwsVpcEndpointPolicy {
        AwsVpcEndpointPolicy {
            service: service.into(),
            aws_account_id: "123456789012".into(),
            region: "eu-west-1".into(),
            options,
        }
    }

    fn names(names: &[&str]) -> Value {
        Value::List(names.iter().map(|name| text(name)).collect())
    }

    #[test]
    fn s3_is_open_to_the_named_buckets_and_to_databricks_own() {
        let own = options(&[("root_buckets", names(&["acme-root"])), ("buckets", names(&["acme-lake"]))]);
        let document: Json = serde_json::from_str(&call("s3", own).call().unwrap()).unwrap();
        let statements = document["Statement"].as_array().unwrap();
        let of = |sid: &str| statements.iter().find(|one| one["Sid"] == sid).unwrap();
        assert_eq!(of("RootBuckets")["Resource"], json!(["arn:aws:s3:::acme-root/*", "arn:aws:s3:::acme-root"]));
        assert_eq!(
            of("RootBuckets")["Condition"],
            json!({ "StringEquals": { "aws:PrincipalAccount": "414351767826" } })
        );
        assert_eq!(
            of("OwnBuckets")["Condition"],
            json!({ "StringEquals": { "aws:PrincipalAccount": "123456789012", "s3:ResourceAccount": "123456789012" } })
        );
        assert!(of("OwnBuckets")["Action"].as_array().unwrap().contains(&json!("s3:AbortMultipartUpload")));
        assert_eq!(of("DatabricksPrograms")["Resource"][1], "arn:aws:s3:::databricks-prod-artifacts-eu-west-1");
        assert_eq!(
            of("DatabricksPrograms")["Condition"],
            json!({ "StringEquals": { "s3:ResourceAccount": "414351767826" } })
        );
        assert!(!of("SystemTablesAndSamples")["Action"].to_string().contains("Put"));
        assert_eq!(of("DatabricksLogs")["Resource"][1], "arn:aws:s3:::databricks-prod-storage-ireland");

        let bare: Json = serde_json::from_str(&call("s3", Vec::new()).call().unwrap()).unwrap();
        assert_eq!(bare["Statement"].as_array().unwrap().len(), 3, "no statement about buckets that are not named");
    }

    #[test]
    fn sts_and_kinesis_serve_two_accounts_and_databricks_streams() {
        let document: Json = serde_json::from_str(&call("sts", Vec::new()).call().unwrap()).unwrap();
        assert_eq!(document["Statement"][0]["Principal"], json!({ "AWS": "123456789012" }));
        assert_eq!(document["Statement"][1]["Principal"]["AWS"][1], "414351767826");
        check(
            call("kinesis-streams", Vec::new()),
            &json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Sid": "DatabricksTelemetry",
                    "Effect": "Allow",
                    "Principal": { "AWS": "414351767826" },
                    "Action": ["kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"],
                    "Resource": "arn:aws:kinesis:eu-west-1:414351767826:stream/*",
                }],
            }),
        );
    }

    #[test]
    fn what_no_policy_can_be_made_of_is_refused() {
        refused(call("dynamodb", Vec::new()), 0, "none of s3, sts and kinesis-streams");
        refused(AwsVpcEndpointPolicy { aws_account_id: "12".into(), ..call("s3", Vec::new()) }, 1, "twelve digits");
        refused(AwsVpcEndpointPolicy { region: "eu-north-1".into(), ..call("s3", Vec::new()) }, 2, "eu-west-1");
        refused(call("s3", options(&[("buckets", names(&["No"]))])), 3, "no bucket name");
    }
}
