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

  tags = { Name = "analytics" }
}
