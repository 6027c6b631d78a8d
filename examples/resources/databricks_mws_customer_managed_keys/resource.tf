resource "databricks_mws_customer_managed_keys" "example" {
  use_cases = ["MANAGED_SERVICES", "STORAGE"]

  aws_key_info {
    key_arn                       = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001"
    key_alias                     = "alias/example"
    reuse_key_for_cluster_volumes = true
  }
}
