output "bucket" {
  description = "The bucket."
  value       = databricks_aws_s3_bucket.this.bucket
}

output "encryption_key_arn" {
  description = "The key that encrypts the states."
  value       = databricks_aws_kms_key.this.arn
}
