# The ways to the data lake: the clusters' instance profiles, and with a metastore a storage credential and an external location.
#
# They are the workspace's, and made by way of the account: so that the lake can go from a living deployment. By way of the workspace, what
# the workspace is made of would wait for the lake to go, and the lake for the workspace: Terraform calls that a cycle.

resource "databricks_instance_profile" "this" {
  for_each = var.instance_profile_arns
  provider = databricks.account

  instance_profile_arn = each.value

  provider_config {
    workspace_id = var.workspace_id
  }
}

locals {
  in_catalog   = var.data_lake && var.metastore_id != null
  catalog_role = "${var.name}-catalog"
}

# The role trusts the external id that Unity Catalog gives the credential, so the credential is there first, and cannot be tried yet.
resource "databricks_storage_credential" "lake" {
  count    = local.in_catalog ? 1 : 0
  provider = databricks.account

  name            = "${var.name}-lake"
  comment         = "The data lake of the deployment ${var.name}"
  skip_validation = true

  provider_config {
    workspace_id = var.workspace_id
  }

  aws_iam_role {
    role_arn = "arn:aws:iam::${var.aws_account_id}:role/${local.catalog_role}"
  }
}

resource "databricks_aws_iam_role" "catalog" {
  count    = local.in_catalog ? 1 : 0
  provider = databricks.account

  name        = local.catalog_role
  description = "Unity Catalog reads and writes the data lake of ${var.name} with it"

  assume_role_policy = provider::databricks::aws_unity_catalog_assume_role_policy(
    var.aws_account_id,
    local.catalog_role,
    databricks_storage_credential.lake[0].aws_iam_role[0].external_id,
  )

  inline_policy {
    name = "lake"
    policy = provider::databricks::aws_unity_catalog_policy(
      var.aws_account_id,
      var.lake_bucket,
      local.catalog_role,
      { kms_key_arn = var.lake_key_arn },
    )
  }
}

resource "databricks_external_location" "lake" {
  count    = local.in_catalog ? 1 : 0
  provider = databricks.account

  name            = "${var.name}-lake"
  comment         = "The data lake of the deployment ${var.name}"
  url             = "s3://${var.lake_bucket}/"
  credential_name = databricks_storage_credential.lake[0].name

  provider_config {
    workspace_id = var.workspace_id
  }

  encryption_details {
    sse_encryption_details {
      algorithm       = "AWS_SSE_KMS"
      aws_kms_key_arn = var.lake_key_arn
    }
  }

  depends_on = [databricks_aws_iam_role.catalog]
}
