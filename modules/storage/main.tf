# The workspace's root bucket and the key that encrypts it, the clusters' volumes, and the control plane's data at rest.
# Source of the rules: https://docs.databricks.com/aws/en/security/keys/configure-customer-managed-keys

locals {
  bucket = "${var.name}-root-${var.aws_account_id}"
}

resource "databricks_aws_kms_key" "this" {
  description             = "Databricks ${var.name}: root bucket, EBS volumes, managed services"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = provider::databricks::aws_kms_storage_policy(
    var.aws_account_id,
    var.databricks_account_id,
    var.cluster_role_arn,
    { managed_services = true },
  )
}

# A setting of the whole region. Other deployments may rely on it: destroying this one leaves it on.
resource "databricks_aws_ebs_encryption_by_default" "this" {
  enabled = true
}

resource "databricks_aws_s3_bucket" "root" {
  bucket        = local.bucket
  force_destroy = var.force_destroy
  policy        = provider::databricks::aws_bucket_policy(local.bucket, var.databricks_account_id, { require_tls = true })

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

  # Databricks advises against versions in a root bucket: they keep what the workspace deletes.
  versioning {
    enabled = false
  }

  logging {
    enabled       = var.access_logs
    target_bucket = var.access_logs ? databricks_aws_s3_bucket.logs.bucket : null
    target_prefix = var.access_logs ? local.log_prefixes.root : null
  }

  # What is written in parts and never finished is in no listing.
  lifecycle_rule {
    id     = "incomplete-uploads"
    status = "Enabled"

    abort_incomplete_multipart_upload {
      days_after_initiation = var.incomplete_uploads_days
    }
  }
}
