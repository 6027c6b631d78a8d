resource "databricks_aws_iam_role" "example" {
  name               = "analytics-databricks"
  description        = "Databricks manages clusters with it"
  assume_role_policy = provider::databricks::aws_assume_role_policy("0d26daa6-5e44-4c97-a497-ef015f91254a")

  inline_policy {
    name   = "databricks"
    policy = provider::databricks::aws_crossaccount_policy("customer")
  }

  tags = { Name = "analytics" }
}
