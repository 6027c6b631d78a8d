# The role and bucket of a metastore, with the Unity Catalog policies of the data sources.

locals {
  role   = "uc-access"
  bucket = "uc-metastore-bucket"
}

data "databricks_aws_caller_identity" "current" {}

data "databricks_aws_unity_catalog_policy" "this" {
  aws_account_id = data.databricks_aws_caller_identity.current.account_id
  bucket_name    = local.bucket
  role_name      = local.role
}

data "databricks_aws_unity_catalog_assume_role_policy" "this" {
  aws_account_id = data.databricks_aws_caller_identity.current.account_id
  role_name      = local.role
  external_id    = "0000"
}

resource "databricks_aws_s3_bucket" "metastore" {
  bucket        = local.bucket
  force_destroy = true

  versioning {
    enabled = true
  }
}

resource "databricks_aws_iam_role" "metastore" {
  name               = local.role
  assume_role_policy = data.databricks_aws_unity_catalog_assume_role_policy.this.json

  inline_policy {
    name   = "access"
    policy = data.databricks_aws_unity_catalog_policy.this.json
  }
}
