data "databricks_aws_assume_role_policy" "example" {
  external_id = "0d26daa6-5e44-4c97-a497-ef015f91254a"
}
