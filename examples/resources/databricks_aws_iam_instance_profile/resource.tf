resource "databricks_aws_iam_role" "example" {
  name = "analytics-lake"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "databricks_aws_iam_instance_profile" "example" {
  name = "analytics-clusters"
  role = databricks_aws_iam_role.example.name
  tags = { Name = "analytics" }
}
