output "root_bucket" {
  description = "Name of the workspace's root bucket."
  value       = databricks_aws_s3_bucket.root.bucket
}

output "encryption_key_arn" {
  description = "The key for S3, EBS and managed services."
  value       = databricks_aws_kms_key.this.arn
}
