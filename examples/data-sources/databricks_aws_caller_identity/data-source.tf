data "databricks_aws_caller_identity" "example" {}

output "account_id" {
  value = data.databricks_aws_caller_identity.example.account_id
}
