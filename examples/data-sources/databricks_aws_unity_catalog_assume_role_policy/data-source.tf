data "databricks_aws_unity_catalog_assume_role_policy" "example" {
  aws_account_id = "123456789012"
  role_name      = "acme-catalog"
  external_id    = "0d26daa6-5e44-4c97-a497-ef015f91254a"
}
