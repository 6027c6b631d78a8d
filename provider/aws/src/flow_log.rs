//! databricks_aws_flow_log: a record of who talked to whom in a network.
//! API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html>.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Probe,
    REQUIRED, Resource, Result, Timeouts,
};

use super::client::Aws;
use super::create::settled;
use super::marks;
use super::tag_limits;
use super::tags::{self, Tags};

mod check;
mod remote;

/// A flow log: AWS writes down the connections of a VPC, a subnet or a network interface, into a bucket, a log group of CloudWatch or a
/// stream of Firehose. What was written stays when the flow log is deleted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct FlowLog {
    /// Id of the flow log.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// VPC whose connections are written down. One of `vpc_id`, `subnet_id` and `eni_id` is set.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub vpc_id: Attr<String>,
    /// Subnet whose connections are written down.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub subnet_id: Attr<String>,
    /// Network interface whose connections are written down.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub eni_id: Attr<String>,
    /// Which connections: those that were let through, those that were not, or both.
    #[schemars(extend("enum" = ["ACCEPT", "ALL", "REJECT"], "x-tf" = OPTIONAL.default("\"ALL\"").replaces()))]
    pub traffic_type: Attr<String>,
    /// What they are written into.
    #[schemars(extend("enum" = ["cloud-watch-logs", "kinesis-data-firehose", "s3"], "x-tf" = OPTIONAL.default("\"cloud-watch-logs\"").replaces()))]
    pub log_destination_type: Attr<String>,
    /// ARN of what they are written into: a bucket, with a folder behind it if there is one (`arn:aws:s3:::logs/flows`), a log group, or a
    /// stream of Firehose. It exists already.
    #[schemars(regex(pattern = "^arn:"), extend("x-form" = "an ARN", "x-tf" = REQUIRED.replaces()))]
    pub log_destination: Attr<String>,
    /// ARN of the role with which AWS writes into a log group; a bucket has a policy instead.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub iam_role_arn: Attr<String>,
    /// ARN of the role with which AWS writes into another account's stream.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub deliver_cross_account_role: Attr<String>,
    /// What is written of a connection, in AWS's default order if none is given. In HCL, `$${srcaddr}` stands for `${srcaddr}`.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.keeps_state().replaces()))]
    pub log_format: Attr<String>,
    /// How many seconds of connections become one record: 60 or 600.
    #[schemars(extend("x-tf" = OPTIONAL.default("600").replaces()))]
    pub max_aggregation_interval: Attr<i64>,
    /// How files stand in a bucket.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state().replaces()))]
    pub destination_options: Attr<DestinationOptions>,
    /// Tags of the flow log.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tags: Attr<Tags>,
    /// Tags of the flow log with the provider's default tags.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub tags_all: Attr<Tags>,
    /// ARN of the flow log.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub arn: Attr<String>,
    /// Whether the last records could be written: `SUCCESS` or `FAILED`. A plan warns of the latter.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub deliver_logs_status: Attr<String>,
    /// Why they could not: `Access error`, `Rate limited` or `Unknown error`.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub deliver_logs_error_message: Attr<String>,
}

/// How files stand in a bucket.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DestinationOptions {
    /// Format of the files.
    #[schemars(extend("enum" = ["parquet", "plain-text"], "x-tf" = OPTIONAL.default("\"plain-text\"").replaces()))]
    pub file_format: Attr<String>,
    /// Whether folders are named as Hive names partitions: `year=2026`.
    #[schemars(extend("x-tf" = OPTIONAL.default("false").replaces()))]
    pub hive_compatible_partitions: Attr<bool>,
    /// Whether each hour has a folder, and not each day.
    #[schemars(extend("x-tf" = OPTIONAL.default("false").replaces()))]
    pub per_hour_partition: Attr<bool>,
}

crate::tagged!(FlowLog);

impl Resource for FlowLog {
    const NAME: &'static str = "databricks_aws_flow_log";
    const EXAMPLE: &'static str = r#"resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_s3_bucket" "example" {
  bucket        = "acme-analytics-flows"
  force_destroy = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "s3:PutObject"
        Resource  = "arn:aws:s3:::acme-analytics-flows/*"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Condition = { StringEquals = { "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
      {
        Effect    = "Allow"
        Action    = ["s3:GetBucketAcl", "s3:ListBucket"]
        Resource  = "arn:aws:s3:::acme-analytics-flows"
        Principal = { Service = "delivery.logs.amazonaws.com" }
      },
    ]
  })
}

resource "databricks_aws_flow_log" "example" {
  vpc_id               = databricks_aws_vpc.example.id
  log_destination_type = "s3"
  log_destination      = databricks_aws_s3_bucket.example.arn

  destination_options {
    file_format        = "parquet"
    per_hour_partition = true
  }

  tags = { Name = "analytics" }
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("\"analytics\"", "\"lake\""));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("\"parquet\"", "\"plain-text\""));
    const IMPORT_ID: Option<&'static str> = Some("fl-0123456789abcdef0");
    const TIMEOUTS: Timeouts = Timeouts::minutes(5);
    type Client = Aws;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let mut problems = check::check(config);
        problems.extend(tag_limits::check(&config.tags));
        problems
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        tags::plan(planning);
        if let Some(prior) = planning.prior
            && prior.deliver_logs_status.text() == "FAILED"
        {
            let (id, reason) = (prior.id.text(), prior.deliver_logs_error_message.text());
            planning.warnings.push(Diagnostic::warning(
                format!("Records of the flow log {id} do not arrive: {reason}"),
                format!(
                    "AWS cannot write into {}. Check that it exists, and its policy (of a bucket) or iam_role_arn (of a log group).",
                    prior.log_destination.text()
                ),
            ));
        }
        Ok(())
    }

    async fn create(cx: &Call<Aws>, plan: Self) -> Result<Self, Failed<Self>> {
        let id = remote::create(cx, &plan).await?;
        Ok(Self { id: Attr::Known(id), ..plan })
    }

    async fn ready(cx: &Call<Aws>, state: Self) -> Result<Self> {
        let what = format!("flow log {}", state.id.text());
        settled(cx, &what, || async { Ok(remote::look(cx.client(), &state).await?.map(Probe::Done)) }).await
    }

    async fn find(cx: &Call<Aws>, _plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        tags::find(cx, marker).await
    }

    async fn marked(cx: &Call<Aws>, _plan: &Self) -> Result<Vec<Marked>> {
        marks::on_ec2(cx).await
    }

    async fn read(cx: &Call<Aws>, state: Self) -> Result<Option<Self>> {
        remote::look(cx.client(), &state).await
    }

    async fn update(cx: &Call<Aws>, state: Self, plan: Self) -> Result<Self, Failed<Self>> {
        tags::updated(cx, state, plan).await
    }

    async fn delete(cx: &Call<Aws>, state: Self) -> Result<()> {
        remote::delete(cx, &state).await
    }
}

#[cfg(test)]
mod tests;
