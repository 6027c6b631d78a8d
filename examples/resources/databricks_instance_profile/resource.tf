resource "databricks_instance_profile" "example" {
  instance_profile_arn = "arn:aws:iam::123456789012:instance-profile/example"
  iam_role_arn         = "arn:aws:iam::123456789012:role/example"
}
