# Keys with the policies of the provider's functions.

data "databricks_aws_caller_identity" "this" {}

resource "databricks_aws_kms_key" "managed" {
  description = "managed services"
  policy      = provider::databricks::aws_kms_managed_services_policy(data.databricks_aws_caller_identity.this.account_id, "00000000-0000-4000-8000-000000000001")
}

resource "databricks_mws_customer_managed_keys" "managed" {
  use_cases = ["MANAGED_SERVICES", "STORAGE"]

  aws_key_info {
    key_arn = databricks_aws_kms_key.managed.arn
  }
}
