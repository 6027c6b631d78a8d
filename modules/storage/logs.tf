# Who asked for what in the buckets, and what went through the network. The bucket is there whatever is logged: empty it costs
# nothing, and switching a log off loses none.

locals {
  logs_bucket = "${var.name}-logs-${var.aws_account_id}"
  logs_arn    = "arn:aws:s3:::${local.logs_bucket}"
  log_prefixes = {
    root = "access/root/"
    lake = "access/lake/"
    dbfs = "access/dbfs/"
  }
  logged = merge({ root = local.bucket }, { for id, store in local.stores : id => store.bucket })
}

resource "databricks_aws_s3_bucket" "logs" {
  bucket        = local.logs_bucket
  force_destroy = var.force_destroy

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.logs_arn, "${local.logs_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
      [for of, bucket in local.logged : {
        Sid       = "AccessLogs${title(of)}"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${local.logs_arn}/${local.log_prefixes[of]}*"
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.aws_account_id }
          ArnLike      = { "aws:SourceArn" = "arn:aws:s3:::${bucket}" }
        }
      }],
      # With these names and conditions, as AWS adds them where they are missing.
      # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
      [
        {
          Sid       = "AWSLogDeliveryWrite"
          Effect    = "Allow"
          Principal = { Service = "delivery.logs.amazonaws.com" }
          Action    = "s3:PutObject"
          Resource  = "${local.logs_arn}/AWSLogs/${var.aws_account_id}/*"
          Condition = {
            StringEquals = { "aws:SourceAccount" = var.aws_account_id, "s3:x-amz-acl" = "bucket-owner-full-control" }
            ArnLike      = { "aws:SourceArn" = "arn:aws:logs:*:${var.aws_account_id}:*" }
          }
        },
        {
          Sid       = "AWSLogDeliveryAclCheck"
          Effect    = "Allow"
          Principal = { Service = "delivery.logs.amazonaws.com" }
          Action    = "s3:GetBucketAcl"
          Resource  = local.logs_arn
          Condition = {
            StringEquals = { "aws:SourceAccount" = var.aws_account_id }
            ArnLike      = { "aws:SourceArn" = "arn:aws:logs:*:${var.aws_account_id}:*" }
          }
        },
      ],
    )
  })

  # S3 delivers access logs to no bucket whose default is a KMS key.
  server_side_encryption {
    sse_algorithm = "AES256"
  }

  public_access_block {
    block_public_acls       = true
    block_public_policy     = true
    ignore_public_acls      = true
    restrict_public_buckets = true
  }

  versioning {
    enabled = false
  }

  lifecycle_rule {
    id     = "retention"
    status = "Enabled"

    expiration {
      days = var.log_retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = var.incomplete_uploads_days
    }
  }
}
