# The cross-account role as the guides write it: both documents from data sources, and a pause for IAM.

variable "prefix" {
  default = "guide"
}

data "databricks_aws_assume_role_policy" "this" {
  external_id = "00000000-0000-4000-8000-000000000001"
}

data "databricks_aws_crossaccount_policy" "this" {}

resource "databricks_aws_iam_role" "cross_account" {
  name               = "${var.prefix}-crossaccount"
  assume_role_policy = data.databricks_aws_assume_role_policy.this.json
  tags               = { Name = "${var.prefix}-crossaccount" }

  inline_policy {
    name   = "${var.prefix}-policy"
    policy = data.databricks_aws_crossaccount_policy.this.json
  }
}

resource "databricks_mws_credentials" "this" {
  role_arn         = databricks_aws_iam_role.cross_account.arn
  credentials_name = "${var.prefix}-creds"
}

output "credentials_id" {
  value = databricks_mws_credentials.this.credentials_id
}
