output "root_bucket" {
  description = "Name of the workspace's root bucket."
  value       = databricks_aws_s3_bucket.root.bucket
}

output "encryption_key_arn" {
  description = "The key for S3, EBS and managed services."
  value       = databricks_aws_kms_key.this.arn
}

output "lake_bucket" {
  description = "Name of the data lake's bucket; null without data_lake."
  value       = try(databricks_aws_s3_bucket.store["lake"].bucket, null)
}

output "lake_key_arn" {
  description = "The data lake's key; null without data_lake."
  value       = try(databricks_aws_kms_key.store["lake"].arn, null)
}

output "client_side" {
  description = "The key of each bucket whose objects clusters encrypt themselves."
  value       = { for id, store in local.stores : store.bucket => databricks_aws_kms_key.store[id].arn if store.client_side }
}

output "dbfs_bucket" {
  description = "Name of the bucket for /mnt; null without dbfs_client_side_enc."
  value       = try(databricks_aws_s3_bucket.store["dbfs"].bucket, null)
}

output "logs_bucket" {
  description = "Name of the bucket of access logs and flow logs."
  value       = databricks_aws_s3_bucket.logs.bucket
}

output "logs_bucket_arn" {
  description = "ARN of the bucket of access logs and flow logs. Flow logs go to it as it is, without a folder."
  value       = databricks_aws_s3_bucket.logs.arn
}

output "encryption" {
  description = "Where data rests, and how it is encrypted: the table of the module's README, with the keys' ARNs."
  value = {
    for id, row in jsondecode(file("${path.module}/encryption.json")) : id => merge(row, { key_arn = local.keys[id] })
    if contains(local.places, id)
  }
}

locals {
  # What there is of them, as it is configured.
  places = setsubtract(keys(local.keys), concat(
    var.data_lake && !var.datalake_client_side_enc ? [] : ["data_lake"],
    var.data_lake && var.datalake_client_side_enc ? [] : ["data_lake_client_side"],
    var.dbfs_client_side_enc ? [] : ["dbfs_client_side"],
  ))

  # Null is a key that is not the deployment's.
  keys = {
    attached_volumes      = databricks_aws_kms_key.this.arn
    data_lake             = try(databricks_aws_kms_key.store["lake"].arn, null)
    data_lake_client_side = try(databricks_aws_kms_key.store["lake"].arn, null)
    dbfs_client_side      = try(databricks_aws_kms_key.store["dbfs"].arn, null)
    local_disks           = null
    logs                  = null
    managed_services      = databricks_aws_kms_key.this.arn
    root_bucket           = databricks_aws_kms_key.this.arn
    state                 = null
  }
}

output "cluster_role_arns" {
  description = "The roles of clusters that work on these buckets."
  value       = [for role in databricks_aws_iam_role.clusters : role.arn]
}

output "instance_profile_arns" {
  description = "The instance profiles of these roles: lake for what S3 encrypts, client-side for what clusters encrypt themselves."
  value       = { for id, profile in databricks_aws_iam_instance_profile.clusters : id => profile.arn }
}

output "keys" {
  description = "How many keys there are."
  value       = 1 + length(local.stores)
}
