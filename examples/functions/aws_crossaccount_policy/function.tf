output "example" {
  value = provider::databricks::aws_crossaccount_policy("restricted", {
    aws_account_id    = "123456789012"
    region            = "eu-west-1"
    vpc_id            = "vpc-0123456789abcdef0"
    security_group_id = "sg-0123456789abcdef0"
    pass_roles        = ["arn:aws:iam::123456789012:role/data-access"]
  })
}
