# The data lake, and with dbfs_client_side_enc a bucket for /mnt: each with a key of its own, so that who may read it is decided apart from
# the workspace's own storage.

locals {
  # A bucket is encrypted in one way from its first object on, and its name says in which: nothing is ever mixed.
  stores = merge(
    var.data_lake ? {
      lake = { bucket = "${var.name}-lake${var.datalake_client_side_enc ? "-cse" : ""}-${var.aws_account_id}", client_side = var.datalake_client_side_enc }
    } : {},
    var.dbfs_client_side_enc ? {
      dbfs = { bucket = "${var.name}-dbfs-cse-${var.aws_account_id}", client_side = true }
    } : {},
  )
}

# The account's IAM decides who uses it, which is what the roles of the clusters have. No service of AWS is a principal.
resource "databricks_aws_kms_key" "store" {
  for_each = local.stores

  description             = "Databricks ${var.name}: ${each.key}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EnableIAMUserPermissions"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.aws_account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })

  tags = { Name = "${var.name}-${each.key}" }
}

resource "databricks_aws_s3_bucket" "store" {
  for_each = local.stores

  bucket        = each.value.bucket
  force_destroy = var.force_destroy

  # Objects without a word on encryption get the bucket's default. Who asks for another one is refused.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${each.value.bucket}", "arn:aws:s3:::${each.value.bucket}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NoOtherAlgorithm"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "arn:aws:s3:::${each.value.bucket}/*"
        Condition = {
          StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
          Null            = { "s3:x-amz-server-side-encryption" = "false" }
        }
      },
      {
        Sid       = "NoOtherKey"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "arn:aws:s3:::${each.value.bucket}/*"
        Condition = {
          ArnNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = databricks_aws_kms_key.store[each.key].arn }
          Null         = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
        }
      },
    ]
  })

  server_side_encryption {
    sse_algorithm      = "aws:kms"
    kms_key_arn        = databricks_aws_kms_key.store[each.key].arn
    bucket_key_enabled = true
  }

  public_access_block {
    block_public_acls       = true
    block_public_policy     = true
    ignore_public_acls      = true
    restrict_public_buckets = true
  }

  versioning {
    enabled = true
  }

  logging {
    enabled       = var.access_logs
    target_bucket = var.access_logs ? databricks_aws_s3_bucket.logs.bucket : null
    target_prefix = var.access_logs ? local.log_prefixes[each.key] : null
  }

  lifecycle_rule {
    id     = "old-versions"
    status = "Enabled"

    noncurrent_version_expiration {
      noncurrent_days = var.lake_old_versions_days
    }
  }

  lifecycle_rule {
    id     = "incomplete-uploads"
    status = "Enabled"

    abort_incomplete_multipart_upload {
      days_after_initiation = var.incomplete_uploads_days
    }
  }
}
