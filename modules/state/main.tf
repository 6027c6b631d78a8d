# Where Terraform keeps the state of deployments: a bucket of its own, with a key of its own. A state holds secrets, and versions
# of it are its backup. A bucket with a state in it is never deleted, and a key is only scheduled for that. scripts/bootstrap_state.sh applies this root module, and keeps its state in the same bucket.

provider "databricks" {
  aws {
    region       = var.region
    default_tags = { purpose = "terraform-state" }
  }
}

resource "databricks_aws_kms_key" "this" {
  description             = "Terraform states in ${var.bucket}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "databricks_aws_s3_bucket" "this" {
  bucket = var.bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TLSOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:${local.partition}:s3:::${var.bucket}", "arn:${local.partition}:s3:::${var.bucket}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  server_side_encryption {
    sse_algorithm      = "aws:kms"
    kms_key_arn        = databricks_aws_kms_key.this.arn
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

  lifecycle_rule {
    id     = "old-states"
    status = "Enabled"

    noncurrent_version_expiration {
      noncurrent_days = var.old_versions_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

locals {
  partition = startswith(var.region, "us-gov-") ? "aws-us-gov" : startswith(var.region, "cn-") ? "aws-cn" : "aws"
}
