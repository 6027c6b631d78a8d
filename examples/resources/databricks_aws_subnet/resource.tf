resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_subnet" "example" {
  vpc_id            = databricks_aws_vpc.example.id
  cidr_block        = "10.40.64.0/20"
  availability_zone = "eu-west-1a"

  tags = { Name = "analytics-private-a" }
}
