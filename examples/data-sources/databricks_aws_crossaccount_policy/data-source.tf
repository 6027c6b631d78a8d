data "databricks_aws_crossaccount_policy" "example" {
  policy_type = "customer"
  pass_roles  = ["arn:aws:iam::123456789012:role/data-access"]
}
