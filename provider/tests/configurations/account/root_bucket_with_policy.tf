# The root bucket of a workspace: versioned off, encrypted, closed, with the policy of the data source.

locals {
  prefix = "root-bucket"
  tags   = { Environment = "dev", Owner = null }
}

resource "databricks_aws_s3_bucket" "root" {
  bucket        = "${local.prefix}-rootbucket"
  force_destroy = true
  tags          = merge(local.tags, { Name = "${local.prefix}-rootbucket" })
  policy        = data.databricks_aws_bucket_policy.this.json

  versioning {
    enabled = false
  }
  server_side_encryption {
    sse_algorithm = "AES256"
  }
}

data "databricks_aws_bucket_policy" "this" {
  bucket = "${local.prefix}-rootbucket"
}

resource "databricks_mws_storage_configurations" "this" {
  storage_configuration_name = "${local.prefix}-storage"
  bucket_name                = databricks_aws_s3_bucket.root.bucket
}
