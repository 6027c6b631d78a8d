# Who did what in the workspace, as Databricks writes it into the logs bucket.
# https://docs.databricks.com/aws/en/admin/account-settings/audit-log-delivery

resource "databricks_aws_iam_role" "audit" {
  count = var.audit_logs ? 1 : 0

  name               = "${var.name}-audit"
  description        = "Databricks delivers the audit logs of ${var.name} with it"
  assume_role_policy = provider::databricks::aws_assume_role_policy(var.databricks_account_id, { for_log_delivery = true })

  inline_policy {
    name = "logs"
    policy = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Effect   = "Allow"
          Action   = "s3:GetBucketLocation"
          Resource = "arn:aws:s3:::${var.logs_bucket}"
        },
        {
          Effect   = "Allow"
          Action   = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"]
          Resource = "arn:aws:s3:::${var.logs_bucket}/audit/*"
        },
        {
          Effect    = "Allow"
          Action    = ["s3:ListBucket", "s3:ListMultipartUploadParts", "s3:ListBucketMultipartUploads"]
          Resource  = "arn:aws:s3:::${var.logs_bucket}"
          Condition = { StringLike = { "s3:prefix" = ["audit", "audit/*"] } }
        },
      ]
    })
  }
}

resource "databricks_mws_credentials" "audit" {
  count = var.audit_logs ? 1 : 0

  credentials_name = "${var.name}-audit"
  role_arn         = databricks_aws_iam_role.audit[0].arn
}

resource "databricks_mws_storage_configurations" "audit" {
  count = var.audit_logs ? 1 : 0

  storage_configuration_name = "${var.name}-audit"
  bucket_name                = var.logs_bucket
}

resource "databricks_mws_log_delivery" "audit" {
  count = var.audit_logs ? 1 : 0

  config_name              = "${var.name}-audit"
  log_type                 = "AUDIT_LOGS"
  output_format            = "JSON"
  credentials_id           = databricks_mws_credentials.audit[0].credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.audit[0].storage_configuration_id
  delivery_path_prefix     = "audit"
  workspace_ids_filter     = [databricks_mws_workspaces.this.workspace_id]
}
