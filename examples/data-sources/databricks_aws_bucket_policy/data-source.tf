data "databricks_aws_bucket_policy" "example" {
  bucket                   = "acme-root"
  databricks_e2_account_id = "0d26daa6-5e44-4c97-a497-ef015f91254a"
}
