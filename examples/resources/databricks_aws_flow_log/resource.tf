resource "databricks_aws_vpc" "example" {
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
