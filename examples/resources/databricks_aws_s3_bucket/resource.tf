locals {
  bucket = "acme-analytics-root"
}

resource "databricks_aws_s3_bucket" "example" {
  bucket        = local.bucket
  force_destroy = true
  policy        = provider::databricks::aws_bucket_policy(local.bucket, "0d26daa6-5e44-4c97-a497-ef015f91254a")

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

  logging {
    target_bucket = databricks_aws_s3_bucket.logs.bucket
    target_prefix = "root/"
  }

  lifecycle_rule {
    id     = "old-versions"
    status = "Enabled"

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  lifecycle_rule {
    id     = "job-results"
    status = "Enabled"

    filter {
      prefix                   = "results/"
      object_size_greater_than = 1000000
    }

    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }

    expiration {
      days = 365
    }
  }

  tags = { Name = "analytics" }
}

resource "databricks_aws_s3_bucket" "logs" {
  bucket        = "acme-analytics-logs"
  force_destroy = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::acme-analytics-logs/*"
      Principal = { Service = "logging.s3.amazonaws.com" }
    }]
  })
}
