# The roles of clusters that work on these buckets without Unity Catalog: one for what S3 encrypts, and one for what clusters encrypt
# themselves. A cluster has one of them, so none writes plainly what others expect to be encrypted.

locals {
  roles = {
    for role, is_client_side in { lake = false, client-side = true } : role => {
      buckets                          = [for id, store in local.stores : databricks_aws_s3_bucket.store[id].arn if store.client_side == is_client_side]
      keys                             = [for id, store in local.stores : databricks_aws_kms_key.store[id].arn if store.client_side == is_client_side]
      # By way of S3 alone where S3 encrypts, and for nothing else that the key may protect.
      condition = is_client_side ? {} : { Condition = { StringLike = { "kms:ViaService" = "s3.*.amazonaws.com" } } }
    } if anytrue([for store in local.stores : store.client_side == is_client_side])
  }
}

resource "databricks_aws_iam_role" "clusters" {
  for_each = local.roles

  name        = "${var.name}-${each.key}"
  description = "Clusters of ${var.name} read and write data with it"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })

  inline_policy {
    name = "data"
    policy = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Effect   = "Allow"
          Action   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
          Resource = each.value.buckets
        },
        {
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
          Resource = [for bucket in each.value.buckets : "${bucket}/*"]
        },
        merge(
          { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = each.value.keys },
          each.value.condition,
        ),
      ]
    })
  }
}

resource "databricks_aws_iam_instance_profile" "clusters" {
  for_each = local.roles

  name = "${var.name}-${each.key}"
  role = databricks_aws_iam_role.clusters[each.key].name
}
