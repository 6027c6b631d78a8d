# The restricted cross-account policy for a VPC of one's own, with instance profiles that clusters may take.

resource "databricks_aws_vpc" "this" {
  cidr_block = "10.8.0.0/16"
}

resource "databricks_aws_security_group" "this" {
  vpc_id = databricks_aws_vpc.this.id
  name   = "restricted"
}

data "databricks_aws_caller_identity" "this" {}

data "databricks_aws_crossaccount_policy" "this" {
  policy_type       = "restricted"
  aws_account_id    = data.databricks_aws_caller_identity.this.account_id
  region            = "eu-west-1"
  vpc_id            = databricks_aws_vpc.this.id
  security_group_id = databricks_aws_security_group.this.id
  pass_roles        = ["arn:aws:iam::123456789012:role/data"]
}

data "databricks_aws_assume_role_policy" "this" {
  external_id = "00000000-0000-4000-8000-000000000001"
}

resource "databricks_aws_iam_role" "this" {
  name               = "restricted"
  assume_role_policy = data.databricks_aws_assume_role_policy.this.json

  inline_policy {
    name   = "restricted"
    policy = data.databricks_aws_crossaccount_policy.this.json
  }
}

resource "databricks_mws_credentials" "this" {
  credentials_name = "restricted"
  role_arn         = databricks_aws_iam_role.this.arn
  depends_on       = [databricks_aws_iam_role.this]
}
