resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_internet_gateway" "example" {
  vpc_id = databricks_aws_vpc.example.id

  tags = { Name = "analytics" }
}
