resource "databricks_aws_vpc" "example" {
  cidr_block = "10.40.0.0/16"
}

resource "databricks_aws_internet_gateway" "example" {
  vpc_id = databricks_aws_vpc.example.id
}

resource "databricks_aws_route_table" "example" {
  vpc_id = databricks_aws_vpc.example.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = databricks_aws_internet_gateway.example.id
  }

  tags = { Name = "analytics-public" }
}
