data "databricks_aws_unity_catalog_policy" "example" {
  aws_account_id = "123456789012"
  bucket_name    = "acme-data"
  role_name      = "acme-catalog"
  kms_name       = "arn:aws:kms:eu-west-1:123456789012:key/0d26daa6-5e44-4c97-a497-ef015f91254a"
}
